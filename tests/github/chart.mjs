// Parses charts with Mermaid, which GitHub renders them with.
//
// Usage: node chart.mjs FILE
// FILE is JSON, a list of texts; the answer, on standard output, is a list of what each chart holds, or {error: text}:
// of an xychart its data, of a flowchart the edges, from and to, and the names of the nodes.

import { readFileSync } from "node:fs";
import DOMPurify from "dompurify";

// Outside of a browser it lacks its methods; nothing is shown here.
Object.assign(DOMPurify, { addHook() {}, sanitize: (text) => text });
const { default: mermaid } = await import("mermaid");

async function read(text) {
  try {
    await mermaid.parse(text);
    const chart = await mermaid.mermaidAPI.getDiagramFromText(text);
    if (chart.db.getXYChartData) return chart.db.getXYChartData();
    const nodes = [...chart.db.getVertices().values()];
    return {
      edges: chart.db.getEdges().map((edge) => [edge.start, edge.end]),
      names: Object.fromEntries(nodes.map((node) => [node.id, node.text])),
    };
  } catch (error) {
    return { error: String(error) };
  }
}

const answers = [];
for (const text of JSON.parse(readFileSync(process.argv[2], "utf8"))) answers.push(await read(text));
console.log(JSON.stringify(answers));
