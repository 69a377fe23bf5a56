"""The page Sweep, and a sweep on the page Runs."""

from __future__ import annotations

from bench.storage.store import Store
from bench.sweep.frontier import list_points
from tests.support.pages import open_page, read_page
from tests.support.sweeps import MadeRacer, begin_series, make_sweep, request_sweep, scaled_times
from ui import actions


def find_button(app, text: str):
    return next(button for button in app.button if text in button.label)


def test_the_button_says_what_it_takes_and_starts_the_grid_on_the_page(monkeypatch):
    started = []
    monkeypatch.setattr(actions, "start_sweep", lambda request: started.append(request))
    app = open_page("sweep", workload="estimators", case="ridge", cores="1")
    assert "No sweep of this workload is stored yet" in read_page(app)
    values = next(box for box in app.text_input if box.label == "Values of rows")
    values.set_value("1000..10000").run()
    button = find_button(app, "Sweep (")
    assert "6 races, " in button.label and " min)" in button.label
    button.click().run()
    [request] = started
    assert [axis.values for axis in request.axes] == [(1, 2), (1000, 3000, 10000)]
    assert request.plan.case == "ridge" and request.plan.budget_s == 10


def test_values_that_make_no_grid_are_explained():
    app = open_page("sweep", workload="bert")
    next(box for box in app.text_input if box.label == "Values of batch").set_value("1..none").run()
    assert "no range of integers" in read_page(app).replace("\\", "")
    assert not [button for button in app.button if "Sweep (" in button.label]


def test_a_finished_sweep_shows_its_map_the_best_cell_and_the_projection():
    record = make_sweep(Store(), "cores=1,2,4", "batch=1000,3000,10000", times=scaled_times())
    app = open_page("sweep", workload="estimators", case="ridge")
    page = read_page(app).replace("\\", "")
    assert record.id[:8] in page and "9 cells: 9 measured" in page
    assert page.count("the best of 9 cells, chosen for its result") == 2
    assert "Best throughput: " in page and "wins up to 1,000 rows" in page
    assert "efficiency" in page and "nothing is measured: dotted lines are the fit" in page
    assert len(app.main.get("plotly_chart")) == 3
    slider = next(slider for slider in app.select_slider if slider.label == "Latency budget")
    slider.set_value(min(point.latency.high for point in list_points(record.sweep, record.snapshot))).run()
    assert "Best throughput under " in read_page(app)


def test_a_stopped_sweep_can_be_continued_on_the_page_runs(monkeypatch):
    store = Store()
    series = begin_series(store, request_sweep("cores=1", "batch=1000,3000"))
    racer = MadeRacer(store, lambda plan: (0.02, 0.01))
    racer.stop_after = 1
    series.run(racer)
    continued = []
    monkeypatch.setattr(actions, "continue_sweep", lambda sweep_id: continued.append(sweep_id))
    app = open_page("runs", kind="sweep")
    assert "1 sweep" in read_page(app)
    app = open_page("runs", run=series.record.id[:8])
    page = read_page(app)
    assert "1 measured, 1 not raced yet" in page
    assert "it was stopped. Measured cells are kept" in page
    find_button(app, "Continue the sweep").click().run()
    assert continued == [series.record.id]
