"""The bypass of the coverage gate: the repository variables COVERAGE_BYPASS_ISSUE and COVERAGE_BYPASS_UNTIL."""

import re
from datetime import date

NAMES = ("COVERAGE_BYPASS_ISSUE", "COVERAGE_BYPASS_UNTIL")


def bypass(environment: dict[str, str], today: date | None = None) -> tuple[bool, str]:
    """Return whether failures are forgiven today, and the sentence that says why or why not, empty without a bypass."""
    issue, until = (environment.get(name, "").strip() for name in NAMES)
    if not issue and not until:
        return False, ""
    if not issue or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", until):
        return False, f"Bypass refused: it needs an issue and a date YYYY-MM-DD; issue {issue!r}, until {until!r}."
    try:
        if date.fromisoformat(until) < (today or date.today()):
            return False, f"Bypass refused: it ended on {until} ({issue})."
    except ValueError as error:
        return False, f"Bypass refused: {until!r}: {error}."
    return True, f"Bypassed until {until} ({issue}): failures are warnings."


def linked(sentence: str, environment: dict[str, str]) -> str:
    """Return the sentence for Markdown: #12, or owner/name#12, leads to the issue where GitHub runs this."""
    server, own = (environment.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY"))
    if not server or not own:
        return sentence

    def link(match: re.Match[str]) -> str:
        return f"[{match[0]}]({server}/{match[1] or own}/issues/{match[2]})"

    return re.sub(r"(?<![\w/.#-])([\w.-]+/[\w.-]+)?#(\d+)\b", link, sentence)
