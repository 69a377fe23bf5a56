"""The page Runs: lists, filters, and one race or measurement."""

import json
from datetime import timedelta

import pyarrow as pa
from streamlit.testing.v1.element_tree import Block

from bench.claims.verdict import decide_claims
from bench.run.events import State
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.claims import Finding, NoteKind, Outcome, Speed
from bench.values.samples import TOTAL
from bench.values.statistics import Interval
from tests.support.pages import list_downloads, list_popovers, open_page, read_page
from tests.support.runs import make_claim_run
from tests.support.stored_runs import damage_run, store_run


def test_runs_say_how_to_make_the_first():
    app = open_page("runs")
    assert "No run is stored yet" in read_page(app)
    assert any("python -m bench run" in code.value for code in app.code)


def test_runs_list_what_was_kept_with_the_newest_first(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32, started=finished.started + timedelta(hours=1), state=State.STOPPED)
    table = open_page("runs").dataframe[0].value
    assert len(table) == 2
    assert "stopped" in list(table["verdict"].iloc[0])
    assert table["baseline"].iloc[0] == finished.comparison().baseline.median


def test_times_have_the_digits_that_the_interval_of_the_ratio_supports(finished):
    def store(run_id: str, hours: int, seconds: float, ratio: Interval) -> None:
        total = finished.comparison()
        medians = {arm.value: total.summary(arm).model_copy(update={"median": seconds}) for arm in Arm}
        statistics = [total.model_copy(update=medians | {"ratio": ratio}), *finished.statistics[1:]]
        store_run(finished, run_id * 32, started=finished.started + timedelta(hours=hours), statistics=statistics)

    store("a", 0, 1.2345, Interval(value=2, low=1.2, high=3))
    store("b", 1, 1.2346, Interval(value=2, low=1.99, high=2.01))
    styler = open_page("runs").dataframe[0].proto.arrow_data.styler
    shown = pa.ipc.open_stream(styler.display_values).read_pandas()
    assert list(shown.iloc[:, 3]) == list(shown.iloc[:, 4]) == ["1.23 s", "1.2 s"]


def test_without_a_claim_no_arm_is_called_faster(finished):
    for name, busy in (("a", (0.0, 0.0)), ("b", (1.5, 0.0))):
        run = make_claim_run(busy=busy).model_copy(update={"id": name * 32})
        Store().save(run.model_copy(update={"claims": decide_claims(run)}))
    table = open_page("runs").dataframe[0].value
    assert {chips[0]: list(words) for chips, words in zip(table["claim"], table["verdict"], strict=True)} == {
        "claim": ["faster"],
        "no claim": ["finished"],
    }


def test_no_difference_was_detected_only_if_nothing_but_the_interval_refuses():
    for name, busy in (("a", (0.0, 0.0)), ("b", (1.5, 0.0))):
        run = make_claim_run(fit=(1.0, 1.0), busy=busy).model_copy(update={"id": name * 32})
        claims = decide_claims(run)
        assert {claim.verdict.speed for claim in claims} == {Speed.SAME}
        Store().save(run.model_copy(update={"claims": claims}))
    app = open_page("runs")
    chips = dict(zip(app.session_state["runs_shown"], app.dataframe[0].value["verdict"], strict=True))
    assert {run_id[0]: list(words) for run_id, words in chips.items()} == {"a": ["not detected"], "b": ["finished"]}


def test_runs_are_filtered_by_words_state_and_plan(finished):
    store_run(finished, "a" * 32)
    other = finished.plan.model_copy(update={"batch": 3})
    store_run(finished, "b" * 32, state=State.STOPPED, plan=other, digest=other.digest)
    app = open_page("runs")
    app.selectbox(key="runs_state").set_value("stopped").run()
    assert len(app.dataframe[0].value) == 1
    app.selectbox(key="runs_state").set_value(None).run()
    app.text_input(key="runs_text").set_value("trial aaaa").run()
    assert len(app.dataframe[0].value) == 1
    app.text_input(key="runs_text").set_value("nowhere to be found").run()
    assert "No run passes these filters." in read_page(app)
    assert len(open_page("runs", plan=finished.digest).dataframe[0].value) == 1
    assert "No run of the plan" in read_page(open_page("runs", plan="none"))


