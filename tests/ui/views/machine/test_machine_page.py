"""The Machine page: description, live load, and the noise at rest."""

import pytest

from bench.machine.noise import Noise
from bench.scheduler.queue import Queue
from tests.support.pages import open_page, read_page
from ui import actions
from ui.views.machine import description, live


def test_the_page_describes_the_machine_and_draws_its_load():
    app = open_page("machine")
    assert "Processor" in read_page(app)
    charts = app.get("plotly_chart")
    assert 2 <= len(charts) <= 4


def test_noise_is_measured_if_the_queue_is_empty(monkeypatch):
    noise = Noise(
        word="quiet",
        score=1.5,
        spread=1.0,
        late=0.5,
        worst_pause_ms=0.2,
        steal=None,
        background_cores=0.01,
        cores=[0],
        repetitions=900,
        at="2026-01-01T00:00:00+00:00",
    )
    monkeypatch.setattr(actions, "measure_noise", lambda: noise)
    app = open_page("machine")
    app.button(key="machine_noise").click().run()
    assert not app.exception
    assert "quiet" in read_page(app) and "1.5 %" in read_page(app)
    assert Queue().take_machine() is not None


def test_noise_is_not_measured_during_a_race(monkeypatch, racing):
    monkeypatch.setattr(actions, "measure_noise", lambda: pytest.fail("measured during a race"))
    app = open_page("machine")
    app.button(key="machine_noise").click().run()
    assert not app.exception
    assert "Colour quantization" in app.warning[0].value


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([0], "0"), ([0, 1, 2, 3], "0 to 3"), ([0, 2, 3, 8], "0, 2 to 3, 8")]
)
def test_consecutive_processors_are_written_as_ranges(numbers, text):
    assert description._format_ranges(numbers) == text


def test_pages_share_a_reading_and_the_first_one_has_a_load():
    history = live.TelemetryHistory()
    assert history.readings() == history.readings()
    assert len(history.readings()) == 1
    assert history.readings()[0].steal is not None, "the share since a reading before it"


def test_many_cores_are_a_heat_map():
    history = live.TelemetryHistory()
    reading = history.readings()[0]
    many = reading.model_copy(update={"cores": reading.cores[:1] * 64})
    figure = live._build_load_figure([many], list(range(64)), "light")
    assert [trace.type for trace in figure.data] == ["heatmap"]
