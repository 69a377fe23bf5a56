"""Figures of a hand-made run: what they show, in which units, and that few and very many samples do them no harm."""

from __future__ import annotations

import random
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.machine.describe import describe
from bench.plan.plan import make
from bench.run.record import Estimate, Run
from bench.stats.comparison import compare
from bench.values import (
    CoreCount,
    CoreReading,
    Interval,
    Measure,
    Measurement,
    Phase,
    Quality,
    Reading,
    Sample,
    Side,
    StepTime,
)
from bench.workload.declaration import WHOLE
from ui.charts import race
from ui.design import theme as design_theme

ROOT = Path(__file__).parents[1]
STEPS = ("fit", "predict", "assign")
SECONDS = {Side.BASELINE: 0.020, Side.ACCELERATED: 0.010}


def sample(side: Side, pair: int, phase: Phase = Phase.RACE, cores: int = 1, factor: float = 1.0) -> Sample:
    seconds = SECONDS[side] * factor * random.Random(f"{side}{pair}").uniform(0.98, 1.02)
    steps = [StepTime(step=step, seconds=seconds, processor_s=seconds, calls=1) for step in STEPS]
    measurement = Measurement(
        steps=steps,
        other_s=0.001,
        wall_s=3 * seconds + 0.001,
        processor_s=3 * seconds,
        began=2 + 0.1 * pair,
        threads=1,
        idle_processor_s=0,
        idle_s=0,
    )
    return Sample(side=side, phase=phase, cores=cores, pair=pair, place=0, measurement=measurement)


def hand_made(pairs: int, *, far: int | None = None) -> Run:
    """A run with so many pairs; in pair `far` the baseline takes a hundred times as long."""
    plan = make("colour-quantization", cores=1, budget_s=5)
    run = Run(version=1, id="f" * 32, plan=plan, machine=describe(), started=datetime.now(UTC), origin="test")
    if not pairs:
        return run
    run.samples = [sample(side, 0, Phase.WARM_UP, factor=1.5) for side in Side]
    for pair in range(1, pairs + 1):
        slow = {Side.BASELINE: 100.0 if pair == far else 1.0, Side.ACCELERATED: 1.0}
        run.samples += [sample(side, pair, factor=slow[side]) for side in Side]
    run.statistics = compare([s for s in run.samples if s.phase is Phase.RACE], work=1e6, seed=0)
    ratios = {comparison.step: comparison.ratio for comparison in run.statistics}
    run.estimates = [Estimate(at=3.0 + n, pairs=pairs, ratios=ratios) for n in range(3)]
    run.quality = Quality(
        baseline=[Measure(name="psnr", label="PSNR", value=31.66, unit="dB", decisive=True)],
        accelerated=[Measure(name="psnr", label="PSNR", value=31.79, unit="dB", decisive=True)],
    )
    whole = run.comparison(WHOLE)
    if whole:
        run.core_counts = [CoreCount(side=side, cores=n, whole=getattr(whole, side)) for side in Side for n in (1, 2)]
        run.best_ratio = Interval(value=2, low=1.9, high=2.1)
    cores = [CoreReading(busy=0.5, mhz=2000), CoreReading(busy=1.0)]
    run.telemetry = [Reading(at=n, cores=cores, memory_used=1, swap_used=0) for n in range(5)]
    return run


def markers(figure, name: str = "") -> int:
    """Points of the traces that are markers and whose name holds `name`."""
    return sum(len(t.x) for t in figure.data if t.mode == "markers" and t.x is not None and name in (t.name or ""))


@pytest.mark.parametrize("pairs", [0, 1, 3, 100, 2000])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_figure_of_any_number_of_samples(pairs, theme):
    run = hand_made(pairs)
    for draw in (race.race, race.distribution, race.throughput):
        for step in (WHOLE, "fit"):
            draw(run, step, theme).to_json()
    for draw in (race.accuracy, race.steps, race.cores, race.telemetry):
        draw(run, theme).to_json()


def test_an_empty_run_has_axes_and_says_why_it_is_empty():
    run = hand_made(0)
    for figure in (race.race(run), race.distribution(run), race.throughput(run), race.accuracy(run)):
        assert figure.layout.annotations[-1].text
        assert figure.layout.xaxis.title.text


def test_race_shows_every_sample_in_the_unit_of_the_axis():
    run = hand_made(20)
    figure = race.race(run)
    assert figure.layout.yaxis.title.text == "the whole [ms]"
    assert figure.layout.xaxis.title.text == "since the start of the run [s]"
    assert markers(figure) == 42  # two of them are the warm-up
    assert markers(figure, "warm-up") == 2
    raced = next(trace for trace in figure.data if trace.name == "stock scikit-learn")
    assert raced.y[0] == pytest.approx(1e3 * run.of_side(Side.BASELINE)[0].whole_s, rel=1e-4)
    assert raced.text[0].endswith(" ms")


