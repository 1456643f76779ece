"""The health of the pipeline: reading.py asks GitHub, numbers.py counts records, workflows.py reads files, page.py writes."""
