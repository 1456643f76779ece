"""GitHub, for the programs that read it or keep its issues and settings: api.py asks it, issues.py keeps issues."""
