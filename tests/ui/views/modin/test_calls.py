"""The table of calls: which gain, which lose, and why."""

import pytest

from bench.run.record import Run
from bench.storage.store import Store
from bench.values.claims import Outcome, Speed
from bench.values.samples import TOTAL
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
    finding = claim.findings[0].model_copy(
        update={"outcome": Outcome.REFUSED, "seen": "something", "title": "The run is not complete"}
    )
    refused = claim.model_copy(
        update={
            "made": False,
            "findings": [finding, *claim.findings[1:]],
            "verdict": claim.verdict.model_copy(update=verdict),
        }
    )
    run.claims = [refused if other is claim else other for other in run.claims]


def support_claim(run: Run, step: str, **verdict) -> None:
    """Make the claim of a step, without the rules that refuse it."""
    claim = run.claim(step)
    supported = claim.model_copy(
        update={
            "made": True,
            "findings": [finding for finding in claim.findings if finding.outcome is not Outcome.REFUSED],
            "verdict": claim.verdict.model_copy(update=verdict),
        }
    )
    run.claims = [supported if other is claim else other for other in run.claims]


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
    run.claims = []
    verdicts = calls.build_calls_table(run).set_index("call")["verdict"]
    assert (verdicts["read_csv"], verdicts["DataFrame(array)"]) == ("slower, no claim", "faster, no claim")


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
    assert is_table_shown(shown) and "Start-up" not in read_labels(shown)
    assert not is_table_shown(open_modin_page(tab="Call by call", case="files", cores="1"))


def is_table_shown(app) -> bool:
    """Whether the page has the table of every call."""
    return any({"call", "verdict", "results"} <= {*frame.value.columns} for frame in app.dataframe)


def test_the_start_up_time_is_recovered_or_not():
    run = make_modin_run()
    support_claim(run, TOTAL)
    assert "starting Modin on Ray" in calls.describe_payback(run, 30.0)
    assert "no more than pandas' own first calls" in calls.describe_payback(run, -1.0)
    assert "never recovered" in calls.describe_payback(run, 30.0)
    refuse_claim(run, TOTAL)
    assert run.claim(TOTAL).verdict.speed is Speed.SLOWER
    assert "No claim is made" in calls.describe_payback(run, 30.0), "a refused claim does not say that it is slower"
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
    support_claim(run, TOTAL, speed=Speed.FASTER)
    gained = total.accelerated.median - total.baseline.median
    assert f"recovered after {-(-30.0 // gained):.0f} runs" in calls.describe_payback(run, 30.0)
    run.claims = []
    assert "No claim is made" in calls.describe_payback(run, 30.0)


def test_the_table_is_that_of_the_displayed_run_and_not_of_another_plan():
    Store().save(make_modin_run())
    app = open_modin_page(tab="Call by call", case="files", cores="1")
    assert not app.exception
    assert is_table_shown(app) and "Start-up" in read_labels(app)
    other = open_modin_page(tab="Call by call", case="common", cores="1")
    assert not other.exception
    assert not is_table_shown(other) and "Start-up" not in read_labels(other)
