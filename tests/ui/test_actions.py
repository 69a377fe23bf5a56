"""The gate in front of the scheduler, the store and the uploads: it refuses whatever a page or a browser has asked."""

from __future__ import annotations

import io
import random
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from bench import paths
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.scheduler import dispatcher, race_series
from bench.scheduler.queue import Queue
from bench.storage.store import Store
from bench.workload.interface import BadInput
from tests.support.measurements import make_measurement
from tests.support.waiting import wait_for
from tests.ui.views.conftest import racing  # noqa: F401
from ui import admission
from ui.access import identity
from ui.access.visitor import Denied, Role, Visitor

OWNER, OTHER = (f"browser:{digit * 64}" for digit in "12")
PRELUDE = """
import streamlit as st
from bench.plan.validation import make_plan
from ui import actions
from bench.scheduler.series_goals import ResultGoal
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from ui.access.visitor import Denied
parameters = load_workloads()["colour-quantization"].parameters
upload = next(parameter.upload for parameter in parameters if parameter.name == "image")
plan = make_plan("colour-quantization", cores=1, budget_s=5)
try:
    st.text("done " + str({call}))
except Denied as denied:
    st.text("denied " + str(denied))
except BadInput as error:
    st.text("bad input " + str(error))
"""


@pytest.fixture(autouse=True)
def served(monkeypatch: pytest.MonkeyPatch, clear_streamlit_caches) -> None:
    monkeypatch.setenv("FAIRLAP_MODE", "served")


def call(expression: str, visitor: str = OWNER) -> str:
    """What the gate answers to a session of `visitor`."""
    app = AppTest.from_string(PRELUDE.replace("{call}", expression), default_timeout=30)
    if visitor:
        app.session_state["access:browser"] = visitor
    app.run()
    assert not app.exception
    return app.text[0].value


def save_file(content: bytes) -> str:
    """The call that hands in a picture."""
    return f"actions.save_file({content!r}, 'picture.png', upload)"


def make_picture() -> bytes:
    """A PNG file of 3.0 to 3.2 KB."""
    file = io.BytesIO()
    Image.frombytes("RGB", (32, 32), random.Random(0).randbytes(32 * 32 * 3)).save(file, format="PNG")
    return file.getvalue()


def store_measurement(owner: str) -> str:
    record = make_measurement("trial", "count", {"to": 3}).model_copy(update={"owner": owner})
    Store().save(record)
    return record.id


def test_a_browser_that_has_not_identified_itself_changes_nothing(home) -> None:
    for expression in ("actions.start_race(plan)", save_file(b"x"), "actions.measure_noise_now()"):
        assert call(expression, visitor="").startswith("denied Your browser has not identified itself yet")
    assert not list(paths.uploads().iterdir())


@pytest.mark.parametrize(
    ("owner", "visitor", "deleted"), [(OWNER, OWNER, True), (OTHER, OWNER, False), ("", OWNER, False)]
)
def test_only_the_owner_deletes(owner: str, visitor: str, deleted: bool) -> None:
    job = store_measurement(owner)
    answer = call(f"actions.delete_jobs([{job!r}])", visitor)
    assert answer.startswith("done" if deleted else "denied Only the visitor who started it")
    assert (Store().row(job) is None) is deleted


def test_of_several_jobs_none_is_deleted_if_one_is_anothers() -> None:
    jobs = [store_measurement(OWNER), store_measurement(OTHER)]
    assert call(f"actions.delete_jobs({jobs})").startswith("denied")
    assert all(Store().row(job) for job in jobs)


def test_only_the_owner_stops(racing) -> None:  # noqa: F811
    for job in (racing.entry.job_id, store_measurement(OTHER), "0" * 32, "../../etc/passwd"):
        assert call(f"actions.stop_job({job!r})").startswith("denied Only the visitor who started it"), job
        assert call(f"actions.why_not_stop({job!r})").startswith("done Only the visitor who started it"), job


def test_a_forged_plan_is_refused_behind_the_page() -> None:
    expression = "actions.start_race(make_plan('modin', parameters={'file': '/etc/passwd'}))"
    assert call(expression).startswith("denied file: this server does not take a path")
    assert call("actions.start_race(plan.model_copy(update={'budget_s': 3600.0}))").startswith("denied The time budget")
    expression = "actions.start_measurement(make_plan('bert', parameters={'model': 'a/b'}), 'quantize', {})"
    assert call(expression).startswith("denied model: this server does not take a path")


