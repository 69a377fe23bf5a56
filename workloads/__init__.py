"""What Fairlap measures: one package a workload, each with its declaration in `__init__` and its work in `arm`."""
