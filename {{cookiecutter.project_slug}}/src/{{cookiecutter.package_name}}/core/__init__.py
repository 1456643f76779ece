"""Logic without threads, files or screens."""
