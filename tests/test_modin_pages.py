"""The page of pandas to Modin without a browser: every call with why it is slower, and the break-even."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bench.claims import conclude
from bench.events import State
from bench.plan import make
from bench.record import Run
from bench.statistics import compare
from bench.store import Store
from bench.values import Evidence, Measure, Measurement, Phase, Quality, Sample, Side, StepTime, Table
from tests.conftest import opened as opening
from tests.test_pages import no_caches, texts  # noqa: F401
from ui import modin_calls, service

ROOT = Path(__file__).parents[1]
TIMES = {"construct": (2.0, 1.0), "read_csv": (1.0, 3.0), "read_parquet": (1.0, 1.0), "to_csv": (1.0, 2.0)}
"""Seconds of pandas and of Modin."""


def hand_made(**fields) -> Run:
    """A finished race of reading and writing; Modin is faster in one, slower in two."""
    plan = make("modin", cores=1, parameters={"steps": "files"})
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
    columns = ["step", "to return", "why it may be slower"]
    told = [[name, "1.0 ms", "one partition" if name == "to_csv" else "moves much"] for name in names]
    run.tables = [Table(name="calls", label="Every call", columns=columns, rows=told)]
    equal = [
        Measure(name=f"equal-{name}", label=name, value=0 if name == "to_parquet" else 100, decisive=True, step=name)
        for name in names
    ]
    start = Measure(name="start", label="start-up", value=30.0, unit="s", higher_is_better=False)
    run.quality = Quality(baseline=[], accelerated=[], agreement=[*equal, start])
    run.evidence = {
        side: [Evidence(step=name, path=path, words=["words"]) for name in names]
        for side, path in ((Side.BASELINE, "stock"), (Side.ACCELERATED, "accelerated"))
    }
    run.id, run.state, run.ended_at = "a" * 32, State.FINISHED, 9.0
    run.claims = conclude(run)
    return run


def page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "ui" / "navigation.py"), default_timeout=20)
    app.run()
    app.switch_page(service.page("modin"))
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def test_every_call_has_its_verdict_and_only_the_slower_ones_a_why():
    table = modin_calls.rows(hand_made()).set_index("call")
    assert table[""].to_dict()["DataFrame(array)"] == "faster"
    assert table["why slower"].to_dict() == {
        "DataFrame(array)": "",
        "read_parquet": "",
        "to_parquet": "",
        "to_csv": "one partition",
        "read_csv": "moves much",
    }
    assert [table.index[0], table.index[-1]] == ["DataFrame(array)", "read_csv"]
    assert table["results"]["to_parquet"] == "differ"
    assert table["pandas"]["read_csv"].endswith(" s")


def test_the_start_is_earned_back_or_never_is():
    run = hand_made()
    assert "never earned back" in modin_calls.pays_back(run, 30.0)
    whole = run.comparison()
    turned = whole.model_copy(
        update={
            "baseline": whole.accelerated,
            "accelerated": whole.baseline,
            "ratio": whole.ratio.model_copy(update={"value": 1.3, "low": 1.2, "high": 1.4}),
        }
    )
    run.statistics = [turned, *run.statistics[1:]]
    gained = whole.accelerated.median - whole.baseline.median
    assert f"after {-(-30.0 // gained):.0f} of them" in modin_calls.pays_back(run, 30.0)


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


def test_the_race_tab_has_the_line_that_changes():
    app = page()
    assert not app.exception
    assert any("+import modin.pandas as pd" in code.value for code in app.code)
