"""The roofline of a live race: the medians so far under the limits of the last race of the plan."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.record import Run
from bench.stats.comparison import compare_samples
from bench.storage.store import Store
from bench.values.arms import PreparedArm
from bench.values.base import Arm
from bench.values.quality import Quality
from tests.support.pages import run_script
from tests.support.runs import make_claim_sample, open_plan
from tests.ui.views.memory_traffic.test_achieved import make_measures
from ui import history
from ui.views.memory_traffic import live_result
from ui.views.race.result_part import find_live_part, find_result_part

SVG = "{http://www.w3.org/2000/svg}"
WORK_BYTES = 10_000_000_000


def make_run(run_id: str, pairs: int = 8) -> Run:
    """A live race of tiling whose samples take 2 s and 1 s."""
    run = Run.open(open_plan(make_plan("memory-traffic", "tiling", cores=1), run_id))
    run.state = State.RACING
    run.prepared = [PreparedArm(arm=arm, cores=1, pid=1, seconds=1, work=WORK_BYTES, data="x") for arm in Arm]
    for pair in range(pairs):
        for arm, seconds in zip(Arm, (1.0, 0.0), strict=True):
            sample = make_claim_sample(arm, pair, seconds, cores=1)
            (_, step) = sample.repetition.steps
            step = step.model_copy(update={"step": "kernel", "seconds": seconds + 1.0})
            repetition = sample.repetition.model_copy(update={"steps": [step]})
            run.samples.append(sample.model_copy(update={"repetition": repetition}))
    run.statistics = compare_samples(run.samples, work=WORK_BYTES) if pairs else []
    return run


def store_finished(run_id: str = "a" * 32, rate: float = 50.0) -> Run:
    run = make_run(run_id)
    run.state, run.ended_at = State.FINISHED, 9.0
    values = {"bandwidth": 100.0, "ceiling": 25.0, "share": 50.0, "rate": rate, "peak": 120.0}
    run.quality = Quality(
        baseline=make_measures("the peak", **values), accelerated=make_measures("the peak", **values), agreement=[]
    )
    Store().save(run)
    return run


def read_markers(svg: str) -> dict[Arm, float]:
    """The height of the marker of each arm above the bottom of the plot, in pixels."""
    image = ET.fromstring(svg)
    [circle], [diamond] = image.findall(f"{SVG}circle"), image.findall(f"{SVG}svg")
    bottom = live_result.PLOT_PX[1]
    return {
        Arm.BASELINE: bottom - float(circle.attrib["cy"]),
        Arm.ACCELERATED: bottom - float(diamond.attrib["y"]),
    }


def test_the_bandwidth_is_that_of_the_medians_so_far():
    run = make_run("b" * 32)
    assert live_result.measure_bandwidths(run) == pytest.approx({Arm.BASELINE: 5.0, Arm.ACCELERATED: 10.0})
    assert live_result.measure_bandwidths(make_run("b" * 32, pairs=0)) == {}


def test_the_roof_is_that_of_a_finished_race_with_operations():
    roof = live_result.read_roof(store_finished())
    assert roof == live_result.Roof(ceiling_gb_s=25.0, peak_gflop_s=120.0, intensity=0.5)
    assert (roof.limit_gflop_s(1.0), roof.limit_gflop_s(1000.0), roof.ridge) == (25.0, 120.0, 4.8)
    assert live_result.read_roof(store_finished(rate=0.0)) is None
    assert live_result.read_roof(make_run("b" * 32)) is None


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_points_move_with_the_rates_and_are_under_the_roof(theme):
    roof = live_result.Roof(25.0, 120.0, 0.5)
    slow = read_markers(live_result.build_live_roofline_svg(roof, {Arm.BASELINE: 2.5, Arm.ACCELERATED: 5.0}, theme))
    fast = read_markers(live_result.build_live_roofline_svg(roof, {Arm.BASELINE: 2.5, Arm.ACCELERATED: 10.0}, theme))
    assert slow[Arm.BASELINE] == fast[Arm.BASELINE] < slow[Arm.ACCELERATED] < fast[Arm.ACCELERATED]
    top = live_result.PLOT_PX[1] - live_result.PLOT_PX[0]
    assert slow[Arm.BASELINE] > 0 and fast[Arm.ACCELERATED] < top


LIVE_SCRIPT = """
import streamlit as st
from tests.ui.views.memory_traffic.test_live_result import make_run
from ui.run_view.view import draw_run
from ui.views.race.result_part import find_live_part

draw_run(make_run("b" * 32), key="key", live=True, draw_result=find_live_part("memory-traffic"))
"""


def test_the_live_page_draws_the_roofline_after_a_race_of_the_same_plan_and_reads_it_once(monkeypatch):
    reads = []
    load_last_run = history.load_last_run

    def load(workload, digest):
        reads.append(digest)
        return load_last_run(workload, digest)

    monkeypatch.setattr(live_result, "load_last_run", load)
    first = run_script(LIVE_SCRIPT)
    assert "Roofline so far" not in "\n".join(element.value for element in first.markdown)
    store_finished()
    app = run_script(LIVE_SCRIPT)
    assert "Roofline so far" in "\n".join(element.value for element in app.markdown)
    app.run()
    assert not app.exception and len(reads) == 2, "once for each of the two sessions"


def test_only_workloads_with_a_live_part_have_one():
    assert find_live_part("memory-traffic") is live_result.draw_live_result
    assert find_live_part("colour-quantization") is None and find_result_part("colour-quantization")
    assert find_live_part("no-such-workload") is None


def test_a_replay_is_not_drawn_under_the_limits_of_another_race():
    store_finished()
    replay = 'make_run("b" * 32).model_copy(update={"demonstration": Demonstration.REPLAY})'
    script = "from bench.run.record import Demonstration" + LIVE_SCRIPT.replace('make_run("b" * 32)', replay)
    replayed, live = (run_script(text) for text in (script, LIVE_SCRIPT))
    found = ["Roofline so far" in "\n".join(element.value for element in page.markdown) for page in (replayed, live)]
    assert found == [False, True]
