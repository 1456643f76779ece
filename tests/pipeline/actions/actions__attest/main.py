"""Records an attestation of the files that `subject-path` names; it needs the rights that the real one needs."""

from standin import WORKSPACE, fail, given, record, rights

if missing := {"id-token", "attestations"} - {scope for scope, level in rights().items() if level == "write"}:
    fail(f"attest: the job lacks the right to write {', '.join(sorted(missing))}")
if not any(path.is_file() for path in WORKSPACE.glob(given("subject-path"))):
    fail(f"attest: Could not find subject at path {given('subject-path')}")
record("actions/attest")
