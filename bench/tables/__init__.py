"""Users' tables: finds out what a file is, reads it as pandas does, and notes what was converted or is wrong.

Workloads use `identify.find_table`, `reader.check_table`, `reader.read_table` and, for uploads, `summary`. The process
that serves pages imports none of it, because it imports pandas.
"""