@pytest.mark.parametrize("is_operator", [False, True])
@pytest.mark.parametrize(
    "call_action",
    [
        "start_race({plan})",
        "start_series([ResultGoal({plan})])",
        "start_measurement({plan}, 'profile', {})",
        "ask({plan}, 'profile', {})",
        "prepare({plan}, 'profile')",
    ],
)
def test_a_served_dashboard_runs_no_script(monkeypatch, call_action: str, is_operator: bool) -> None:
    if is_operator:
        visitor = Visitor(Role.OPERATOR, "person:1", signed_in=True)
        monkeypatch.setattr("ui.actions.find_visitor", lambda: visitor)
        monkeypatch.setattr("ui.admission.find_visitor", lambda: visitor)
    plan = "make_plan('script', cores=1, parameters={'script': '/etc/hostname'})"
    answer = call(f"actions.{call_action.replace('{plan}', plan)}")
    assert "Scripts are started on the machine itself only" in answer
    assert answer.startswith("denied")
    assert not Queue().entries() and not Store().rows()


def test_the_time_budget_of_a_search_has_the_limit_of_races(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_MAX_BUDGET_S", "60")
    search = "actions.start_measurement(make_plan('modin', cores=1), 'break_even', {})"
    assert call(search).startswith("denied The time budget is 120 s, and visitors of this server may use 60")
    plan = make_plan("modin", cores=1)
    admission.check_search_time(plan, "break_even", {"budget_s": 60}, Visitor(Role.RUNNER))
    admission.check_search_time(plan, "break_even", {"budget_s": 600}, Visitor(Role.OPERATOR))


def test_a_visitor_is_told_to_stop_only_what_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_MAX_VISITOR_JOBS", "1")
    visitor = f"browser:{'7' * 64}"
    occupied = admission.usage.starting
    occupied[visitor] += 1
    try:
        assert call("actions.start_race(plan)", visitor).endswith("Wait until one ends.")
    finally:
        del occupied[visitor]


def test_a_long_name_of_a_signed_in_visitor_is_cut() -> None:
    ownership = admission.describe_owner(Visitor(Role.RUNNER, "person:1", "Ann\n" + "n" * 10_000, signed_in=True))
    assert ownership["requester"] == "Ann" + "n" * 57


def test_many_uploaders_do_not_make_the_server_forget_what_a_visitor_has_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "usage", admission.Usage())
    monkeypatch.setattr(admission, "MAX_UPLOADERS", 2)
    monkeypatch.setenv("FAIRLAP_MAX_VISITOR_UPLOAD_MB", "0.004")
    picture = save_file(make_picture())
    visitors = [f"browser:{digit * 64}" for digit in "89a"]
    for visitor in visitors[:2]:
        assert call(picture, visitor).startswith("done")
    assert call(picture, visitors[2]).startswith("denied Too many visitors have uploaded files today")
    assert call(picture, visitors[0]).startswith("denied The file has 0.0 MB, and you have uploaded")
    # A day later their uploads are forgotten.
    for visitor in visitors[:2]:
        yesterday = {bucket - 25: size for bucket, size in admission.usage.uploads[visitor].items()}
        admission.usage.uploads[visitor] = yesterday
    assert call(picture, visitors[2]).startswith("done")
    assert list(admission.usage.uploads) == [visitors[2]]


def test_the_queue_has_a_limit_for_all(monkeypatch: pytest.MonkeyPatch, racing) -> None:  # noqa: F811
    monkeypatch.setenv("FAIRLAP_MAX_QUEUE", "1")
    assert call("actions.start_race(plan)").startswith("denied 1 jobs wait or run, the most that this server takes")


GOALS = "[ResultGoal(plan.model_copy(update={'seed': seed})) for seed in (1, 2, 3)]"


def test_a_series_ends_when_its_visitor_may_queue_no_more(monkeypatch, racing) -> None:  # noqa: F811
    monkeypatch.setenv("FAIRLAP_MAX_VISITOR_JOBS", "1")
    visitor = f"browser:{'4' * 64}"
    own = re.findall("[0-9a-f]{32}", call("actions.start_race(plan)", visitor))
    try:
        assert call(f"actions.start_series({GOALS})", visitor) == "done None"
        wait_for(lambda: "True" in call("actions.find_series().progress.over", visitor))
        assert "You have 1 jobs that wait or run" in call("actions.find_series().progress.why_ended", visitor)
        assert call("actions.find_series()") == "done None", "another visitor has none"
    finally:
        call(f"[actions.stop_job(job_id) for job_id in {own!r}]", visitor)


def test_a_visitor_has_one_series_and_only_that_visitor_stops_it(racing) -> None:  # noqa: F811
    visitor = f"browser:{'7' * 64}"
    assert call(f"actions.start_series({GOALS})", visitor) == "done None"
    try:
        wait_for(lambda: call("len(actions.find_series().progress.job_id)", visitor) == "done 32")
        assert call(f"actions.start_series({GOALS})", visitor).startswith("denied A series of races of yours goes on")
        assert call("actions.stop_series()") == "done None", "another visitor stops nothing"
        assert call("actions.find_series().progress.over", visitor) == "done False"
    finally:
        call("actions.stop_series()", visitor)
    wait_for(lambda: call("actions.find_series().progress.over", visitor) == "done True")
    assert call("actions.find_series().progress.raced", visitor) == "done 0"
    assert call("repr(actions.find_series().progress.why_ended)", visitor) == "done ''", "the visitor knows"


