"""The values that pass between processes: from worker to race, from race to journal, from there to store and page.

Times are in seconds. Clock readings are those of `time.monotonic()`, which all processes share until the next boot; in
a stored run they count from the start of the run. Every model rejects unknown fields, so that mistakes are found where
they are made.
"""
