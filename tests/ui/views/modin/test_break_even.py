"""The tab Break-even: its controls and its chart."""

from tests.support.measurements import store_measurement
from tests.support.modin import make_points
from tests.support.pages import open_modin_page, read_labels
from ui.views.modin import break_even
from workloads.modin.measurements import BreakEvenCrossing, BreakEvenResult, EngineStart


def test_the_chart_marks_the_crossing():
    made = make_points(0.05, 0.5)
    plain = break_even.build_break_even_figure(made, None, "light")
    marked = break_even.build_break_even_figure(made, BreakEvenCrossing(rows=1e5, low=9e4, high=1.1e5), "light")
    assert len(plain.data) == len(marked.data) == 2
    assert not plain.layout.shapes and len(marked.layout.shapes) == 2
    assert marked.layout.annotations[-1].text == " 100,000 rows"


def test_break_even_offers_every_call_that_computes():
    app = open_modin_page(tab="Break-even")
    assert not app.exception
    call = next(box for box in app.selectbox if box.label == "Call")
    assert "map" in call.options and "concat" not in call.options
    assert call.value == "map"


def test_a_visitor_is_offered_the_time_budgets_that_the_server_accepts(monkeypatch):
    for mode, limit, offered, chosen in (
        ("local", "60", ["30 s", "60 s", "120 s", "300 s", "600 s"], 120),
        ("served", "60", ["30 s", "60 s"], 60),
        ("served", "20", ["20 s"], 20),
    ):
        monkeypatch.setenv("FAIRLAP_MODE", mode)
        monkeypatch.setenv("FAIRLAP_MAX_BUDGET_S", limit)
        app = open_modin_page(tab="Break-even")
        assert not app.exception
        [budget] = [box for box in app.selectbox if box.label == "Time budget"]
        assert (budget.options, budget.value) == (offered, chosen)


def test_one_size_alone_is_not_searched_and_the_button_says_why():
    app = open_modin_page(tab="Break-even")
    search = next(button for button in app.button if button.label == "Search")
    assert not search.disabled
    next(box for box in app.selectbox if box.label == "To rows").select(4096).run()
    search = next(button for button in app.button if button.label == "Search")
    assert search.disabled and "a smaller and a larger" in search.help


ARGUMENTS = {"call": "map", "min_rows": 1 << 12, "max_rows": 1 << 18, "budget_s": 120}
RESULT = BreakEvenResult(
    verdict="gains",
    sentence="Modin is faster from about 100,000 rows on",
    compared="pandas and Modin on a Ray started for the search, 1 core, a synthetic table of 32 columns (mixed)",
    stopped="",
    crossing=BreakEvenCrossing(rows=1e5, low=9e4, high=1.1e5),
)


def store_search(arguments=ARGUMENTS, **fields):
    points = [("point", point) for point in make_points(0.05, 0.5)]
    reports = [("start", EngineStart(seconds=2.5)), *points]
    return store_measurement("modin", "break_even", arguments, reports=reports, result=RESULT, **fields)


def test_the_last_stored_search_of_these_settings_is_shown():
    store_search()
    app = open_modin_page(tab="Break-even", cores="1")
    assert not app.exception
    text = read_labels(app)
    assert "Modin is faster from about 100,000 rows on" in app.success[0].value
    assert "a Ray started for the search, 1 core, a synthetic table of 32 columns" in text
    assert "Starting Ray took 2.5 s" in text.replace("2.50 s", "2.5 s")
    assert "with other settings" not in text


def test_a_search_of_other_settings_says_so():
    store_search(ARGUMENTS | {"call": "mean"}, plan={"parameters": {"columns": 8}})
    text = read_labels(open_modin_page(tab="Break-even", cores="1"))
    assert "**with other settings**: columns 8, call mean" in text


def test_the_settings_of_a_search_are_in_the_url_and_survive_other_tabs():
    query = {"search.call": "mean", "search.max_rows": "16384", "search.min_rows": "5", "search.budget": "7"}
    app = open_modin_page(tab="Break-even", **query)
    assert not app.exception
    boxes = {box.label: box for box in app.selectbox}
    assert (boxes["Call"].value, boxes["To rows"].value) == ("mean", 16384)
    assert (boxes["From rows"].value, boxes["Time budget"].value) == (4096, 120), "what is not offered is ignored"
    boxes["Call"].select("etl").run()
    assert app.query_params["search.call"] == "etl"
    for tab in ("Call by call", "Break-even"):
        app.session_state["modin:tab"] = tab
        app.run()
        assert not app.exception
    call = next(box for box in app.selectbox if box.label == "Call")
    assert call.value == "etl" and app.query_params["search.max_rows"] == "16384"
    columns = next(box for box in (*app.slider, *app.number_input) if box.label == "Columns")
    assert columns.value == 32
    call.select("map").run()
    assert "search.call" not in app.query_params, "a default is not written"
