"""The search for the number of rows from which on a call gains."""

from tests.support.modin import make_points
from tests.support.pages import open_modin_page
from ui.views.modin import break_even


def test_the_chart_marks_the_crossing():
    made = [{"rows": p.rows, "pandas": list(p.pandas), "modin": list(p.modin)} for p in make_points(0.05, 0.5)]
    plain = break_even.build_break_even_figure(made, None, "light")
    marked = break_even.build_break_even_figure(made, {"rows": 1e5, "low": 9e4, "high": 1.1e5}, "light")
    assert len(plain.data) == len(marked.data) == 2
    assert not plain.layout.shapes and len(marked.layout.shapes) == 2
    assert marked.layout.annotations[-1].text == " 100,000 rows"


def test_break_even_offers_every_call_that_computes():
    app = open_modin_page(tab="Break-even")
    assert not app.exception
    call = next(box for box in app.selectbox if box.label == "Call")
    assert "map" in call.options and "concat" not in call.options
    assert call.value == "map"


def test_one_size_alone_is_not_searched_and_the_button_says_why():
    app = open_modin_page(tab="Break-even")
    search = next(button for button in app.button if button.label == "Search")
    assert not search.disabled
    slider = next(slider for slider in app.select_slider if slider.label == "Rows")
    slider.set_range(4096, 4096).run()
    search = next(button for button in app.button if button.label == "Search")
    assert search.disabled and "are the same" in search.help
