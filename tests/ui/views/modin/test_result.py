"""The result of a race of pandas with Modin: calls that win and lose, and from which size on Modin wins."""

from bench.plan.plan import Plan
from bench.run.record import Run
from bench.storage.store import Store
from tests.support.measurements import store_measurement
from tests.support.modin import make_points
from tests.support.modin_runs import make_modin_run
from tests.support.pages import open_modin_page, read_labels
from tests.ui.views.modin.test_calls import refuse_claim
from ui import records
from ui.views.modin import result
from workloads.modin.measurements import BreakEvenCrossing, BreakEvenResult, EngineStart


def list_comparisons(run: Run):
    return [comparison for comparison in run.statistics if comparison.step != "total"]


def store_search(
    plan: Plan,
    *,
    call="read_csv",
    crossing=None,
    verdict="loses",
    sentence="pandas is faster",
    at_every_size=False,
    **changes,
):
    found = BreakEvenResult(
        verdict=verdict,
        sentence=sentence,
        compared="both",
        stopped="",
        crossing=crossing,
        at_every_size=at_every_size,
    )
    arguments = {"call": call, "min_rows": 1024, "max_rows": 1 << 20, "budget_s": 120}
    reports = [("start", EngineStart(seconds=2.5)), *[("point", point) for point in make_points(0.05, 0.5)]]
    parameters = {"columns": plan.parameters["columns"], "kind": plan.parameters["kind"]} | changes
    return store_measurement(
        "modin", "break_even", arguments, reports=reports, result=found, plan={"parameters": parameters}
    )


def test_the_calls_that_differ_most_come_first_and_ties_are_left_out():
    run = make_modin_run()
    ranked = result.rank_calls(run, list_comparisons(run))
    assert [call.step for call in ranked.won] == ["construct"]
    assert [call.step for call in ranked.lost] == ["read_csv", "to_csv"]
    assert not ranked.undecided


def test_a_call_without_a_claim_neither_wins_nor_loses():
    run = make_modin_run()
    refuse_claim(run, "read_csv")
    refuse_claim(run, "construct")
    ranked = result.rank_calls(run, list_comparisons(run))
    assert not ranked.won and [call.step for call in ranked.lost] == ["to_csv"]
    assert [call.step for call in ranked.undecided] == ["read_csv", "construct"]
    text = result.describe_undecided_call(run, ranked.undecided[0])
    assert "1\\.00 → 3.00 s" in text and "The run is not complete" in text
    assert "slower" not in text and "3.0x" not in text
    run.claims = []
    ranked = result.rank_calls(run, list_comparisons(run))
    assert not ranked.won and not ranked.lost
    assert {call.step for call in ranked.undecided} == {"read_csv", "construct", "to_csv"}


def test_a_call_has_its_factor_its_interval_both_times_and_the_state_of_its_claim():
    run = make_modin_run()
    calls = {comparison.step: comparison for comparison in list_comparisons(run)}
    slower = result.describe_call(run, calls["read_csv"], "slower")
    assert "3.0x slower" in slower and "(2.7 to 3.3)" in slower and "1\\.00 → 3.00 s" in slower
    assert ":green-badge" in slower or ":orange-badge" in slower
    assert "2.0x faster" in result.describe_call(run, calls["construct"], "faster")


def test_the_script_is_searched_for_first_then_the_call_that_gains_most():
    run = make_modin_run()
    calls = list_comparisons(run)
    assert result.choose_call(calls) == "construct"
    assert result.choose_call([calls[0].model_copy(update={"step": "etl"}), *calls[1:]]) == "etl"
    assert result.choose_call([]) == ""


def test_the_newest_search_of_a_call_of_the_run_on_this_machine_is_described():
    run = make_modin_run()
    names = [comparison.step for comparison in list_comparisons(run)]
    assert result.find_search(run, names) is None
    store_search(run.plan, call="map")
    store_search(run.plan, columns=8)
    assert result.find_search(run, names) is None, "another call, and another table"
    search = store_search(run.plan)
    Store().save(search.model_copy(update={"arguments": {"call": "read_csv", "rows": 1}}))
    assert result.find_search(run, names) is None, "arguments that this version does not have"
    store_search(run.plan, at_every_size=True)
    text = result.describe_search(result.find_search(run, names))
    assert text.startswith("on 1 core, **no size tried wins**") and "read\\_csv" in text
    store_search(run.plan, sentence="pandas is faster from 4,096 to 16,384 rows. Below that, it is too close to call")
    assert "no size tried wins" not in result.describe_search(result.find_search(run, names))
    crossing = BreakEvenCrossing(rows=1e5, low=9e4, high=1.1e5)
    store_search(run.plan, verdict="gains", crossing=crossing, sentence="Modin is faster")
    text = result.describe_search(result.find_search(run, names))
    assert "**Modin wins from about 100,000 rows on**" in text and "90,000 to 110,000" in text


def test_a_redraw_reads_no_record_again_until_another_search_is_stored(monkeypatch):
    run = make_modin_run()
    names = [comparison.step for comparison in list_comparisons(run)]
    store_search(run.plan, columns=8)
    found = store_search(run.plan, call="to_csv")
    reads = []
    read_status = records.read_status
    monkeypatch.setattr(records, "read_status", lambda job_id: reads.append(job_id) or read_status(job_id))
    assert [result.find_search(run, names).id for _ in range(3)] == [found.id] * 3
    assert reads == [found.id]
    newer = store_search(run.plan)
    assert result.find_search(run, names).id == newer.id
    assert result.find_search(run, ["construct"]) is None, "the answer depends on the calls"
    Store().delete(newer.id)
    assert result.find_search(run, names).id == found.id


def test_the_button_opens_the_search_with_the_settings_of_the_run(monkeypatch):
    run = make_modin_run()
    refuse_claim(run, "read_csv")
    Store().save(run)
    app = open_modin_page(tab="Call by call", case="files", cores="1")
    assert not app.exception
    assert "these times differ, but the rules refuse" in read_labels(app)
    assert "Where Modin on Ray wins" in read_labels(app) and "Where Modin on Ray loses" in read_labels(app)
    started = []
    monkeypatch.setattr(
        "ui.actions.start_measurement", lambda plan, task, arguments: started.append(arguments) or "f" * 32
    )
    next(button for button in app.button if button.label == "Find the break-even size").click().run()
    assert not app.exception
    assert app.session_state["modin:tab"] == "Break-even"
    assert [arguments["call"] for arguments in started] == ["construct"]
    app.run()
    assert len(started) == 1, "a redraw does not start it again"