def test_runs_are_filtered_by_the_state_of_their_claims(finished):
    claim = finished.claim()
    findings = [finding for finding in claim.findings if finding.kind is not NoteKind.RESERVATION]
    reservation = Finding(
        rule="quiet", source="", outcome=Outcome.ANNOTATED, title="Noisy", seen="", kind=NoteKind.RESERVATION
    )
    made = claim.model_copy(update={"made": True, "findings": findings})
    states = {
        "a": made,
        "b": made.model_copy(update={"findings": [*findings, reservation]}),
        "c": made.model_copy(update={"made": False}),
    }
    for letter, changed in states.items():
        store_run(finished, letter * 32, claims=[changed])
    store_run(finished, "d" * 32, claims=[])
    app = open_page("runs")
    box = app.selectbox(key="runs_claim_state")
    assert box.options == ["claim", "no claim", "not decided", "with reservations"]
    table = app.dataframe[0]
    columns = json.loads(table.proto.columns)
    assert columns["attempt"]["width"] >= 7 * len("5 of 7, edited"), "the longest text of the column fits"
    chips = {option["value"]: option["color"] for option in columns["claim"]["type_config"]["options"]}
    shown = [chip for chips_of_row in table.value["claim"] for chip in chips_of_row]
    assert sorted(shown) == sorted(box.options), "the column has the words of the filter"
    assert set(shown) <= set(chips) and len(set(chips.values())) == len(chips), "every state has a colour of its own"
    for label in box.options:
        app.selectbox(key="runs_claim_state").set_value(label).run()
        (shown,) = app.session_state["runs_shown"]
        expected = {"claim": "a", "with reservations": "b", "no claim": "c", "not decided": "d"}[label]
        assert shown == expected * 32
        assert "1 of 4 runs." in read_page(app)


def test_a_search_for_very_many_words_uses_the_first_and_says_so(finished):
    store_run(finished, "a" * 32)
    app = open_page("runs")
    app.text_input(key="runs_text").set_value("trial " * 10 + "nowhere " * 3000).run()
    assert not app.exception and not app.error
    assert len(app.dataframe[0].value) == 1
    assert "Only the first 10 words are searched for." in read_page(app)
    assert app.text_input(key="runs_text").max_chars == 200


def test_a_run_is_opened_by_the_beginning_of_its_id(finished):
    store_run(finished, "a" * 32)
    app = open_page("runs", run="aaaaaa")
    assert finished.snapshot.workload_title in [title.value for title in app.title]
    assert not app.error
    assert not app.dataframe or "verdict" not in app.dataframe[0].value


def test_the_page_of_a_run_offers_each_file_and_the_command_once(finished):
    store_run(finished, "a" * 32)
    app = open_page("runs", run="a" * 32)
    assert sorted(list_downloads(app)) == ["Complete record as JSON", "HTML", "PowerPoint", "Samples as CSV"]
    assert [label for label in list_popovers(app) if label in ("Share", "Command line")] == ["Command line", "Share"]


def test_a_shared_step_is_selected(finished):
    store_run(finished, "a" * 32)
    steps = [name for name in finished.snapshot.labels() if name != TOTAL]
    for step in (steps[-1], TOTAL):
        app = open_page("runs", run="a" * 32, step=step)
        assert "step" not in app.query_params
        assert app.session_state[f"kept-{'a' * 32}-step"] == step
    app = open_page("runs", run="a" * 32, step="[x](http://evil.example)")
    assert app.session_state[f"kept-{'a' * 32}-step"] in finished.snapshot.labels()


def test_an_unknown_run_and_an_ambiguous_id_are_reported(finished):
    assert "No run with the id `nothing` is stored here" in read_page(open_page("runs", run="nothing"))
    store_run(finished, "aaaa1" + "0" * 27)
    store_run(finished, "aaaa2" + "0" * 27)
    for page in ("runs", "colour-quantization"):
        assert "2 runs begin with aaaa: aaaa1000, aaaa2000." in read_page(open_page(page, run="aaaa"))
    for unknown, is_short in (("aaa", True), ("nothing", False), ("0" * 32, False)):
        page = read_page(open_page("runs", run=unknown))
        assert ("needs at least 4 characters" in page) is is_short, unknown


def test_every_address_with_the_beginning_of_an_id_gets_the_whole_id(finished, racing):
    store_run(finished, "a" * 32)
    for page, text, job_id in (
        ("runs", "aaaaaa", "a" * 32),
        ("runs", "ffff", racing.entry.job_id),
        ("colour-quantization", "ffff", racing.entry.job_id),
    ):
        assert open_page(page, run=text).query_params["run"] == job_id, (page, text)


def test_a_run_that_still_races_is_not_unknown(racing):
    assert "still waiting or running" in read_page(open_page("runs", run=racing.entry.job_id))


def test_a_damaged_run_is_told_and_the_list_goes_on(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    damage_run("b" * 32)
    assert len(open_page("runs").dataframe[0].value) == 2
    assert "cannot be read" in read_page(open_page("runs", run="b" * 32))


def test_a_run_of_another_version_is_told(finished):
    store_run(finished, "a" * 32, version=99)
    assert "it has version 99" in read_page(open_page("runs", run="a" * 32))


def test_the_tool_bar_of_the_table_has_room_below_the_filters(finished):
    store_run(finished, "a" * 32)
    kinds = [element.type for element in open_page("runs").main if not isinstance(element, Block)]
    assert kinds[kinds.index("dataframe") - 1] == "space"
