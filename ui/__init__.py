"""Pages, controls and charts. Reads runs and declarations; only `ui/views/<workload>` imports a workload."""
