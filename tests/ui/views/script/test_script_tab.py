"""The tab Your script: who has it, what it refuses before anything runs, and a profile that was started on it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bench.run.events import State
from bench.scheduler.script_jobs import PROFILE_RUNS, plan_script
from bench.storage.store import Store
from tests.support.estimator_runs import make_estimator_run
from tests.support.measurements import store_measurement
from tests.support.pages import list_downloads, open_page, read_page
from tests.support.script_profiles import make_profile, make_site
from tests.support.script_runs import write_script
from tests.support.waiting import wait_for
from ui import actions
from ui.views.race.followed_run import DisplayedRun
from ui.views.script import links, race
from workloads.script.script_call import ScriptCall
from workloads.script.tasks import RUNS

TAB = "Your script"
PROFILE, STOP = "script:profile-button", "script:profile-stop"
RACE, STOP_RACE = "script:race-button", "script:race-stop"
PATH, ARGUMENTS = "script:script.path", "script:script.arguments"
SCRIPT = "print('**bold** <img src=x> :material/home:', 1 + 2)\n"


def open_tab(path: str | Path = "", *, confirmed: bool = True, **query: str) -> AppTest:
    """The tab with what the address names. `confirmed`: as after a reload, and not by a link that nobody has read."""
    if confirmed:
        links.confirm(str(path), query.get("arguments", ""))
    query = {"tab": TAB, "cores": "1"} | {f"script.{name}": text for name, text in query.items()}
    return open_page("estimators", **(query | ({"script.path": str(path)} if path else {})))


def read_alerts(app: AppTest) -> str:
    """Titles and texts of all messages, without the marks of escaped Markdown."""
    alerts = [alert for kind in ("error", "warning", "info") for alert in app.get(kind)]
    return "\n".join(f"{alert.proto.title} {alert.value}" for alert in alerts).replace("\\", "").replace(":small[]", "")


def test_a_person_at_this_machine_has_the_tab():
    app = open_tab()
    assert app.session_state["estimators:tab"] == TAB
    assert "Enter the path of a Python script" in read_page(app)
    assert app.button(key=PROFILE).disabled and app.button(key=RACE).disabled and app.button(key=STOP).disabled
    shown = [code.value for code in app.code]
    assert any("patch_sklearn()" in code for code in shown)
    assert any("python -m sklearnex script.py" in code for code in shown)
    next(button for button in app.button if button.label == "Use the example").click().run()
    assert not app.exception and not app.error
    assert app.text_input(key=PATH).value.endswith("digits.py")
    assert not app.button(key=PROFILE).disabled and not app.button(key=RACE).disabled


@pytest.mark.parametrize("mode", ["served", "local, reached from elsewhere", "local, reached by another user"])
def test_nobody_else_has_it_and_a_link_to_it_opens_the_race_with_the_reason(monkeypatch, mode):
    monkeypatch.setenv("FAIRLAP_MODE", mode.partition(",")[0])
    if mode.endswith("elsewhere"):
        monkeypatch.setattr("ui.access.identity._comes_from_elsewhere", lambda: True)
    elif mode != "served":
        monkeypatch.setattr("ui.access.identity.read_client_uid", lambda: os.geteuid() + 1)
    app = open_tab("/etc/hostname")
    assert app.session_state["estimators:tab"] == "Race"
    assert PATH not in app.session_state and not app.text_input
    assert "only a browser of that user on that machine has it" in read_alerts(app)
    app.run()
    assert "does not have that tab" in read_alerts(app), "it outlasts the rerun that the browser's secret causes"
    app.session_state["estimators:tab"] = "Gallery"
    app.run()
    assert not app.exception and "does not have that tab" not in read_alerts(app)


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("no-such.py", {}, "no-such.py: there is no such file"),
        ("script.py", {"arguments": '--name "two words'}, "arguments: no closing quotation"),
        ("script.py", {"limit": "99999"}, "limit: expected an integer from 1 to 3,600, got 99,999"),
    ],
)
def test_what_cannot_be_run_is_refused_while_it_is_entered(tmp_path, path, query, message):
    write_script(tmp_path, "print(1)\n")
    app = open_tab(tmp_path / path, **query)
    assert message in read_alerts(app)
    assert app.button(key=PROFILE).disabled and app.button(key=RACE).disabled


@pytest.mark.parametrize("key", [PROFILE, RACE])
def test_what_is_no_python_is_refused_before_a_job_is_queued(tmp_path, key):
    app = open_tab(write_script(tmp_path, "x = 1\nprint('open\n"))
    app.button(key=key).click().run()
    assert not app.exception
    assert "script.py: line 2: unterminated string literal" in read_alerts(app)
    assert app.button(key=STOP).disabled and not Store().rows()


def test_it_says_beforehand_how_often_where_and_with_whose_rights_the_script_runs(tmp_path):
    app = open_tab(write_script(tmp_path, "print(1)\n"))
    (text,) = [markdown.value for markdown in app.markdown if "with all rights of the user" in markdown.value]
    assert f"**{PROFILE_RUNS} times**" in text and str(tmp_path) in text and PROFILE_RUNS == RUNS
    assert "at least 10 times" in text and "What it writes, it writes each time" in text


def test_a_script_is_profiled_from_the_page(tmp_path):
    """Without scikit-learn, because importing it five times takes long."""
    script = write_script(tmp_path, SCRIPT)
    app = open_tab(script)
    app.button(key=PROFILE).click().run()
    assert not app.exception and not app.error
    assert not app.button(key=STOP).disabled and app.button(key=RACE).disabled
    wait_for(lambda: app.run().button(key=STOP).disabled, 120)
    assert not app.exception
    # It is stored a moment after it has ended.
    (row,) = wait_for(lambda: Store().rows())
    assert (row.workload, row.task, row.state, row.origin) == ("script", "profile", State.FINISHED, "page")
    assert "The script calls nothing of scikit-learn" in read_page(app)
    assert "**bold** <img src=x> :material/home: 3" in [code.value for code in app.code], "as plain text"
    assert {"JSON", "CSV"} <= set(list_downloads(app))
    # There is nothing to race.
    assert app.button(key=RACE).disabled and "calls nothing of scikit-learn" in app.button(key=RACE).help
    # Another script has no profile yet, and a reload finds the one of this script.
    assert "calls nothing" not in read_page(open_tab(write_script(tmp_path, "print(2)\n", "other.py")))
    assert "calls nothing" in read_page(open_tab(script))


def test_a_script_that_never_ends_is_stopped(tmp_path):
    app = open_tab(write_script(tmp_path, "while True: pass\n"))
    app.button(key=PROFILE).click().run()
    wait_for(lambda: f"run 1 of {RUNS}" in read_page(app.run()))
    # Also after another script, or none, was entered.
    app.text_input(key=PATH).set_value("").run()
    assert app.button(key=PROFILE).disabled and not app.button(key=STOP).disabled
    app.button(key=STOP).click().run()
    (row,) = wait_for(lambda: Store().rows())
    assert row.state is State.STOPPED and not app.exception


def test_a_script_that_fails_names_the_reason_and_shows_its_output(tmp_path):
    app = open_tab(write_script(tmp_path, "print('loading'); input()\n"))
    app.button(key=PROFILE).click().run()
    wait_for(lambda: app.run().button(key=STOP).disabled)
    assert "EOFError" in read_alerts(app) and "Standard input is empty" in read_alerts(app)
    assert any(code.value == "loading" for code in app.code)


def test_a_race_gets_the_same_plan_and_its_headline_is_shown(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(actions, "start_race", lambda plan: started.append(plan) or "f" * 32)
    script = write_script(tmp_path, "print(1)\n")
    app = open_tab(script, arguments="--name 'two words'", limit="30", budget="90")
    app.button(key=RACE).click().run()
    assert not app.exception
    assert started == [plan_script(str(script), ["--name", "two words"], cores=1, budget_s=90, limit_s=30)]
    run = make_estimator_run(started[0])
    Store().save(run)
    app = open_tab(script, arguments="--name 'two words'", limit="30", budget="90")
    assert run.claim("total") and "The patched script is 2.0x faster" in read_page(app)
    assert any("run" in link.proto.query_string for link in app.get("page_link") if "Open the race" in link.proto.label)


def test_a_stored_profile_is_drawn_on_the_tab_and_on_the_page_of_runs(tmp_path):
    script = write_script(tmp_path, "print(1)\n")
    plan = plan_script(str(script), [], cores=1, budget_s=60, limit_s=60)
    result = make_profile(script, [make_site(script, 1, "SVC.fit", stock_s=4.0)])
    fields = plan.model_dump(exclude={"workload"})
    record = store_measurement("script", "profile", plan=fields, result=result)
    for app in (open_page("runs", run=record.id), open_tab(script)):
        assert list(app.dataframe[0].value["source"]) == ["line 1", ""] and app.get("plotly_chart")
    assert "up to about 14 times" in read_page(app), "a pair takes 13 s"


def can_start(app: AppTest) -> list[bool]:
    return [not app.button(key=key).disabled for key in (PROFILE, RACE)]


def test_a_script_that_a_link_names_has_to_be_confirmed(tmp_path):
    script = write_script(tmp_path, "print(1)\n")
    arguments = '-n1 "import os"'
    app = open_tab(script, confirmed=False, arguments=arguments)
    assert "This script comes from a link: read it first" in read_alerts(app)
    assert can_start(app) == [False, False] and "comes from a link" in app.button(key=PROFILE).help
    assert any(code.value == f"{script}\n{arguments}" for code in app.code)
    app.run()
    assert can_start(app) == [False, False], "it outlasts a rerun"
    app.button(key=links.CONFIRM_KEY).click().run()
    assert can_start(app) == [True, True] and "comes from a link" not in read_alerts(app)
    # A reload makes a new session.
    assert can_start(open_tab(script, confirmed=False, arguments=arguments)) == [True, True]
    assert can_start(open_tab(script, confirmed=False, arguments=f"{arguments} -v")) == [False, False]


def test_what_a_person_types_needs_no_confirmation_and_what_a_link_adds_to_it_does(tmp_path):
    script = write_script(tmp_path, "print(1)\n")
    app = open_tab(confirmed=False)
    app.text_input(key=PATH).set_value(str(script)).run()
    assert can_start(app) == [True, True]
    app = open_tab(confirmed=False, arguments="--evil")
    app.text_input(key=PATH).set_value(str(script)).run()
    assert can_start(app) == [False, False]
    app.text_input(key=ARGUMENTS).set_value("--mine").run()
    assert can_start(app) == [True, True]


def test_a_relative_path_is_refused_with_what_to_do():
    app = open_tab("assets/scripts/digits.py")
    assert "assets/scripts/digits.py: enter the whole path, such as /home/me/train.py" in read_alerts(app)
    assert f"{Path.cwd()}/assets/scripts/digits.py" in read_alerts(app) and can_start(app) == [False, False]


def test_a_script_that_was_edited_after_its_profile_can_be_raced(tmp_path):
    script = write_script(tmp_path, "print(1)\n")
    plan = plan_script(str(script), [], cores=1, budget_s=60, limit_s=60)
    result = make_profile(script, [], why_no_race="The script calls nothing of scikit-learn.")
    store_measurement("script", "profile", plan=plan.model_dump(exclude={"workload"}), result=result)
    app = open_tab(script)
    assert can_start(app) == [True, False] and "has changed" not in read_alerts(app)
    write_script(tmp_path, "import sklearn\n")
    app.run()
    assert can_start(app) == [True, True]
    assert "The script has changed since this profile" in read_alerts(app)
    assert "at least 10 times" in read_page(app), "the times of the earlier script forecast nothing"


def test_a_script_that_was_edited_after_its_race_is_marked(tmp_path):
    script = write_script(tmp_path, "print(1)\n")
    plan = plan_script(str(script), [], cores=1, budget_s=60, limit_s=60)
    run = make_estimator_run(plan)
    digest = ScriptCall(script, (), 1.0).digest()
    run.prepared = [prepared.model_copy(update={"data": digest}) for prepared in run.prepared]
    Store().save(run)
    app = open_tab(script)
    assert "2.0x faster" in read_page(app) and "has changed" not in read_alerts(app)
    write_script(tmp_path, "print(2)\n")
    assert "The script has changed since this race" in read_alerts(app.run())


def show_live_race(monkeypatch) -> None:
    """Any race waits for its turn."""
    monkeypatch.setattr(race, "load_displayed_run", lambda run_id: DisplayedRun(live=True, queue_position=1))
    monkeypatch.setattr(race, "draw_live_run", lambda workload, run_id, *, waiting: None)


def test_a_live_race_of_another_script_is_named_and_has_its_own_stop(tmp_path, monkeypatch):
    first, second = (write_script(tmp_path, "print(1)\n", name) for name in ("first.py", "second.py"))
    stopped: list[str] = []
    run_id = "f" * 32
    monkeypatch.setattr(actions, "start_race", lambda plan: run_id)
    monkeypatch.setattr(actions, "stop_job", stopped.append)
    show_live_race(monkeypatch)
    app = open_tab(first, arguments="--rows 3")
    app.button(key=RACE).click().run()
    assert "Race of `first.py --rows 3`" in read_page(app) and "of another script" not in read_page(app)
    app.text_input(key=PATH).set_value(str(second)).run()
    assert "Race of `first.py --rows 3`" in read_page(app)
    assert "This race is of another script or of other settings" in read_page(app)
    assert can_start(app) == [False, False]
    assert app.button(key=STOP).disabled and app.button(key=STOP).label == "Stop profile"
    assert "End the race" in app.button(key=STOP_RACE).help and app.button(key=STOP_RACE).label == "Stop race"
    app.button(key=STOP_RACE).click().run()
    assert stopped == [run_id]


def test_a_profile_and_a_race_that_go_on_at_once_have_a_stop_each(tmp_path, monkeypatch):
    script = write_script(tmp_path, "while True: pass\n")
    app = open_tab(script)
    app.button(key=PROFILE).click().run()
    show_live_race(monkeypatch)
    app.session_state[race.STARTED_KEY] = ("digest", "f" * 32, [str(script)])
    app.run()
    assert not app.button(key=STOP).disabled and not app.button(key=STOP_RACE).disabled
    assert "A profile waits or runs too" in read_page(app)
    app.button(key=STOP).click().run()
    (row,) = wait_for(lambda: Store().rows())
    assert row.state is State.STOPPED and not app.exception
