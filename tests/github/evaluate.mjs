// Checks workflows with GitHub's own validator and computes their values with GitHub's own evaluator of expressions.
//
// Usage: node evaluate.mjs REQUEST ANSWER
// REQUEST is JSON: {files: [{path, events: {event: contexts}}], variables: {name: vars}, actions: {action: definition}}.
// ANSWER is JSON, by path: {problems: [text], values: {event: {name: values}}}.

import { readFileSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

// The packages import JSON as bundlers allow it; Node asks for an attribute.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith(".json") ? { ...context, importAttributes: { type: "json" } } : context),
});
const { Evaluator, FeatureFlags, Lexer, Parser, data } = await import("@actions/expressions");
const { registerLogger, validate } = await import("@actions/languageservice");
const { NoOperationTraceWriter, convertWorkflowTemplate, isBasicExpression, isMapping, isSequence, parseWorkflow } =
  await import("@actions/workflow-parser");
const { ensureStatusFunction } = await import("@actions/workflow-parser/model/converter/if-condition");
const { splitAllowedContext } = await import("@actions/workflow-parser/templates/allowed-context");
const { TextDocument } = await import("vscode-languageserver-textdocument");

const request = JSON.parse(readFileSync(process.argv[2], "utf8"));

// The validator reports its own failures to a log only, and no problem then.
const failures = [];
registerLogger({ error: (text) => failures.push(text), warn: (text) => failures.push(text), info() {}, log() {} });

const actionsMetadataProvider = {
  fetchActionMetadata: async ({ owner, name, path: sub }) =>
    request.actions[[owner, name, sub].filter(Boolean).join("/")] ?? { name, description: "" },
};

/** Return the parsed workflow and one line for each problem. */
async function check(file) {
  const content = readFileSync(file, "utf8");
  const document = TextDocument.create(pathToFileURL(file).href, "yaml", 1, content);
  failures.length = 0;
  const found = await validate(document, { actionsMetadataProvider, featureFlags: new FeatureFlags({ all: true }) });
  const problems = found
    .filter(({ severity }) => (severity ?? 1) <= 2) // error, warning
    // The validator's list of events lacks merge_group.
    .filter(({ message }) => !(message === "Context access might be invalid: merge_group" && /^ +merge_group:/m.test(content)))
    .map(({ range, message }) => `line ${range.start.line + 1}: ${message}`);
  // What the service does with the file, which is stricter in places.
  const parsed = parseWorkflow({ name: path.basename(file), content }, new NoOperationTraceWriter());
  if (parsed.value) await convertWorkflowTemplate(parsed.context, parsed.value);
  const errors = parsed.context.errors.getErrors().map((error) => error.message);
  return { root: parsed.value, problems: [...problems, ...errors, ...failures.map((text) => `validator: ${text}`)] };
}

const converted = new WeakMap();

function toData(value) {
  if (value === null || value === undefined) return new data.Null();
  if (typeof value === "string") return new data.StringData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (!converted.has(value)) {
    const pairs = Object.entries(value).map(([key, item]) => ({ key, value: toData(item) }));
    const items = pairs.map((pair) => pair.value);
    converted.set(value, Array.isArray(value) ? new data.Array(...items) : new data.Dictionary(...pairs));
  }
  return converted.get(value);
}

const trees = new Map();

function evaluate(expression, token, contexts) {
  const allowed = token.definitionInfo?.allowedContext ?? [];
  const key = `${allowed} ${expression}`;
  if (!trees.has(key)) {
    const { namedContexts, functions } = splitAllowedContext(allowed);
    trees.set(key, { names: namedContexts, tree: new Parser(new Lexer(expression).lex().tokens, namedContexts, functions).parse() });
  }
  const { names, tree } = trees.get(key);
  const calls = { always: true, hashfiles: "hash" };
  for (const status of ["success", "failure", "cancelled"]) calls[status] = contexts.status === status;
  const known = Object.entries(calls).map(([name, value]) => [name, { name, call: () => toData(value), minArgs: 0, maxArgs: 9 }]);
  const given = new data.Dictionary(...names.map((name) => ({ key: name, value: toData(contexts[name] ?? {}) })));
  return JSON.parse(JSON.stringify(new Evaluator(tree, given, new Map(known)).evaluate(), data.replacer));
}

