"""The section of the machine page that measures how much other work disturbs a measurement."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bench.formatting import format_percent
from bench.machine.last_noise import load_noise
from bench.machine.noise import QUIET_BELOW, USABLE_BELOW, Noise
from ui import actions
from ui.components.noise import measure_noise_if_free

NOISE_COLOURS = {"quiet": "green", "usable": "orange", "noisy": "red"}
NOISE_MEANINGS = {
    "quiet": "A short run can detect differences of a few percent between the arms.",
    "usable": "A run needs more time until its interval is narrow, but its result is valid.",
    "noisy": "Small differences cannot be detected. Reduce background load or increase the time budget.",
}
NOISE_REMEDIES = """\
- **Stop other programs**: browsers with many tabs, other containers, backups, an editor that indexes files.
- **Steal** is CPU time that the hypervisor gives to other machines: use a dedicated, non-burstable instance.
- **Fix the frequency**: use the `performance` governor and mains power; turn turbo off if heat limits it.
- **Leave cores free**: race on fewer cores than the machine has, so that the system can use the others.
- **Avoid heat and swap**: throttling and swapping appear in the live charts, and as notes in every claim.
"""


@st.fragment
def draw_noise_section() -> None:
    st.header("Noise")
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            why_not = actions.why_not_start()
            pressed = st.button(
                "Measure noise",
                icon=":material/graphic_eq:",
                key="machine_noise",
                type="primary",
                disabled=bool(why_not),
                help=why_not or None,
            )
            st.caption("Times a fixed piece of arithmetic repeatedly, on up to four cores, for at most two seconds.")
        if pressed:
            measure_noise_if_free()
        if noise := load_noise():
            _draw_noise(noise)
        with st.expander("What the score means, and how to make a machine quieter", icon=":material/help:"):
            _draw_explanation()


def _draw_noise(noise: Noise) -> None:
    measured = noise.at.replace("T", " ").replace("+00:00", " UTC")
    st.markdown(
        f":{NOISE_COLOURS[noise.word]}-badge[{noise.word}] {NOISE_MEANINGS[noise.word]} "
        f":small[measured {measured}, {noise.repetitions:,} repetitions]"
    )
    grid = st.grid(6, min_column_width=115)
    for label, value, help_text in (
        ("Score", f"{noise.score:.1f} %", "Spread plus late share, on the worst core."),
        ("Spread", f"{noise.spread:.1f} %", "Interquartile range divided by the median."),
        ("Late", f"{noise.late:.1f} %", "Share of repetitions that took over 10 % longer than the median."),
        ("Worst pause", f"{noise.worst_pause_ms:.1f} ms", "Longest time of one repetition beyond the median."),
        ("Steal", _format_share(noise.steal), "Share of the CPU time that the hypervisor took."),
        ("Others", _format_busy_cores(noise.background_cores), "Cores that other programs kept busy meanwhile."),
    ):
        with grid.container(gap=None):
            st.caption(label, help=help_text)
            st.markdown(f":large[**{value}**]")


def _format_share(share: float | None) -> str:
    return "unknown" if share is None else format_percent(share)


def _format_busy_cores(count: float | None) -> str:
    return "unknown" if count is None else f"{count:.2f} cores"


def _draw_explanation() -> None:
    st.markdown(
        "On a quiet machine the arithmetic always takes the same time. The **score** is the spread of the repetitions "
        "plus the share of late ones, in percent, on the worst core. The rating is the worst of three: that of the "
        "score, that of the load of other programs, and that of steal."
    )
    st.table(
        {
            "": ["score", "other programs", "steal"],
            ":green-badge[quiet] below": _format_limits(QUIET_BELOW),
            ":orange-badge[usable] below": _format_limits(USABLE_BELOW),
        },
        border="horizontal",
        width="content",
        alt="Limits of the ratings quiet and usable; above them the machine is noisy",
    )
    st.markdown("**How to make a machine quieter**")
    st.markdown(NOISE_REMEDIES)


def _format_limits(limits: Mapping[str, float]) -> list[str]:
    return [f"{limits['score']:g} %", f"{limits['background']:g} cores", f"{100 * limits['steal']:g} %"]
