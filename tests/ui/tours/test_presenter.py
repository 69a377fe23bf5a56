"""The presenter view: what it shows of a step, and where its keys lead."""

import pytest

from bench.claims.best_step import find_headline_step
from bench.claims.headline import write_headline
from bench.claims.verdict import decide_claims
from bench.plan.query import from_query
from bench.run.outcome import describe_recording
from bench.run.replay import Replay
from bench.system.limits import core_limit
from bench.values.samples import TOTAL
from tests.support.pages import read_page
from tests.support.recorded_race import load_recorded_race
from tests.support.runs import make_claim_run
from tests.support.stored_runs import store_run
from tests.ui.tours.test_tours import find_session, open_link, own_tours  # noqa: F401
from ui.tours.catalogue import SHIPPED_FOLDER, load_catalogue
from ui.tours.model import Step
from ui.tours.playing import ReplaySession
from ui.tours.presenter import (
    FIRST_RUN_PART,
    INTRODUCTION,
    WHOLE_PAGE,
    act_on_parts,
    describe_part,
    list_presented_parts,
)
from ui.tours.presenter_style import LEAVE_KEY
from ui.tours.reading import read_tour
from ui.tours.session import TourSession
from ui.views.method.ways import TRICK_KEY, WAY_KEY

TOUR = """title = "A tour"
audience = "Testers"
minutes = 5

[[steps]]
title = "Rules"
text = "All rules."
page = "rules"
notes = "The secret of the speaker."

[[steps]]
title = "Race"
text = "Both arms take turns."
page = "colour-quantization"
race = true
look_at = ["code", "times", "ratio", "claim"]
notes = "Another secret."
"""
PARTS = (INTRODUCTION, "code", "times", "ratio", "claim")


@pytest.fixture
def tour(own_tours):  # noqa: F811
    (own_tours / "mine.toml").write_text(TOUR)
    return load_catalogue().tours["mine"]


@pytest.fixture
def session(tour, monkeypatch) -> TourSession:
    monkeypatch.setattr("streamlit.session_state", {})
    return TourSession("mine", has_moved=False, presenting=True)


def present(step: int, part: int):
    app = open_link(tour="mine", tour_step=str(step))
    find_session(app).presenting, find_session(app).part = True, part
    app.run()
    assert not app.exception
    return app


def store_last_run():
    """A finished run of the plan of the race."""
    plan = from_query("colour-quantization", {}, core_limit=core_limit())
    run = make_claim_run()
    run.plan, run.digest = plan, plan.digest
    run.claims = decide_claims(run)
    return store_run(run, "a" * 32)


def read_metrics(app) -> list[str]:
    return [metric.value for metric in app.metric]


def test_one_part_at_a_time_without_sidebar_controls_and_notes(tour):
    app = present(2, 0)
    page = read_page(app)
    assert "# Race" in page and "Both arms take turns." in page and "part 1 of 5" in page
    assert "secret" not in page and not app.sidebar.markdown and not app.metric
    assert [button.key for button in app.button] == [LEAVE_KEY]
    assert app.code.len == 0
    app = present(2, PARTS.index("code"))
    assert app.code.len == 1 and "patch" in app.code[0].value and not app.metric


def test_before_the_first_run_it_says_what_will_be_raced(tour):
    page = read_page(present(2, PARTS.index("times")))
    assert "stock scikit-learn" in page and "against" in page and "Not raced yet" in page


def test_the_last_run_is_said_to_be_one_and_has_the_numbers_of_its_page(tour):
    run = store_last_run()
    on_page = read_metrics(open_link(tour="mine", tour_step="2"))
    app = present(2, PARTS.index("times"))
    page = read_page(app)
    assert "Last run of these settings" in page
    assert write_headline(run, find_headline_step(run) or TOTAL).sentence in page.replace("\\", "")
    assert len(app.metric) == 2
    shown = read_metrics(app) + read_metrics(present(2, PARTS.index("ratio")))
    assert shown == on_page[:3]


