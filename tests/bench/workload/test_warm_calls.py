"""How an arm times warm calls before the race."""

import pytest

from bench.workload import warm_calls
from bench.workload.warm_calls import MAX_REPEATED_S, WARM_CALLS, time_warm_call


def test_a_short_call_is_repeated_and_the_fastest_counts(monkeypatch):
    checked: list[int] = []
    durations = iter([0.09, 0.001])
    now = [0.0]

    def call() -> int:
        now[0] += next(durations)
        return len(checked)

    monkeypatch.setattr(warm_calls.time, "perf_counter", lambda: now[0])
    seconds = time_warm_call(call, 0.095, checked.append)
    assert seconds == pytest.approx(0.001), "not the first, nor the slower one of the others"
    assert checked == list(range(WARM_CALLS)), "every result was checked"


def test_a_long_call_is_not_repeated():
    assert time_warm_call(lambda: pytest.fail("it was called"), 2 * MAX_REPEATED_S) == 2 * MAX_REPEATED_S


@pytest.mark.parametrize(("works_in_process", "seconds"), [(False, 0.03), (True, 0.01)])
def test_waiting_for_a_core_is_left_out_if_no_other_process_works_for_the_call(monkeypatch, works_in_process, seconds):
    now = {"perf_counter": 0.0, "process_time": 0.0}

    def call() -> None:
        now["perf_counter"] += 0.03
        now["process_time"] += 0.01

    for name in now:
        monkeypatch.setattr(warm_calls.time, name, lambda name=name: now[name])
    measured_s = time_warm_call(call, 0.05, works_in_process=works_in_process)
    assert measured_s == pytest.approx(seconds)


def test_several_threads_do_not_make_a_call_longer(monkeypatch):
    now = {"perf_counter": 0.0, "process_time": 0.0}

    def call() -> None:
        now["perf_counter"] += 0.01
        now["process_time"] += 0.02

    for name in now:
        monkeypatch.setattr(warm_calls.time, name, lambda name=name: now[name])
    assert time_warm_call(call, 0.05, works_in_process=True) == pytest.approx(0.01)