def test_race_leaves_out_other_core_counts():
    run = hand_made(5)
    run.samples += [sample(side, 9, Phase.CORES, cores=2) for side in Side]
    run.samples += [sample(side, 9, Phase.WARM_UP, cores=2) for side in Side]
    assert markers(race.race(run)) == 12


def test_ratio_shares_the_time_axis_and_has_a_line_at_one():
    figure = race.race(hand_made(20))
    assert figure.layout.xaxis.anchor == "y2"
    ratio = next(trace for trace in figure.data if trace.name == "ratio with 95 % interval")
    assert ratio.yaxis == "y2" and len(ratio.x) == 3
    assert any(shape.yref == "y2" and shape.y0 == 1 for shape in figure.layout.shapes)
    low, high = figure.layout.yaxis2.range
    assert low < 1 < high


def test_many_samples_are_thinned_and_the_figure_says_so():
    run = hand_made(2000, far=777)
    figure = race.race(run)
    assert markers(figure) <= 2 * race.RACE_POINTS + 4
    assert any("of 2,000 samples" in note.text for note in figure.layout.annotations)
    # The one far sample is among the points, on the edge of the axis.
    assert markers(figure, "beyond") == 1
    live = race.race(run, live=True)
    assert markers(live) <= 2 * race.LIVE_POINTS + 4


def test_thinning_keeps_order_and_extremes():
    points = [race.Point(at=n, seconds=1 + (n == 500) - 0.5 * (n == 900), pair=n, warm_up=False) for n in range(1000)]
    kept = race.thin(points, 100)
    assert len(kept) <= 100
    assert [point.at for point in kept] == sorted(point.at for point in kept)
    assert {500, 900} <= {point.pair for point in kept}
    assert race.thin(points, 1000) == points


def test_distribution_marks_outliers_and_takes_the_box_from_the_statistics():
    run = hand_made(100, far=50)
    figure = race.distribution(run)
    boxes = [trace for trace in figure.data if trace.type == "box"]
    assert len(boxes) == 2
    assert boxes[0].median[0] == pytest.approx(1e3 * run.comparison().baseline.median, rel=1e-4)
    assert sum(t.marker.symbol == "triangle-right-open" for t in figure.data if t.type == "scatter") == 1
    assert "[ms]" in figure.layout.xaxis.title.text


def test_throughput_has_whiskers_and_a_unit():
    figure = race.throughput(hand_made(20))
    assert figure.layout.xaxis.title.text == "million pixels a second"
    assert all(bar.error_x.array[0] > 0 and bar.error_x.arrayminus[0] > 0 for bar in figure.data)
    assert figure.data[1].x[0] > figure.data[0].x[0]


def test_steps_stand_on_a_log_axis_around_one_with_published_marks():
    figure = race.steps(hand_made(20))
    assert figure.layout.xaxis.type == "log"
    assert 1 in figure.layout.xaxis.tickvals
    dots, published = figure.data
    assert len(dots.x) == 4 and all(1.9 < ratio < 2.1 for ratio in dots.x)
    assert list(published.x) == [10.44, 4.0, 1.52]
    assert published.marker.symbol == "star-open"
    assert "does not name its processor" in published.customdata[0].replace("<br>", " ")


def test_published_figures_stand_alone_before_a_run():
    figure = race.published(make("colour-quantization", cores=1).declaration)
    assert len(figure.data) == 1 and len(figure.data[0].x) == 3


def test_accuracy_is_a_share_of_the_baseline_with_the_limit():
    figure = race.accuracy(hand_made(3))
    assert figure.data[-1].x[0] == pytest.approx(100 * 31.79 / 31.66, rel=1e-4)
    assert "%" in figure.layout.xaxis.title.text
    assert any("limit 99 %" in note.text for note in figure.layout.annotations)
    assert any("31.66 dB" in note.text for note in figure.layout.annotations)


def test_arms_that_are_far_apart_stand_on_a_log_axis(monkeypatch):
    monkeypatch.setitem(SECONDS, Side.BASELINE, 0.5)
    assert race.race(hand_made(10)).layout.yaxis.type == "log"


def test_telemetry_has_a_row_a_core():
    figure = race.telemetry(hand_made(3))
    assert len(figure.data[0].z) == 2 and list(figure.data[0].z[0]) == [50] * 5


def test_the_arms_differ_in_more_than_colour():
    for theme in ("light", "dark"):
        one, other = (design_theme.look(side, theme) for side in Side)
        for name in ("colour", "symbol", "dash", "pattern", "glyph"):
            assert getattr(one, name) != getattr(other, name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_are_those_of_the_theme(theme):
    config = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    assert [design_theme.look(side, theme).colour for side in Side] == config["theme"][theme]["chartCategoricalColors"][
        :2
    ]