const get = (mapping, name) => mapping && isMapping(mapping) && [...mapping].find(({ key }) => key.toString() === name)?.value;

/** Return the value of a part of a workflow; one that cannot be computed is {error: text}, as it stops the job. */
function value(token, contexts) {
  if (!token) return null;
  if (isSequence(token)) return [...token].map((item) => value(item, contexts));
  if (isMapping(token)) return Object.fromEntries([...token].map((pair) => [pair.key.toString(), value(pair.value, contexts)]));
  if (!isBasicExpression(token)) return token.toString();
  try {
    return evaluate(token.expression, token, contexts);
  } catch (error) {
    return { error: error.message };
  }
}

/** Return whether a job or a step runs after success, after a failure and in a cancelled run. */
function conditions(owner, needs, contexts) {
  const token = get(owner, "if");
  if (!token) return { success: true, failure: false, cancelled: false };
  const text = ensureStatusFunction(isBasicExpression(token) ? token.expression : token.toString(), token.definitionInfo);
  const after = (status) => {
    const results = Object.fromEntries(needs.map((name) => [name, { result: status, outputs: {} }]));
    return evaluate(`!!(${text})`, token, { ...contexts, status, needs: results });
  };
  return { success: after("success"), failure: after("failure"), cancelled: after("cancelled") };
}

/** Return one set of matrix values for each leg. */
function combinations(matrix) {
  const lists = Object.entries(matrix ?? {}).filter(([, values]) => Array.isArray(values));
  return lists.reduce((legs, [name, values]) => legs.flatMap((leg) => values.map((item) => ({ ...leg, [name]: item }))), [{}]);
}

function job(token, env, contexts) {
  const needs = [value(get(token, "needs"), contexts) ?? []].flat();
  const matrix = value(get(get(token, "strategy"), "matrix"), contexts);
  const legs = combinations(matrix).map((leg) => {
    const given = { ...contexts, matrix: leg, needs: Object.fromEntries(needs.map((name) => [name, { result: "success" }])) };
    const own = value(get(token, "env"), given) ?? {};
    const inside = { ...given, env: { ...env, ...own } };
    const steps = [...(get(token, "steps") ?? [])].map((step) => ({
      ...Object.fromEntries(["name", "uses", "run", "env", "with"].map((key) => [key, value(get(step, key), inside)])),
      if: conditions(step, needs, inside),
    }));
    return { matrix: leg, name: value(get(token, "name"), given), "runs-on": value(get(token, "runs-on"), given), env: own, steps };
  });
  return { if: conditions(token, needs, contexts), matrix, legs };
}

function values(root, contexts) {
  const given = { secrets: {}, steps: {}, strategy: {}, job: {}, runner: { os: "Linux" }, ...contexts };
  const env = value(get(root, "env"), given) ?? {};
  const jobs = Object.fromEntries([...get(root, "jobs")].map(({ key, value: token }) => [key.toString(), job(token, env, given)]));
  return { concurrency: value(get(root, "concurrency"), given), env, jobs };
}

const answer = {};
for (const { path: file, events } of request.files) {
  const { root, problems } = await check(file);
  answer[file] = { problems, values: {} };
  for (const [event, contexts] of root ? Object.entries(events) : []) {
    const every = Object.entries(request.variables).map(([name, vars]) => [name, values(root, { ...contexts, vars })]);
    answer[file].values[event] = Object.fromEntries(every);
  }
}
writeFileSync(process.argv[3], JSON.stringify(answer));