def test_a_series_of_a_visitor_ends_after_its_time(monkeypatch, racing) -> None:  # noqa: F811
    monkeypatch.setenv("FAIRLAP_MAX_SERIES_S", "0.000001")
    visitor = f"browser:{'8' * 64}"
    assert call(f"actions.start_series({GOALS})", visitor) == "done None"
    wait_for(lambda: call("actions.find_series().progress.over", visitor) == "done True")
    assert "The series has taken 0 s" in call("actions.find_series().progress.why_ended", visitor)
    assert not Store().rows() and len(Queue().entries()) == 1
    monkeypatch.setenv("FAIRLAP_MAX_SERIES_S", "60")
    admission.check_series_time(Visitor(Role.RUNNER, visitor), 59)
    with pytest.raises(Denied, match="has taken 61 s"):
        admission.check_series_time(Visitor(Role.RUNNER, visitor), 61)
    admission.check_series_time(Visitor(Role.OPERATOR), 1e6)


def test_a_visitor_whose_rights_were_taken_away_races_no_more(monkeypatch, racing) -> None:  # noqa: F811
    visitor, role = f"browser:{'9' * 64}", [Role.RUNNER]
    monkeypatch.setattr(identity, "_identify_anonymous", lambda browser: Visitor(role[0], browser, "visitor"))

    def revoke(plans, is_stopped) -> list[None]:
        """The series has begun, and queues its first race next."""
        role[0] = Role.VIEWER
        return [None] * len(plans)

    monkeypatch.setattr(race_series, "find_bad_inputs", revoke)
    assert call(f"actions.start_series({GOALS})", visitor) == "done None"
    wait_for(lambda: call("actions.find_series().progress.over", visitor) == "done True")
    assert "Visitors of this server may look only" in call("actions.find_series().progress.why_ended", visitor)
    assert len(Queue().entries()) == 1


def test_viewers_start_no_series() -> None:
    assert call(f"actions.start_series({GOALS})", "").startswith("denied Your browser has not identified itself")


@contextmanager
def blocking_check(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The check of inputs waits: an event that it has begun, and one that lets it go on."""
    began, go_on = threading.Event(), threading.Event()

    def wait(plan: Plan) -> None:
        began.set()
        assert go_on.wait(60)
        raise BadInput("the input is damaged", "Use another file.")

    monkeypatch.setattr(dispatcher, "check_inputs", wait)
    try:
        yield began, go_on
    finally:
        go_on.set()


def test_no_visitor_waits_for_the_check_of_another_and_a_checked_job_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_MAX_VISITOR_JOBS", "1")
    first, other = f"browser:{'5' * 64}", f"browser:{'6' * 64}"
    with blocking_check(monkeypatch) as (began, go_on), ThreadPoolExecutor(1) as pool:
        checking = pool.submit(call, "actions.start_race(plan)", first)
        assert began.wait(30)
        # An upload and the limits of another visitor are decided while the first one's input is checked.
        assert not call(save_file(make_picture()), other).startswith("denied")
        assert call("actions.start_race(plan)", first).startswith("denied You have 1 jobs that wait or run")
        monkeypatch.setenv("FAIRLAP_MAX_QUEUE", "1")
        assert call("actions.start_race(plan)", other).startswith("denied 1 jobs wait or run")
        go_on.set()
        assert checking.result(30).startswith("bad input")
        # The place is free again.
        assert call("actions.start_race(plan)", first).startswith("bad input")


def test_uploads_have_a_limit_per_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_MAX_VISITOR_UPLOAD_MB", "0.004")
    picture = save_file(make_picture())
    first, other = f"browser:{'3' * 64}", f"browser:{'4' * 64}"
    monkeypatch.setenv("FAIRLAP_MAX_DISK_GB", "1")
    assert not call(picture, first).startswith("denied")
    assert call(picture, first).startswith("denied The file has 0.0 MB, and you have uploaded")
    assert not call(picture, other).startswith("denied")


def test_the_disk_has_a_limit_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    store_measurement(OTHER)
    monkeypatch.setenv("FAIRLAP_MAX_DISK_GB", "0")
    assert call("actions.start_race(plan)").startswith("denied The data folder of this server has reached its limit")
    assert call(save_file(b"x")).startswith("denied The data folder")


def test_a_local_server_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_MODE", "local")
    job = store_measurement(OTHER)
    assert call(f"actions.delete_jobs([{job!r}])", visitor="").startswith("done")
    assert Store().row(job) is None
