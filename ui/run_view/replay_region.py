"""The region of the page in which a replay is drawn: a banner on top, and the mark over everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from bench.run.outcome import describe_recording
from bench.run.record import Run
from ui.design.markdown import escape_markdown
from ui.design.marking import build_region_style, mark_drawings

REGION_KEY = "replay-region"


@contextmanager
def draw_replay_region(run: Run, *, has_banner: bool = True) -> Iterator[None]:
    """Draw what is drawn inside as a part of a replay. There is one on a page."""
    mark = describe_recording(run)
    st.html(build_region_style(mark, REGION_KEY))
    with st.container(key=REGION_KEY, gap="small"):
        if has_banner:
            st.warning(
                f"**{escape_markdown(mark)}**, played again. Nothing is measured now, and nothing is stored or "
                "exported.",
                title="Replay",
                icon=":material/history:",
            )
        with mark_drawings(mark):
            yield
