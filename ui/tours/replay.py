"""Plays the recording of a step in place of its page, at the pace of the race or faster.

The recorded run is drawn by the same code as a live race and a stored one, with its mark everywhere.
"""

from __future__ import annotations

import streamlit as st

from bench.plan.validation import PlanError
from bench.run.replay import Replay
from bench.storage.store import StoreError
from ui.access.redaction import describe_error, describe_text
from ui.design.browser import rerun_after_theme_change
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress
from ui.run_view.view import draw_run
from ui.tours.model import Step, Tour
from ui.tours.playing import PACES, REFRESH_S, ReplaySession
from ui.tours.recordings import find_recording
from ui.tours.session import TourSession, make_step_plan
from ui.views.race.live import LIVE_CONTAINER_KEY, NO_FADE_STYLE
from ui.views.race.result_part import find_live_part, find_result_part

RUN_KEY = "replay-run"
PROBLEM_KEY = "tour:replay-problem"
"""Session key of why a recording could not be played."""
NO_RECORDING = (
    "There is no recording of this race: no finished run of its plan is stored here, and none comes with Fairlap. Run "
    "the race once before the demo, or name a recording in the file of the tour."
)


def start_replay(session: TourSession, tour: Tour) -> None:
    """Play the recording of the step where the session is: of a step with a race from its beginning, of one that looks
    at a result its end. Without a recording, the page says why."""
    step = tour.steps[session.position]
    try:
        plan = make_step_plan(step, rehearsal=False)
    except PlanError:
        plan = None  # More cores than this machine has: a recording of the case is shown with what differs.
    try:
        recording = find_recording(step, tour.folder, plan)
        if recording is None:
            st.session_state[PROBLEM_KEY] = NO_RECORDING
            return
        replay = Replay(recording.run)
    except (OSError, StoreError, ValueError) as error:
        st.session_state[PROBLEM_KEY] = describe_error(error)
        return
    differences = recording.differences and f"It was raced with other settings: {recording.differences}."
    note = " ".join(text for text in (recording.problem, differences) if text)
    session.replay = ReplaySession(replay, note)
    if step.race:
        session.replay.play()
    else:
        session.replay.skip_to_end()


def toggle_replay(session: TourSession, tour: Tour) -> None:
    """Play the recording of the step, or go back to its page. Nothing for a step that shows no run. For callbacks."""
    if session.replay:
        stop_replay(session)
    elif tour.steps[session.position].shows_run:
        start_replay(session, tour)


def stop_replay(session: TourSession) -> None:
    session.replay = None


def draw_replay_problem() -> None:
    """Why the recording that was asked for is not played. Once."""
    if problem := st.session_state.pop(PROBLEM_KEY, ""):
        st.warning(problem, title="No recording", icon=":material/videocam_off:")


def draw_replay(session: TourSession, step: Step) -> None:
    """The recording that the session plays, in place of a page."""
    playing = session.replay
    assert playing
    st.title(escape_markdown(step.title))
    if playing.note:
        st.info(describe_text(playing.note), icon=":material/info:")
    _draw_controls(session, playing)
    if playing.is_over:
        run = playing.replay.at(playing.replay.duration_s)
        draw_run(run, key=RUN_KEY, live=False, draw_result=find_result_part(run.plan.workload))
        return
    st.html(NO_FADE_STYLE)
    is_playing = playing.playing_since is not None
    st.fragment(_draw_moment, run_every=REFRESH_S if is_playing else None)(playing)


def _draw_moment(playing: ReplaySession) -> None:
    rerun_after_theme_change()
    if playing.is_over:
        playing.skip_to_end()
        st.rerun()
    now_s, duration_s = playing.now_s, playing.replay.duration_s
    run = playing.replay.at(now_s)
    draw_progress(now_s / duration_s, f"{now_s:.0f} of {duration_s:.0f} s of the recording", "Progress of the replay")
    with st.container(key=LIVE_CONTAINER_KEY):
        draw_run(run, key=RUN_KEY, live=True, draw_result=find_live_part(run.plan.workload))


def _draw_controls(session: TourSession, playing: ReplaySession) -> None:
    is_playing = playing.playing_since is not None
    with st.container(horizontal=True, vertical_alignment="center", key="replay-controls"):
        st.button(
            "Back to the page",
            icon=":material/arrow_back:",
            key="replay-stop",
            on_click=stop_replay,
            args=(session,),
        )
        if is_playing:
            st.button("Pause", icon=":material/pause:", key="replay-pause", on_click=playing.pause)
        else:
            label = "Play again" if playing.is_over else "Play"
            st.button(label, icon=":material/play_arrow:", key="replay-play", on_click=playing.play)
        st.segmented_control(
            "Pace",
            PACES,
            default=playing.pace,
            format_func=lambda pace: f"{pace}x",
            key="replay-pace",
            label_visibility="collapsed",
            required=True,
            on_change=lambda: playing.set_pace(st.session_state["replay-pace"]),
            width="content",
        )
        st.button(
            "Skip to the end",
            icon=":material/skip_next:",
            key="replay-end",
            on_click=playing.skip_to_end,
            help="Key: E",
            disabled=playing.is_over,
        )
