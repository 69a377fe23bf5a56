"""Sessions share the figures of a run, but strangers do not get those that were built for an operator."""

import plotly.graph_objects as go
import pytest

from bench.run.record import Run
from ui.run_view.figures import RunChart


def test_strangers_and_operators_have_figures_of_their_own(finished: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []

    def draw(mode: str) -> go.Figure:
        monkeypatch.setenv("FAIRLAP_MODE", mode)

        def build() -> go.Figure:
            built.append(mode)
            return go.Figure(layout={"title": mode})

        return RunChart(finished, "test", "light", 1, build, "chart").figure()

    for mode in ("local", "served", "local", "served"):
        assert draw(mode).layout.title.text == mode
    assert built == ["local", "served"]
