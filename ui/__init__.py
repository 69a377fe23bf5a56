"""Pages, controls, charts and live views. Reads runs and declarations; only `ui/views/<workload>` imports a workload."""
