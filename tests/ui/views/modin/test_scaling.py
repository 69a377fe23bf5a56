"""Scaling over cores: projection and sentence."""

import pytest

from bench.run.record import Run
from bench.stats.amdahl_fit import find_crossing, fit_amdahl
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.samples import Phase, Repetition, Sample, StepTime
from bench.values.statistics import CoreCount
from tests.support.modin_runs import make_modin_run
from tests.support.pages import open_modin_page, read_labels
from ui.views.modin import scaling


def add_core_counts(run: Run, seconds: dict[Arm, dict[int, float]]) -> Run:
    """Add five rounds on other core counts, in which every call takes the given seconds."""
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
    total = run.comparison()
    run.core_counts = [
        CoreCount(arm=arm, cores=cores, whole=total.baseline) for arm in seconds for cores in seconds[arm]
    ]
    return run


@pytest.mark.parametrize(
    ("modin", "words"),
    [
        # 0.4 + 1.6 / p = 0.8 at p = 4.
        ({1: 2.0, 2: 1.2}, "would be faster than pandas from about 4 cores on"),
        ({1: 2.0, 2: 1.6}, "cores alone would not help"),
        ({1: 2.0, 2: 2.2}, "More cores did not make Modin on Ray faster"),
        ({1: 1.0, 2: 0.6}, "faster on the measured core counts"),
        # 0.792 + 1.208 / p = 0.8 at p = 151.
        ({1: 2.0, 2: 1.396}, "too uncertain to say whether Modin on Ray would be faster on up to 64 cores"),
    ],
)
def test_scaling_projects_from_how_many_cores_on_modin_is_faster(modin, words):
    run = add_core_counts(make_modin_run(), {Arm.BASELINE: {1: 0.8, 2: 0.8}, Arm.ACCELERATED: modin})
    times = scaling.collect_round_times(run, "read_csv")
    law = fit_amdahl(times[Arm.ACCELERATED])
    crossing = find_crossing(times[Arm.ACCELERATED], times[Arm.BASELINE][1])
    assert words in scaling.describe_times(run, times, law, crossing)
    figure = scaling.build_scaling_figure(run, times, law, crossing, "light")
    assert "projection, not measured" in [note.text for note in figure.layout.annotations]
    projected = next(trace for trace in figure.data if trace.name.endswith("projected"))
    assert min(projected.x) == 2 and max(projected.x) == scaling.MAX_PROJECTED_CORES
    assert all(text.endswith((" ms", " s")) for text in figure.layout.yaxis.ticktext) and figure.layout.yaxis.tickvals


@pytest.mark.parametrize("two", [1.0, 0.99])
def test_scaling_is_as_uncertain_as_the_interval_of_the_serial_share(two):
    spread = (0.8, 0.9, 1.0, 1.1, 1.2)
    times = {
        Arm.BASELINE: {1: [0.9] * 5, 2: [0.9] * 5},
        Arm.ACCELERATED: {1: [1.0, 1.2, 0.9, 1.0, 1.1], 2: [two * one for one in spread]},
    }
    law = fit_amdahl(times[Arm.ACCELERATED])
    crossing = find_crossing(times[Arm.ACCELERATED], times[Arm.BASELINE][1])
    assert law.low < 0.9 < law.high
    words = scaling.describe_times(make_modin_run(), times, law, crossing)
    assert "too uncertain to say whether" in words and "would not help" not in words
    figure = scaling.build_scaling_figure(make_modin_run(), times, law, crossing, "light")
    assert not any("cores" in (note.text or "") for note in figure.layout.annotations)


def test_the_tab_draws_the_last_run_of_several_calls():
    Store().save(add_core_counts(make_modin_run(), {arm: {1: 1.0, 2: 0.9} for arm in Arm}))
    app = open_modin_page(tab="Scaling")
    assert not app.exception
    assert "at its best core count" in read_labels(app)
    assert "this is not a fit" in read_labels(app)


def test_the_tab_names_what_the_run_sets_differently_from_the_controls():
    run = add_core_counts(make_modin_run(), {arm: {1: 1.0, 2: 0.9} for arm in Arm})
    Store().save(run)
    labels = read_labels(open_modin_page(tab="Scaling", case=run.plan.case, cores="2", seed="7"))
    assert "**with other settings**" in labels
    assert f"seed {run.plan.seed} instead of 7" in labels
    assert "--" not in labels, "no command line"


def test_the_tab_names_the_arms_of_the_run():
    arms = {"baseline": "modin-ray", "accelerated": "pandas"}
    run = add_core_counts(make_modin_run(arms), {arm: {1: 1.0, 2: 0.9} for arm in Arm})
    Store().save(run)
    app = open_modin_page(tab="Scaling", case="files", cores="1", **arms)
    assert not app.exception
    assert "law through the times of pandas" in read_labels(app) and "times of Modin" not in read_labels(app)
