"""The hunt for flaky tests: what its runs say, what is known of each test, and their issues."""
