"""The page of pandas to Modin without a browser: every call with why it is slower, and the break-even."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bench.claims.verdict import conclude
from bench.plan.plan import make
from bench.run.events import State
from bench.run.record import Run
from bench.stats.amdahl import amdahl, crossing
from bench.stats.comparison import compare
from bench.storage.store import Store
from bench.values import (
    CoreCount,
    Evidence,
    Measure,
    Measurement,
    Outcome,
    Phase,
    Prepared,
    Quality,
    Sample,
    Side,
    Speed,
    StepTime,
    Table,
)
from bench.workload.declaration import WHOLE
from tests.conftest import opened as opening
from tests.test_pages import texts
from ui import services
from ui.charts import race
from ui.run_view import view
from ui.views.modin import calls, scaling
from ui.views.modin.calls import TOLD
from workloads.modin.arm import COLUMNS

ROOT = Path(__file__).parents[1]
TIMES = {"construct": (2.0, 1.0), "read_csv": (1.0, 3.0), "read_parquet": (1.0, 1.0), "to_csv": (1.0, 2.0)}
"""Seconds of pandas and of Modin."""


def hand_made(arms: dict[str, str] | None = None, **fields) -> Run:
    """A finished race of reading and writing; Modin is faster in one, slower in two. Of other `arms` it tells the
    same, as runs do that were kept before that was amended."""
    plan = make("modin", cores=1, parameters={"steps": "files"}, **(arms or {}))
    run = Run.open(opening(**fields).model_copy(update={"plan": plan}))
    names = [step.name for step in plan.steps]
    for pair in range(10):
        for place, side in enumerate(Side):
            steps = [
                StepTime(step=name, processor_s=1, calls=1, seconds=TIMES.get(name, (1.0, 1.0))[place] + pair * 1e-3)
                for name in names
            ]
            wall = sum(step.seconds for step in steps)
            measurement = Measurement(
                steps=steps, other_s=0, wall_s=wall, processor_s=1, began=pair, threads=1, idle_processor_s=0, idle_s=1
            )
            run.samples.append(
                Sample(side=side, phase=Phase.RACE, cores=1, pair=pair, place=place, measurement=measurement)
            )
    run.statistics = compare(run.samples, work=100)
    run.prepared = [Prepared(side=side, cores=1, pid=1, seconds=1, work=100, data="d", facts={}) for side in Side]
    told = [
        [name, "1.5 ms", "2.5 ms", "2 × 3", "2", "4.0 MiB", "no", "one partition" if name == "to_csv" else "moves much"]
        for name in names
    ]
    run.tables = [Table(name="calls", label="Every call", columns=COLUMNS, rows=told)]
    equal = [
        Measure(name=f"equal-{name}", label=name, value=0 if name == "to_parquet" else 100, decisive=True, step=name)
        for name in names
    ]
    start = Measure(name="start", label="start-up", value=30.0, unit="s", higher_is_better=False)
    run.quality = Quality(baseline=[], accelerated=[], agreement=[*equal, start])
    run.evidence = {
        side: [Evidence(step=name, path=path, words=["words"], returned_s=returned) for name in names]
        for side, path, returned in ((Side.BASELINE, "stock", None), (Side.ACCELERATED, "accelerated", 0.25))
    }
    run.id, run.state, run.ended_at = "a" * 32, State.FINISHED, 9.0
    run.claims = conclude(run)
    return run


def page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "ui" / "navigation.py"), default_timeout=20)
    app.run()
    app.switch_page(services.page("modin"))
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def test_every_call_has_its_verdict_and_only_the_slower_ones_a_why():
    table = calls.rows(hand_made()).set_index("call")
    assert table["verdict"].to_dict()["DataFrame(array)"] == "faster"
    assert table["why"].to_dict() == {
        "DataFrame(array)": "",
        "read_parquet": "",
        "to_parquet": "",
        "to_csv": "one partition",
        "read_csv": "moves much",
    }
    assert [table.index[0], table.index[-1]] == ["DataFrame(array)", "read_csv"]
    assert table["results"]["to_parquet"] == "differ"
    assert table["pandas"]["read_csv"].endswith(" s")
    assert table.loc["read_csv", list(TOLD)].to_dict() == {
        "to return": "250 ms",
        "first call": "1.5 ms",
        "partitions": "2 × 3",
        "stored": "4.0 MiB",
        "defaulted": "no",
    }
    names = list(table.columns)
    assert names[names.index("ratio") :][:3] == ["ratio", "95 %", "results"], "in sight without a scroll"


def refused(run: Run, step: str, **verdict) -> None:
    """Have the claim of a step break a rule."""
    made = run.claim(step)
    broken = made.findings[0].model_copy(update={"outcome": Outcome.REFUSED, "title": "A rule", "seen": "something"})
    verdict = made.verdict.model_copy(update=verdict)
    claim = made.model_copy(update={"made": False, "findings": [broken, *made.findings[1:]], "verdict": verdict})
    run.claims = [claim if one is made else one for one in run.claims]


def test_a_refused_claim_names_the_rule_and_keeps_the_why():
    run = hand_made()
    refused(run, "read_csv")
    table = calls.rows(run).set_index("call")
    assert table["verdict"]["read_csv"] == "slower, claim refused"
    assert table["why"]["read_csv"] == "moves much"
    assert table[calls.REFUSED].to_dict() == {
        "DataFrame(array)": "",
        "read_parquet": "",
        "to_parquet": "",
        "to_csv": "",
        "read_csv": "A rule",
    }
    assert calls.REFUSED not in calls.rows(hand_made())


def test_what_stands_apart_is_not_counted_among_the_accelerated_steps_of_the_whole():
    run = hand_made()
    run.plan = make("modin", cores=1, parameters={"steps": "map,concat"})
    said = [Evidence(step=name, path="accelerated", words=["words"]) for name in ("concat", "map")]
    run.evidence = {Side.ACCELERATED: said}
    assert [evidence.step for evidence in view.testified(run, WHOLE)] == ["map"]
    assert [evidence.step for evidence in view.testified(run, "concat")] == ["concat"]
    names = race.distribution(run).layout.yaxis.ticktext
    assert [name.split(" ", 1)[1] for name in names] == ["pandas", "Modin on Ray"]


OTHER_ARMS = [
    {"accelerated": "pandas"},
    {"baseline": "modin-ray", "accelerated": "pandas"},
    {"baseline": "modin-ray", "accelerated": "modin-ray"},
]


@pytest.mark.parametrize("arms", OTHER_ARMS)
def test_other_arms_are_told_nothing_of_what_modin_costs_beyond_pandas(arms):
    run = hand_made(arms)
    table = calls.rows(run)
    assert not {"partitions", "stored", "defaulted", "first call"} & set(table.columns)
    assert set(table["why"]) == {""} and set(table["results"]) == {"equal", "differ"}
    Store().save(run)
    # Its own plan shows it, and no start-up; that of pandas to Modin does not.
    shown = page(tab="Call by call", steps="files", cores="1", **arms)
    assert not shown.exception
    assert shown.dataframe and "Start-up" not in texts(shown)
    assert "race it first" in texts(page(tab="Call by call"))


def test_the_run_of_other_arms_does_not_hide_that_of_pandas_to_modin():
    Store().save(hand_made())
    later = hand_made({"accelerated": "pandas"})
    later.id, later.started = "b" * 32, later.started + timedelta(hours=1)
    Store().save(later)
    app = page(tab="Call by call")
    assert "Start-up" in texts(app) and "another setting" in texts(app)


def test_the_start_is_earned_back_or_never_is():
    run = hand_made()
    assert "starting Modin on Ray" in calls.pays_back(run, 30.0)
    assert "no more than pandas' own first calls" in calls.pays_back(run, -1.0)
    assert "never earned back" in calls.pays_back(run, 30.0)
    whole = run.comparison()
    turned = whole.model_copy(
        update={
            "baseline": whole.accelerated,
            "accelerated": whole.baseline,
            "ratio": whole.ratio.model_copy(update={"value": 1.3, "low": 1.2, "high": 1.4}),
        }
    )
    run.statistics = [turned, *run.statistics[1:]]
    refused(run, WHOLE, speed=Speed.FASTER)
    assert "is not claimed" in calls.pays_back(run, 30.0)
    refused(run, WHOLE, speed=Speed.SAME)
    assert "no difference of the whole was detected" in calls.pays_back(run, 30.0)
    run.claims = []
    gained = whole.accelerated.median - whole.baseline.median
    assert f"pays back after {-(-30.0 // gained):.0f} runs" in calls.pays_back(run, 30.0)


@pytest.mark.parametrize("kept", [False, True])
def test_call_by_call_shows_the_last_run_or_asks_for_one(kept):
    if kept:
        Store().save(hand_made())
    app = page(tab="Call by call")
    assert not app.exception
    if kept:
        assert app.dataframe[0].value.shape[0] == 5
        assert "Start-up" in texts(app)
    else:
        assert "race it first" in texts(app)


def test_break_even_offers_every_call_that_computes():
    app = page(tab="Break-even")
    assert not app.exception
    call = next(box for box in app.selectbox if box.label == "Call")
    assert "map" in call.options and "concat" not in call.options
    assert call.value == "map"


def test_one_size_alone_is_not_searched_and_the_button_says_why():
    app = page(tab="Break-even")
    search = next(button for button in app.button if button.label == "Search")
    assert not search.disabled
    slider = next(slider for slider in app.select_slider if slider.label == "Rows")
    slider.set_range(4096, 4096).run()
    search = next(button for button in app.button if button.label == "Search")
    assert search.disabled and "are the same" in search.help


def test_the_race_tab_has_the_line_that_changes():
    app = page()
    assert not app.exception
    assert any("+import modin.pandas as pd" in code.value for code in app.code)


def with_cores(run: Run, seconds: dict[Side, dict[int, float]]) -> Run:
    """`run`, and five rounds of reading and writing on other core counts, in which every call takes so long."""
    names = [step.name for step in run.plan.steps]
    for pair in range(100, 105):
        for side, counts in seconds.items():
            for cores, each in counts.items():
                steps = [StepTime(step=name, processor_s=1, calls=1, seconds=each + pair * 1e-5) for name in names]
                measurement = Measurement(
                    steps=steps, other_s=0, wall_s=9, processor_s=1, began=pair, threads=1, idle_processor_s=0, idle_s=1
                )
                run.samples.append(
                    Sample(side=side, phase=Phase.CORES, cores=cores, pair=pair, place=0, measurement=measurement)
                )
    whole = run.comparison()
    run.core_counts = [
        CoreCount(side=side, cores=cores, whole=whole.baseline) for side in seconds for cores in seconds[side]
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
    run = with_cores(hand_made(), {Side.BASELINE: {1: 0.8, 2: 0.8}, Side.ACCELERATED: modin})
    times = scaling.series(run, "read_csv")
    law = amdahl(times[Side.ACCELERATED])
    found = crossing(times[Side.ACCELERATED], times[Side.BASELINE][1])
    assert words in scaling.words(run, times, law, found)
    drawn = scaling.chart(run, times, law, found, "light")
    assert "projection, not measured" in [note.text for note in drawn.layout.annotations]
    projected = next(trace for trace in drawn.data if trace.name.endswith("projected"))
    assert min(projected.x) == 2 and max(projected.x) == scaling.FARTHEST
    assert all(text.endswith((" ms", " s")) for text in drawn.layout.yaxis.ticktext) and drawn.layout.yaxis.tickvals


@pytest.mark.parametrize("two", [1.0, 0.99])
def test_scaling_is_not_surer_than_the_interval_of_the_serial_share(two):
    spread = (0.8, 0.9, 1.0, 1.1, 1.2)
    times = {
        Side.BASELINE: {1: [0.9] * 5, 2: [0.9] * 5},
        Side.ACCELERATED: {1: [1.0, 1.2, 0.9, 1.0, 1.1], 2: [two * one for one in spread]},
    }
    law = amdahl(times[Side.ACCELERATED])
    found = crossing(times[Side.ACCELERATED], times[Side.BASELINE][1])
    assert law.low < 0.9 < law.high
    words = scaling.words(hand_made(), times, law, found)
    assert "too uncertain to tell whether more cores" in words and "would not let it" not in words
    drawn = scaling.chart(hand_made(), times, law, found, "light")
    assert not any("cores" in (note.text or "") for note in drawn.layout.annotations)


def test_scaling_draws_the_last_run_of_several_calls_and_asks_for_one_without():
    Store().save(with_cores(hand_made(), {side: {1: 1.0, 2: 0.9} for side in Side}))
    app = page(tab="Scaling")
    assert not app.exception
    assert "at its best number of cores" in texts(app)
    assert "which is no fit" in texts(app)


def test_scaling_names_the_arms_that_raced():
    arms = {"baseline": "modin-ray", "accelerated": "pandas"}
    run = with_cores(hand_made(arms), {side: {1: 1.0, 2: 0.9} for side in Side})
    Store().save(run)
    app = page(tab="Scaling", steps="files", cores="1", **arms)
    assert not app.exception
    assert "law through the times of pandas" in texts(app) and "times of Modin" not in texts(app)


def test_equal_results_are_counted_and_those_that_differ_are_named():
    run = hand_made()
    drawn = race.accuracy(run)
    assert [bar.text for bar in drawn.data] == ["<b>4 equal</b>", "<b>1 different</b>"]
    assert "to_parquet" in drawn.layout.annotations[0].text


def test_many_calls_have_low_rows_with_their_ratios_beside_them(monkeypatch):
    run = hand_made()
    roomy = race.steps(run)
    monkeypatch.setattr(race, "CROWDED", 3)
    crowded = race.steps(run)
    assert crowded.layout.height < roomy.layout.height
    told = [note.text for note in crowded.layout.annotations]
    assert {"2.00x", "0.33x"} <= set(told) and "2.00x" not in [note.text for note in roomy.layout.annotations]


def test_each_tab_races_its_own_calls():
    app = page()
    assert not app.exception
    assert app.query_params["steps"] == "etl"
    app = page(tab="Call by call")
    assert not app.exception
    assert app.query_params["steps"] == "common", "the script has a tab of its own"
