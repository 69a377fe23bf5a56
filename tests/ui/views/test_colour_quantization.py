"""The page of colour quantization: the photo before and during the first race."""

from __future__ import annotations

from tests.support.pages import open_page, read_page
from tests.support.runs import make_colour_run
from ui.views.race import page as race_page
from ui.views.race.followed_run import DisplayedRun


def test_before_the_first_race_the_page_shows_the_photo_with_its_size_and_colours():
    app = open_page("colour-quantization", image="flower")
    page = read_page(app)
    assert len(app.get("image")) == 1
    assert "**Flower: dahlia**" in page and "640 × 427 pixels, " in page and "reduces it to 64 colours" in page


def test_during_a_race_its_photo_is_drawn_outside_of_what_is_drawn_again_and_again(monkeypatch):
    run, order = make_colour_run(3), []
    displayed = DisplayedRun(run=run, live=True)
    monkeypatch.setattr(race_page, "_follow_live_run", lambda *_: order.append("live"))
    monkeypatch.setattr(race_page, "find_input_part", lambda name: lambda plan: order.append(plan))
    race_page._draw_race(race_page.load_workloads()["colour-quantization"], None, run.plan, displayed, "light")
    assert order == ["live", run.plan]
