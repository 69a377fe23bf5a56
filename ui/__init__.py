"""What is drawn: controls, live view, charts and claim card. Knows runs and declarations, and imports no workload."""
