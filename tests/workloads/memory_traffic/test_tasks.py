"""The tasks of memory traffic refuse wrong arguments."""

import pytest

from bench.workload.interface import BadInput
from tests.support.memory_traffic import EventRecorder, make_settings
from workloads.memory_traffic.tasks import MemoryTrafficTasks


@pytest.mark.parametrize("wrong", [None, True, 1.5, float("nan"), "", "nonsense", [], ["tiling"], {"tiling": 1}])
def test_any_wrong_task_argument_is_refused_with_a_remedy(tmp_path, wrong):
    with pytest.raises(BadInput, match="what is not named" if wrong is None else "nothing to sweep") as refusal:
        MemoryTrafficTasks().sweep(make_settings(tmp_path), {"what": wrong}, EventRecorder())
    assert refusal.value.remedy
    with pytest.raises(BadInput, match="there is no") as refusal:
        MemoryTrafficTasks().roofline(make_settings(tmp_path), {"kernels": ["tiling", wrong]}, EventRecorder())
    assert refusal.value.remedy
    if wrong != ["tiling"]:
        with pytest.raises(BadInput, match="no kernels are named"):
            MemoryTrafficTasks().roofline(make_settings(tmp_path), {"kernels": wrong}, EventRecorder())
