"""How Fairlap measures: plan, worker processes, pairing, statistics, claims, machine, store and queue."""
