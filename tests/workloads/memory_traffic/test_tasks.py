"""The tasks of memory traffic refuse wrong arguments."""

from types import SimpleNamespace

import pytest

from bench.plan.validation import make_plan
from bench.scheduler.order import order_measurement
from bench.workload.interface import BadInput
from tests.support.memory_traffic import make_settings
from tests.support.task_calls import ReportRecorder, call_task
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure.compile_all import compile_transformations


@pytest.mark.parametrize("wrong", [None, True, 1.5, float("nan"), "", "nonsense", [], ["tiling"], {"tiling": 1}])
def test_any_wrong_task_argument_is_refused_with_a_remedy(tmp_path, wrong):
    is_text = isinstance(wrong, str)
    unknown = "There is no transformation" if is_text else "kernels.1: should be a valid string"
    with pytest.raises(BadInput, match=unknown) as refusal:
        call_task("memory-traffic", "roofline", make_settings(tmp_path), {"kernels": ["tiling", wrong]})
    assert refusal.value.remedy
    if wrong != ["tiling"]:
        no_kernels = "No kernels are named" if wrong == [] else "kernels: should be a valid list"
        with pytest.raises(BadInput, match=no_kernels):
            call_task("memory-traffic", "roofline", make_settings(tmp_path), {"kernels": wrong})


@pytest.mark.parametrize("wrong", [None, 0, 1.5, "many"])
def test_a_size_for_stream_that_is_no_size_is_refused(tmp_path, wrong):
    with pytest.raises(BadInput, match="size_kib: should be") as refusal:
        call_task("memory-traffic", "stream", make_settings(tmp_path), {"size_kib": wrong})
    assert refusal.value.remedy


def test_a_case_without_strides_and_tiles_has_nothing_to_sweep():
    with pytest.raises(BadInput, match="Strides and tiles cannot be measured for the case layout") as refusal:
        order_measurement(make_plan("memory-traffic", "layout"), "sweep", {}, origin="command line")
    assert "unit-stride, tiling, transpose, stencil, dependence" in refusal.value.remedy


@pytest.mark.parametrize("stored", [0, 1])
def test_a_preparation_fails_only_if_it_stores_nothing(tmp_path, monkeypatch, stored):
    errors = iter([""] * stored + ["the disk is full"] * 100)
    monkeypatch.setattr(
        numba_compile, "build_kernel", lambda *args, **options: SimpleNamespace(cache_error=next(errors))
    )
    settings = make_settings(tmp_path)
    if stored:
        assert len(compile_transformations(settings, ReportRecorder()).parts) == 2 * len(TRANSFORMATIONS)
        return
    with pytest.raises(BadInput, match="The machine code was made and not stored: the disk is full") as refusal:
        compile_transformations(settings, ReportRecorder())
    assert str(settings.cache) in refusal.value.remedy


def test_missing_and_unknown_arguments_are_refused(tmp_path):
    with pytest.raises(BadInput, match="what: there is no such argument"):
        call_task("memory-traffic", "sweep", make_settings(tmp_path), {"what": "stride"})
    with pytest.raises(BadInput, match="fields: should be 1, 2 or 8"):
        call_task("memory-traffic", "roofline", make_settings(tmp_path), {"fields": 3})
    with pytest.raises(BadInput, match="size: there is no such argument"):
        call_task("memory-traffic", "sizes", make_settings(tmp_path), {"size": 1})
