"""Scaling over cores: projection and sentence."""

import pytest

from bench.run.record import Run
from bench.stats.amdahl_fit import find_crossing, fit_amdahl
from bench.storage.store import Store
from bench.values import Arm, CoreCount, Phase, Repetition, Sample, StepTime
from tests.support.modin_runs import make_modin_run
from tests.support.pages import open_modin_page, read_labels
from ui.views.modin import scaling


def add_core_counts(run: Run, seconds: dict[Arm, dict[int, float]]) -> Run:
    """`run`, and five rounds of reading and writing on other core counts, in which every call takes so long."""
    names = [step.name for step in run.snapshot.steps]
    for pair in range(100, 105):
        for arm, counts in seconds.items():
            for cores, each in counts.items():
                steps = [StepTime(step=name, cpu_s=1, calls=1, seconds=each + pair * 1e-5) for name in names]
                repetition = Repetition(
                    steps=steps, other_s=0, wall_s=9, cpu_s=1, began=pair, threads=1, idle_cpu_s=0, idle_s=1
                )
                run.samples.append(
                    Sample(arm=arm, phase=Phase.CORES, cores=cores, pair=pair, place=0, repetition=repetition)
                )
    whole = run.comparison()
    run.core_counts = [
        CoreCount(arm=arm, cores=cores, whole=whole.baseline) for arm in seconds for cores in seconds[arm]
    ]
    return run


@pytest.mark.parametrize(
    ("modin", "words"),
    [
        # 0.4 + 1.6 / p = 0.8 at p = 4.
        ({1: 2.0, 2: 1.2}, "would pass pandas from about 4 cores on"),
        ({1: 2.0, 2: 1.6}, "more cores alone would not let it win"),
        ({1: 2.0, 2: 2.2}, "More cores made Modin on Ray no faster"),
        ({1: 1.0, 2: 0.6}, "ahead with the cores that were raced on"),
        # 0.792 + 1.208 / p = 0.8 at p = 151.
        ({1: 2.0, 2: 1.396}, "too uncertain to tell whether more cores, up to 64, would let it win"),
    ],
)
def test_scaling_tells_from_how_many_cores_on_modin_would_win_and_that_it_projects(modin, words):
    run = add_core_counts(make_modin_run(), {Arm.BASELINE: {1: 0.8, 2: 0.8}, Arm.ACCELERATED: modin})
    times = scaling.collect_round_times(run, "read_csv")
    law = fit_amdahl(times[Arm.ACCELERATED])
    found = find_crossing(times[Arm.ACCELERATED], times[Arm.BASELINE][1])
    assert words in scaling.describe_times(run, times, law, found)
    drawn = scaling.build_scaling_figure(run, times, law, found, "light")
    assert "projection, not measured" in [note.text for note in drawn.layout.annotations]
    projected = next(trace for trace in drawn.data if trace.name.endswith("projected"))
    assert min(projected.x) == 2 and max(projected.x) == scaling.MAX_PROJECTED_CORES
    assert all(text.endswith((" ms", " s")) for text in drawn.layout.yaxis.ticktext) and drawn.layout.yaxis.tickvals


@pytest.mark.parametrize("two", [1.0, 0.99])
def test_scaling_is_not_surer_than_the_interval_of_the_serial_share(two):
    spread = (0.8, 0.9, 1.0, 1.1, 1.2)
    times = {
        Arm.BASELINE: {1: [0.9] * 5, 2: [0.9] * 5},
        Arm.ACCELERATED: {1: [1.0, 1.2, 0.9, 1.0, 1.1], 2: [two * one for one in spread]},
    }
    law = fit_amdahl(times[Arm.ACCELERATED])
    found = find_crossing(times[Arm.ACCELERATED], times[Arm.BASELINE][1])
    assert law.low < 0.9 < law.high
    words = scaling.describe_times(make_modin_run(), times, law, found)
    assert "too uncertain to tell whether more cores" in words and "would not let it" not in words
    drawn = scaling.build_scaling_figure(make_modin_run(), times, law, found, "light")
    assert not any("cores" in (note.text or "") for note in drawn.layout.annotations)


def test_scaling_draws_the_last_run_of_several_calls_and_asks_for_one_without():
    Store().save(add_core_counts(make_modin_run(), {arm: {1: 1.0, 2: 0.9} for arm in Arm}))
    app = open_modin_page(tab="Scaling")
    assert not app.exception
    assert "at its best number of cores" in read_labels(app)
    assert "which is no fit" in read_labels(app)


def test_scaling_names_the_arms_that_raced():
    arms = {"baseline": "modin-ray", "accelerated": "pandas"}
    run = add_core_counts(make_modin_run(arms), {arm: {1: 1.0, 2: 0.9} for arm in Arm})
    Store().save(run)
    app = open_modin_page(tab="Scaling", case="files", cores="1", **arms)
    assert not app.exception
    assert "law through the times of pandas" in read_labels(app) and "times of Modin" not in read_labels(app)
