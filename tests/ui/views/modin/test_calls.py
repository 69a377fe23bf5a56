"""The table of calls: which gain, which lose, and why."""

from datetime import timedelta

import pytest

from bench.run.record import Run
from bench.storage.store import Store
from bench.values import TOTAL, Outcome, Speed
from tests.support.measurements import store_measurement
from tests.support.modin_runs import make_modin_run
from tests.support.pages import open_modin_page, read_labels
from ui.views.modin import calls
from ui.views.modin.calls import ARM_COLUMNS


def test_every_call_has_a_verdict_and_only_slower_calls_have_a_reason():
    table = calls.build_calls_table(make_modin_run()).set_index("call")
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
    assert table.loc["read_csv", list(ARM_COLUMNS)].to_dict() == {
        "to return": "250 ms",
        "first call": "1.5 ms",
        "partitions": "2 × 3",
        "stored": "4 MiB",
        "defaulted": "no",
    }
    names = list(table.columns)
    assert names[names.index("ratio") :][:3] == ["ratio", "95 %", "results"], "visible without scrolling"


def refuse_claim(run: Run, step: str, **verdict) -> None:
    """Refuse the claim of a step by its first rule, which asks for a complete run."""
    claim = run.claim(step)
    finding = claim.findings[0].model_copy(update={"outcome": Outcome.REFUSED, "seen": "something"})
    refused = claim.model_copy(
        update={
            "made": False,
            "findings": [finding, *claim.findings[1:]],
            "verdict": claim.verdict.model_copy(update=verdict),
        }
    )
    run.claims = [refused if other is claim else other for other in run.claims]


def test_a_refused_claim_names_the_rule_and_keeps_the_reason():
    run = make_modin_run()
    refuse_claim(run, "read_csv")
    table = calls.build_calls_table(run).set_index("call")
    assert table["verdict"]["read_csv"] == "slower, claim refused"
    assert table["why"]["read_csv"] == "moves much"
    assert table[calls.REFUSALS_COLUMN].to_dict() == {
        "DataFrame(array)": "",
        "read_parquet": "",
        "to_parquet": "",
        "to_csv": "",
        "read_csv": "The run is not complete",
    }
    assert calls.REFUSALS_COLUMN not in calls.build_calls_table(make_modin_run())


OTHER_ARMS = [
    {"accelerated": "pandas"},
    {"baseline": "modin-ray", "accelerated": "pandas"},
    {"baseline": "modin-ray", "accelerated": "modin-ray"},
]


@pytest.mark.parametrize("arms", OTHER_ARMS)
def test_other_arms_have_no_columns_about_the_extra_costs_of_modin(arms):
    run = make_modin_run(arms)
    table = calls.build_calls_table(run)
    assert not {"partitions", "stored", "defaulted", "first call"} & set(table.columns)
    assert set(table["why"]) == {""} and set(table["results"]) == {"equal", "differ"}
    Store().save(run)
    # The page shows it for its own plan, without the start-up, but not for a plan of pandas against Modin.
    shown = open_modin_page(tab="Call by call", case="files", cores="1", **arms)
    assert not shown.exception
    assert shown.dataframe and "Start-up" not in read_labels(shown)
    assert "has enough pairs to show here" in read_labels(open_modin_page(tab="Call by call"))


def test_newer_measurements_do_not_hide_a_run():
    run = make_modin_run()
    Store().save(run)
    arguments = {"call": "read_csv", "min_rows": 1024, "max_rows": 16384, "budget_s": 60}
    for index in range(calls.MAX_SEARCHED_RUNS):
        started = run.started + timedelta(minutes=index + 1)
        store_measurement("modin", "break_even", arguments, started=started)
    assert "Start-up" in read_labels(open_modin_page(tab="Call by call"))


def test_a_run_of_other_arms_does_not_hide_one_of_pandas_against_modin():
    Store().save(make_modin_run())
    later = make_modin_run({"accelerated": "pandas"})
    later.id, later.started = "b" * 32, later.started + timedelta(hours=1)
    Store().save(later)
    app = open_modin_page(tab="Call by call")
    assert "Start-up" in read_labels(app) and "with other settings" in read_labels(app)


def test_the_start_up_time_is_recovered_or_not():
    run = make_modin_run()
    assert "starting Modin on Ray" in calls.describe_payback(run, 30.0)
    assert "no more than pandas' own first calls" in calls.describe_payback(run, -1.0)
    assert "never recovered" in calls.describe_payback(run, 30.0)
    total = run.comparison()
    turned = total.model_copy(
        update={
            "baseline": total.accelerated,
            "accelerated": total.baseline,
            "ratio": total.ratio.model_copy(update={"value": 1.3, "low": 1.2, "high": 1.4}),
        }
    )
    run.statistics = [turned, *run.statistics[1:]]
    refuse_claim(run, TOTAL, speed=Speed.FASTER)
    assert "No claim is made" in calls.describe_payback(run, 30.0)
    refuse_claim(run, TOTAL, speed=Speed.SAME)
    assert "no difference was detected in the total" in calls.describe_payback(run, 30.0)
    run.claims = []
    gained = total.accelerated.median - total.baseline.median
    assert f"recovered after {-(-30.0 // gained):.0f} runs" in calls.describe_payback(run, 30.0)


@pytest.mark.parametrize("kept", [False, True])
def test_call_by_call_shows_the_last_run_or_asks_for_one(kept):
    if kept:
        Store().save(make_modin_run())
    app = open_modin_page(tab="Call by call")
    assert not app.exception
    if kept:
        assert app.dataframe[0].value.shape[0] == 5
        assert "Start-up" in read_labels(app)
    else:
        assert "has enough pairs to show here" in read_labels(app)
