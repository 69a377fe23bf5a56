"""The charts below a race, and the settings that their measurements depend on."""

from bench.workload.registry import load_workloads
from ui.views.memory_traffic import sweep_tab
from workloads.memory_traffic.catalogue import TRANSFORMATIONS


def test_every_chart_depends_on_the_vector_width():
    tasks = load_workloads()["memory-traffic"].tasks
    for name in TRANSFORMATIONS:
        for chart in sweep_tab.list_chart_tasks(name):
            assert "vectors" in tasks.task(chart.task).depends_on
