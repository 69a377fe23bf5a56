"""Selected runs: one can be downloaded and deleted, two are compared if nothing but the result may differ."""

from bench.storage.store import Store
from tests.support.pages import read_page, run_script
from tests.support.stored_runs import damage_run, store_run

COMPARE_SCRIPT = """
from ui import services
from ui.views.runs.selection import draw_selection
draw_selection(services.get_store().rows())
"""


def test_one_chosen_run_can_be_taken_away_and_deleted(finished):
    store_run(finished)
    app = run_script(COMPARE_SCRIPT)
    assert len(app.get("download_button")) == 2
    app.button(key="runs_delete").click().run()
    assert "cannot be undone" in read_page(app)
    assert len(Store().rows()) == 1


def test_two_runs_of_one_plan_stand_side_by_side(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    app = run_script(COMPARE_SCRIPT)
    assert not app.warning
    assert "ratios overlap" in read_page(app)
    assert app.table[0].value.shape[1] == 2


def test_two_runs_that_differ_are_not_compared(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32, plan=finished.plan.model_copy(update={"cores": 2}))
    app = run_script(COMPARE_SCRIPT)
    assert "cores: 1 and 2" in app.warning[0].value or "cores: 2 and 1" in app.warning[0].value
    assert not app.table


def test_a_damaged_run_among_two_chosen_is_told(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    damage_run("b" * 32)
    app = run_script(COMPARE_SCRIPT)
    assert "cannot be read" in read_page(app)
    assert not app.table
