"""TODO: ui.views.machine.noise."""

from __future__ import annotations

import os
from collections.abc import Mapping

import streamlit as st

from bench.formatting import format_percent
from bench.machine.noise import QUIET_BELOW, USABLE_BELOW, Noise, NoiseError, measure_noise
from ui import services

NOISE_COLOURS = {"quiet": "green", "usable": "orange", "noisy": "red"}


NOISE_MEANINGS = {
    "quiet": "Differences of a few percent between the arms can be seen within a short run.",
    "usable": "A run takes longer until its interval is narrow, but what it says holds.",
    "noisy": "Small differences drown. Quiet the machine first, or give a run a larger budget.",
}


NOISE_REMEDIES = """\
- **Close what else runs**: browsers with many tabs, other containers, backups, an editor that indexes.
- **Steal** is time that the hypervisor gave to others: use an instance that is neither shared nor burstable.
- **Fix the frequency**: the `performance` governor, mains power, and turbo off where the heat limits it.
- **Leave cores free**: race on fewer cores than there are, so that the system has somewhere to be.
- **Keep it cool and out of swap**: throttling and swapping show in the live charts and are noted in every claim.
"""


class _LastNoise:
    """The last measurement of noise, the same for everybody who looks."""

    noise: Noise | None = None


@st.cache_resource(show_spinner=False)
def _get_last_noise() -> _LastNoise:
    return _LastNoise()


@st.fragment
def draw_noise_section() -> None:
    st.subheader("How quiet it is")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button("Measure noise", icon=":material/graphic_eq:", key="machine_noise", type="primary")
            st.caption("Times a fixed piece of arithmetic over and over on up to four cores, for two seconds at most.")
        if pressed:
            _measure_if_free()
        if noise := _get_last_noise().noise:
            _draw_noise(noise)
        with st.expander("What the score means, and what to do about a noisy machine", icon=":material/help:"):
            _draw_explanation()


def _measure_if_free() -> None:
    """Measure, unless a race runs: each would spoil the other's figures."""
    dispatcher = services.get_dispatcher()
    if entries := dispatcher.entries():
        st.warning(
            f"{entries[0].title} is racing or about to: the measurement would disturb the race, and the race the "
            "measurement. Measure when the queue is empty.",
            title="Not while a race runs",
            icon=":material/block:",
        )
        return
    # With the machine's lock in hand no race begins meanwhile; it waits these two seconds.
    lock = dispatcher.queue.take_machine()
    if lock is None:
        st.warning("A race is just ending. Try again in a moment.", icon=":material/hourglass_empty:")
        return
    try:
        with st.spinner("Timing each core …"):
            _get_last_noise().noise = measure_noise()
    except NoiseError as error:
        st.error(str(error), icon=":material/error:")
    finally:
        os.close(lock)


def _draw_noise(noise: Noise) -> None:
    st.markdown(
        f":{NOISE_COLOURS[noise.word]}-badge[{noise.word}] {NOISE_MEANINGS[noise.word]} :small[{_describe_measurement(noise)}]"
    )
    grid = st.grid(6, min_column_width=115)
    for label, value, help_text in (
        ("Score", f"{noise.score:.1f} %", "Spread and late share together, of the worst core."),
        ("Spread", f"{noise.spread:.1f} %", "Interquartile range over the median."),
        ("Late", f"{noise.late:.1f} %", "Repetitions that took over 10 % longer than the median."),
        ("Worst pause", f"{noise.worst_pause_ms:.1f} ms", "The longest time over the median that one repetition took."),
        ("Steal", _format_share(noise.steal), "Time that the hypervisor took."),
        ("Others", _format_busy_cores(noise.background_cores), "Cores that other programs kept busy meanwhile."),
    ):
        with grid.container(gap=None):
            st.caption(label, help=help_text)
            st.markdown(f"##### {value}")


def _describe_measurement(noise: Noise) -> str:
    return f"measured {noise.at.replace('T', ' ').replace('+00:00', ' UTC')}, {noise.repetitions:,} repetitions"


def _format_share(share: float | None) -> str:
    return "not told" if share is None else format_percent(share)


def _format_busy_cores(count: float | None) -> str:
    return "not told" if count is None else f"{count:.2f} cores"


def _draw_explanation() -> None:
    st.markdown(
        "On a quiet machine the arithmetic takes the same time each time. The **score** is the spread of ordinary "
        "repetitions plus the share that came late, in percent, on the worst core. The word is the worst of what the "
        "score, other programs' load and steal each say:"
    )
    st.table(
        {
            "": ["score", "other programs", "steal"],
            ":green-badge[quiet] below": _format_limits(QUIET_BELOW),
            ":orange-badge[usable] below": _format_limits(USABLE_BELOW),
        },
        border="horizontal",
        width="content",
        alt="Limits of the words quiet and usable; above them the machine is noisy",
    )
    st.markdown("**A noisy machine**")
    st.markdown(NOISE_REMEDIES)


def _format_limits(limits: Mapping[str, float]) -> list[str]:
    return [f"{limits['score']:g} %", f"{limits['background']:g} cores", f"{100 * limits['steal']:g} %"]
