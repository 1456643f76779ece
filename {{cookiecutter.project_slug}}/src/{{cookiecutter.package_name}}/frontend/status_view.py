"""Show the state of the demonstration as text."""

from typing import Any


def render_status(state: dict[str, Any]) -> str:
    """Return one line for a state of DemoMode."""
    if not state["running"]:
        return f"stopped after {state['ticks']} ticks"
    word = "paused" if state["paused"] else "running"
    return f"{word}: {state['ticks']} ticks"
