"""The history of a plan above the list of its runs, and the comparison of more than two runs."""

from datetime import timedelta

from bench.run.run_comparison import DIFFERENT_MACHINES
from tests.support.pages import open_page, read_page
from tests.support.stored_runs import store_run
from ui.charts.plan_history import build_history_figure


def store_hours(finished, count: int, **changes) -> None:
    for number in range(count):
        store_run(finished, f"{number:x}" * 32, started=finished.started + timedelta(hours=number), **changes)


def test_the_list_of_a_plan_has_its_history(finished):
    store_hours(finished, 7)
    app = open_page("runs", plan=finished.digest)
    assert "No step change in 7 runs on this machine." in read_page(app)
    assert len(app.get("plotly_chart")) == 1
    assert not open_page("runs").get("plotly_chart")


def test_the_chart_has_every_run_and_a_line_at_each_step(finished):
    from bench.storage.plan_history import PlanHistory, StepChange
    from bench.storage.store import Store

    store_hours(finished, 4)
    rows = sorted(Store().rows(), key=lambda row: row.started)
    step = StepChange(series="ratio", position=2, first=rows[2], factor=1.5, causes=())
    figure = build_history_figure(PlanHistory(rows, [step]), "dark")
    assert [len(trace.x) for trace in figure.data] == [4, 4, 4]
    (line,) = figure.layout.shapes
    assert line.x0 == 2.5 and (line.y0, line.y1) == (0, 0.3)
    assert "no difference of machine or software is recorded" in step.text


def test_three_runs_are_compared_on_a_page(finished):
    store_hours(finished, 3)
    app = open_page("runs", compare="0000,1111,2222")
    assert "Time of each arm" in read_page(app) and not app.warning
    arms = app.table[0].value
    assert arms.shape[1] == 5 and list(arms["step"][:1]) == ["total"]


def test_other_machines_are_compared_only_after_a_yes_that_stays(finished):
    store_run(finished, "a" * 32)
    identity = finished.machine.identity.model_copy(update={"machine_id": "e" * 16})
    machine = finished.machine.model_copy(update={"identity": identity})
    store_run(finished, "b" * 32, machine=machine, started=finished.started + timedelta(hours=1))
    app = open_page("runs", compare="aaaa,bbbb")
    assert not app.table
    # The form of the report has a box of its own.
    next(box for box in app.checkbox if box.key.startswith("compare-machines")).check().run()
    assert app.table
    assert DIFFERENT_MACHINES in [warning.value for warning in app.warning]
