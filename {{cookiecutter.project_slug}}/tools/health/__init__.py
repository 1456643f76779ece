"""The health of the pipeline: reading.py asks GitHub, numbers.py counts, named.py reads workflows, page.py writes."""