def test_a_page_without_a_race_is_the_real_one_with_large_type(tour):
    app = present(1, 1)
    page = read_page(app)
    assert "part 2 of 2" in page and app.title and "secret" not in page


def test_next_and_back_go_through_the_parts_and_then_the_steps(session, tour):
    visited = []
    for _ in range(9):
        visited.append((session.position, session.part))
        act_on_parts(session, tour, "next")
    assert visited == [(0, 0), (0, 1), *((1, part) for part in range(5)), (1, 4), (1, 4)]
    act_on_parts(session, tour, "back")
    assert (session.position, session.part) == (1, 3)
    for _ in range(4):
        act_on_parts(session, tour, "back")
    assert (session.position, session.part) == (0, 1), "the last part of the step before"
    for _ in range(3):
        act_on_parts(session, tour, "back")
    assert (session.position, session.part) == (0, 0)


def test_the_way_of_a_step_comes_back_after_parts_without_its_page(own_tours):  # noqa: F811
    settings = '[steps.settings]\nway = "truncated-axis"\napply = true'
    (own_tours / "mine.toml").write_text(
        TOUR[: TOUR.index('page = "rules"')] + f'page = "method"\nlook_at = ["trick"]\n{settings}\n'
    )
    store_last_run()
    app = open_link(tour="mine", tour_step="1")
    for part in (0, 1):
        find_session(app).presenting, find_session(app).part = True, part
        app.run()
        assert not app.exception
    assert app.radio(key=WAY_KEY).value == "truncated-axis" and app.toggle(key=TRICK_KEY).value


def test_run_shows_the_first_part_of_the_race(session, tour):
    act_on_parts(session, tour, "run")
    assert not session.wants_race, "the first step has no race"
    session.move_to(1)
    act_on_parts(session, tour, "run")
    assert session.wants_race and PARTS[session.part] == "times"
    session.part = PARTS.index("ratio")
    act_on_parts(session, tour, "run")
    assert PARTS[session.part] == "ratio", "a part of the race stays"


@pytest.mark.parametrize("part", ["times", "ratio", "claim"])
def test_a_replay_is_shown_part_by_part_with_its_mark(tour, part):
    recorded = load_recorded_race()
    app, mark = present(2, PARTS.index(part)), describe_recording(recorded)
    for share in (0.1, 0.6, 1.0):
        playing = find_session(app).replay = ReplaySession(Replay(recorded))
        playing.position_s = share * playing.replay.duration_s
        app.run()
        assert not app.exception, app.exception
        page = read_page(app).replace("\\", "")
        assert f"Replay: {mark}" in page and f"{mark}: " in page
        assert all(mark in metric.label for metric in app.metric)
    assert bool(app.metric) is (part != "claim")


def test_the_recording_goes_to_the_first_part_of_the_run_and_to_its_end(session, tour):
    session.position = 1
    act_on_parts(session, tour, "replay")
    assert PARTS[session.part] == "times" and session.replay and not session.replay.is_over
    act_on_parts(session, tour, "end")
    assert session.replay.is_over
    act_on_parts(session, tour, "next")
    assert PARTS[session.part] == "ratio" and session.replay


def test_leaving_opens_the_page_of_the_step(session, tour):
    session.move_to(1)
    session.has_moved = False
    act_on_parts(session, tour, "present")
    assert not session.presenting and session.has_moved and session.position == 1


def test_every_step_has_parts_with_names():
    race = Step("Race", "", "bert", race=True)
    assert list_presented_parts(race) == (INTRODUCTION, FIRST_RUN_PART)
    assert list_presented_parts(Step("Ask", "", "bert", {"tab": "Ask"})) == (INTRODUCTION, WHOLE_PAGE)
    for file in SHIPPED_FOLDER.glob("*.toml"):
        for step in read_tour(file, shipped=True).steps:
            assert all(describe_part(step, part) for part in list_presented_parts(step))
