"""The parts of `make adopt`: scripts/adopt.py calls them in the order check, layout, answers, render, plan, commit."""


class Refused(Exception):
    """Adoption cannot go on; `problems` has one line for each reason, and nothing was changed."""

    def __init__(self, *problems):
        super().__init__(*problems)
        self.problems = list(problems)
