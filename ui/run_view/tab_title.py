"""What the browser's tab is called while it shows a run."""

from __future__ import annotations

from bench.claims.headline import write_headline
from bench.run.record import Run
from bench.values.claims import UNDECIDED, ClaimState


def describe_tab(title: str, run: Run | None) -> str:
    """The state or the result of `run` on the page `title`: `Racing, BERT` or `1.4x faster, Colour quantization`."""
    if run is None:
        return title
    if not run.state.over:
        return f"{run.state.value.capitalize()}, {title}"
    headline = write_headline(run)
    if headline.state in (None, ClaimState.NONE) or headline.speed is None:
        return f"{(headline.state or UNDECIDED).capitalize()}, {title}"
    return f"{headline.ratio_text} {headline.speed.value}, {title}"
