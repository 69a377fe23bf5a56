"""Tours on the pages: the list, links, the panel, its place, and files that are no tours."""

import os

import pytest
from streamlit.testing.v1 import AppTest

from bench.plan.query import to_query
from bench.plan.validation import make_plan
from bench.run.record import Run
from bench.system.limits import core_limit
from tests.support.pages import DRAW_TIMEOUT_S, NAVIGATION, open_page, read_page
from tests.support.runs import make_claim_run
from tests.support.stored_runs import store_run
from tests.ui.tours.test_reading import VALID
from ui import services
from ui.tours.catalogue import FOLDERS_VARIABLE, load_catalogue
from ui.tours.presenter_style import LEAVE_KEY
from ui.tours.session import PLACES_KEY, REHEARSAL_BUDGET_S, SESSION_KEY, TourSession, list_view, make_step_plan


@pytest.fixture
def own_tours(tmp_path, monkeypatch):
    folder = tmp_path / "tours"
    folder.mkdir()
    monkeypatch.setenv(FOLDERS_VARIABLE, str(folder))
    return folder


def open_link(**query: str) -> AppTest:
    app = AppTest.from_file(str(NAVIGATION), default_timeout=DRAW_TIMEOUT_S)
    app.query_params.update(query)
    app.run()
    assert not app.exception, [(error.message, error.stack_trace) for error in app.exception]
    return app


def find_session(app) -> TourSession:
    return app.session_state[SESSION_KEY]


def press(app, key: str):
    app.button(key=key).click()
    app.run()
    assert not app.exception
    return app


def test_the_page_lists_every_tour_with_audience_duration_and_steps():
    page = read_page(open_page("tours"))
    for tour in load_catalogue().tours.values():
        assert tour.title in page and tour.audience in page
        assert f"{tour.minutes} min, {len(tour.steps)} steps" in page


def test_own_tours_are_added_and_replace_shipped_ones_of_the_same_name(own_tours, tmp_path, monkeypatch):
    (own_tours / "mine.toml").write_text(VALID)
    other = tmp_path / "other"
    other.mkdir()
    (other / "bert.toml").write_text(VALID.replace("A tour", "Our BERT"))
    (other / "notes.txt").write_text("not a tour")
    monkeypatch.setenv(FOLDERS_VARIABLE, f"{own_tours}{os.pathsep}{other}")
    catalogue = load_catalogue()
    assert catalogue.tours["mine"].title == "A tour" and not catalogue.tours["mine"].shipped
    assert catalogue.tours["bert"].title == "Our BERT" and not catalogue.errors


def test_a_file_is_read_again_after_it_has_changed(own_tours):
    file = own_tours / "mine.toml"
    file.write_text(VALID)
    assert load_catalogue().tours["mine"].title == "A tour"
    file.write_text(VALID.replace("A tour", "A changed tour"))
    assert load_catalogue().tours["mine"].title == "A changed tour"


def test_a_broken_file_is_shown_with_its_lines_and_the_other_tours_stay(own_tours):
    (own_tours / "broken.toml").write_text(VALID.replace('"rules"', '"<b>ruels"'))
    page = read_page(open_page("tours"))
    assert "broken.toml" in page and "line 10: step 1, page: there is no page" in page
    assert "\\<b\\>ruels" in page and "Twelve ways to fool the masses" in page


def test_a_missing_folder_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path / "gone"))
    assert "cannot be read" in read_page(open_page("tours"))


def test_a_link_opens_a_step_on_its_page():
    app = open_link(tour="customers", tour_step="2")
    page = read_page(app)
    assert "step 2 of 7" in page and "**This is the machine**" in page
    assert app.title[0].value == "Machine"
    assert (app.query_params["tour"], app.query_params["tour_step"]) == ("customers", "2")


def test_a_link_to_a_tour_or_a_step_that_does_not_exist_says_what_to_do():
    page = read_page(open_link(tour="no-such-tour"))
    assert "There is no tour 'no-such-tour'. Choose one of the list." in page
    app = open_link(tour="customers", tour_step="99")
    assert "step 1 of 7" in read_page(app)


@pytest.mark.parametrize("step", ["9" * 5000, "-1", "0", "\u0663", "1\n", "<script>", "2.0"])
def test_a_hostile_number_of_a_step_opens_the_first(step):
    app = open_link(tour="customers", tour_step=step)
    assert not app.exception and find_session(app).position == 0


def test_next_and_back_change_the_page_and_stop_at_the_ends():
    app = open_link(tour="customers", tour_step="1")
    assert app.button(key="tour-back").disabled
    press(app, "tour-next")
    assert find_session(app).position == 1 and app.title[0].value == "Machine"
    press(app, "tour-back")
    assert find_session(app).position == 0 and "Is it really faster" in app.title[0].value
    app = open_link(tour="customers", tour_step="7")
    assert app.button(key="tour-next").disabled


def test_the_settings_of_a_step_are_those_of_its_page(own_tours):
    (own_tours / "mine.toml").write_text(VALID.replace("accelerated =", "# accelerated ="))
    app = open_link(tour="mine", tour_step="2")
    assert app.session_state["bert:batch"] == 4
    assert app.query_params["batch"] == "4"


SAME_PAGE = """
[[steps]]
title = "Defaults"
text = "The defaults."
page = "bert"

[[steps]]
title = "The same"
text = "The same."
page = "bert"
look_at = ["quality"]

[[steps]]
title = "Batch 4"
text = "Another batch."
page = "bert"
[steps.settings]
batch = 4

[[steps]]
title = "Ask"
text = "The tab and the batch."
page = "bert"
[steps.settings]
batch = 4
tab = "Ask"
"""


def test_a_step_has_its_own_settings_and_tab_whatever_step_was_before(own_tours):
    (own_tours / "mine.toml").write_text(VALID.split("[[steps]]")[0] + SAME_PAGE)
    app = open_link(tour="mine", tour_step="4")
    assert (app.session_state["bert:batch"], app.session_state["bert:tab"]) == (4, "Ask")
    press(app, "tour-back")
    assert (app.session_state["bert:batch"], app.session_state["bert:tab"]) == (4, "Race")
    press(app, "tour-back")
    default = make_plan("bert", core_limit=core_limit()).batch
    assert app.session_state["bert:batch"] == default and "batch" not in app.query_params


def test_a_step_has_its_own_settings_after_the_presenter_view():
    app = open_link(tour="documents", tour_step="4", tour_part="9")
    settings = load_catalogue().tours["documents"].steps[4].settings
    press(app, LEAVE_KEY)
    press(app, "tour-next")
    assert (
        app.session_state["documents:batch"] == int(settings["batch"]) and app.session_state["documents:tab"] != "Race"
    )
    app = open_link(tour="memory-traffic", tour_step="1", tour_part="1")
    for _ in range(2):
        find_session(app).move_to(find_session(app).position + 1)
        app.run()
    press(app, LEAVE_KEY)
    step = load_catalogue().tours["memory-traffic"].steps[2]
    assert app.query_params["case"] == step.settings["case"] and app.session_state["memory-traffic:tab"] == "Vectors"


BETWEEN = {
    "impossible here": 'page = "bert"\n[steps.settings]\nbatch = 8\ncores = 4096',
    "a sweep": 'page = "sweep"\n[steps.settings]\nworkload = "bert"\nbatch = 16',
    "another page": 'page = "rules"',
}


@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN)
def test_a_step_has_its_own_settings_after_a_step_with_others(own_tours, between):
    step = '[[steps]]\ntitle = "A step"\ntext = "A text."\n'
    own = f'{step}page = "bert"\n[steps.settings]\nbatch = 4\n'
    (own_tours / "mine.toml").write_text(VALID.split("[[steps]]")[0] + f"{own}\n{step}{between}\n\n{own}")
    app = open_link(tour="mine", tour_step="1")
    assert app.session_state["bert:batch"] == 4
    press(app, "tour-next")
    press(app, "tour-next")
    assert app.session_state["bert:batch"] == 4 and app.query_params["batch"] == "4"


def test_the_sweep_of_a_step_has_the_defaults_of_what_the_step_does_not_name(own_tours):
    step = '[[steps]]\ntitle = "A step"\ntext = "A text."\npage = "sweep"\n[steps.settings]\nworkload = "bert"\n'
    (own_tours / "mine.toml").write_text(VALID.split("[[steps]]")[0] + f"{step}batch = 4\n\n{step}")
    app = open_link(tour="mine", tour_step="1")
    press(app, "tour-next")
    assert app.session_state["bert:batch"] == make_plan("bert", core_limit=core_limit()).batch
    app.selectbox(key="sweep:workload").select("colour-quantization").run()
    assert not app.exception and (app.query_params["tour"], app.query_params["tour_step"]) == ("mine", "2")


def test_what_somebody_changes_stays_in_steps_with_the_same_settings(own_tours):
    (own_tours / "mine.toml").write_text(VALID.split("[[steps]]")[0] + SAME_PAGE)
    app = open_link(tour="mine", tour_step="1")
    app.session_state["bert:batch"] = 16
    app.run()
    press(app, "tour-next")
    assert app.session_state["bert:batch"] == 16 and app.query_params["batch"] == "16"
    press(app, "tour-next")
    press(app, "tour-back")
    assert app.session_state["bert:batch"] == make_plan("bert", core_limit=core_limit()).batch


def test_another_page_offers_the_way_back_to_the_step():
    app = open_link(tour="customers", tour_step="2")
    for name in ("tour", "tour_step"):
        app.query_params.pop(name, None)
    app.switch_page(services.page_script("glossary")).run()
    assert "step 2 of 7" in read_page(app) and app.title[0].value == "Glossary"
    press(app, "tour-return")
    assert app.title[0].value == "Machine"


def test_a_tour_that_was_left_keeps_its_place_and_its_link_goes_away():
    app = open_link(tour="customers", tour_step="3")
    press(app, "tour-leave")
    assert SESSION_KEY not in app.session_state and "tour" not in app.query_params
    assert app.session_state[PLACES_KEY] == {"customers": 2}
    app.switch_page(services.page_script("tours")).run()
    press(app, "tour-continue-customers")
    assert "step 3 of 7" in read_page(app)


def test_a_tour_whose_file_goes_away_ends_without_an_error(own_tours):
    file = own_tours / "mine.toml"
    file.write_text(VALID)
    app = open_link(tour="mine", tour_step="1")
    assert "step 1 of 2" in read_page(app)
    file.unlink()
    app.run()
    assert not app.exception and SESSION_KEY not in app.session_state


def test_a_rehearsal_races_with_a_short_budget():
    app = open_link(tour="bert", tour_step="3")
    assert app.session_state["bert:budget_s"] != REHEARSAL_BUDGET_S
    app.toggle(key="tour-rehearsal-bert").set_value(True).run()
    assert app.session_state["bert:budget_s"] == REHEARSAL_BUDGET_S
    step = load_catalogue().tours["bert"].steps[2]
    assert make_step_plan(step, rehearsal=True).budget_s == REHEARSAL_BUDGET_S
    assert make_step_plan(step, rehearsal=False) == make_plan("bert", core_limit=core_limit())


def test_a_reload_keeps_the_rehearsal_and_the_part_of_the_presenter_view():
    app = open_link(tour="bert", tour_step="3", tour_part="3", tour_rehearsal="1")
    session = find_session(app)
    assert (session.position, session.presenting, session.part, session.rehearsal) == (2, True, 2, True)
    assert app.query_params["budget_s"] == f"{REHEARSAL_BUDGET_S:g}"
    page = read_page(app)
    assert "part 3 of" in page and "rehearsal" in page
    assert list_view(session) == {"tour_part": "3", "tour_rehearsal": "1"}
    press(app, LEAVE_KEY)
    assert not session.presenting and list_view(session) == {"tour_part": "", "tour_rehearsal": "1"}
    assert app.session_state["bert:budget_s"] == REHEARSAL_BUDGET_S
    press(app, "tour-leave")
    assert not {"tour", "tour_part", "tour_rehearsal"} & set(app.query_params)


def store_bert_run(run_id: str, **fields) -> Run:
    run = make_claim_run()
    run.plan = make_plan("bert", core_limit=core_limit(), **fields)
    run.digest = run.plan.digest
    return store_run(run, run_id * 32)


def reload_page(page: str, **query: str) -> AppTest:
    """Open the page of a step by its own address."""
    app = AppTest.from_file(str(NAVIGATION), default_timeout=DRAW_TIMEOUT_S)
    app.query_params.update(query)
    app.switch_page(services.page_script(page)).run()
    assert not app.exception
    return app


def test_a_reload_of_the_page_of_a_step_leaves_its_settings_and_its_run(home):
    run = store_bert_run("a", batch=16)
    app = reload_page("bert", **to_query(run.plan), run=run.id, tour="bert", tour_step="3")
    assert find_session(app).position == 2
    assert app.session_state["bert:batch"] == 16 and app.query_params["run"] == run.id
    press(app, "tour-next")
    assert app.session_state["bert:batch"] == 16 and app.session_state["bert:followed"].run_id == run.id


def test_a_reload_of_the_presenter_view_keeps_the_run(home):
    run = store_bert_run("a")
    query = {"run": run.id, "tour": "bert", "tour_step": "3", "tour_part": "2"}
    app = reload_page("bert", **to_query(run.plan), **query)
    assert app.session_state["bert:followed"].run_id == run.id
    find_session(app).move_to(3)
    app.run()
    assert {"run", "cores", "tour_part"} <= set(app.query_params)
    press(app, LEAVE_KEY)
    app.session_state["bert:tab"] = "Ask"
    app.run()
    assert app.session_state["bert:tab"] == "Ask", "the run does not open its tab once more"


def test_a_reload_of_a_step_that_names_a_default_keeps_the_run(own_tours):
    run = store_bert_run("a")
    default = f'[[steps]]\ntitle = "A"\ntext = "B"\npage = "bert"\n[steps.settings]\nbatch = {run.plan.batch}\n'
    (own_tours / "mine.toml").write_text(VALID.split("[[steps]]")[0] + default)
    app = reload_page("bert", **to_query(run.plan), run=run.id, tour="mine", tour_step="1")
    assert app.query_params["run"] == run.id


def test_a_link_without_the_settings_of_the_page_opens_the_step():
    app = reload_page("bert", tour="bert", tour_step="6")
    assert app.session_state["bert:model"] == "bert-base-untrained"


def test_start_again_opens_the_first_step_with_its_own_settings(own_tours):
    (own_tours / "mine.toml").write_text(VALID.split("[[steps]]")[0] + SAME_PAGE)
    app = open_link(tour="mine", tour_step="1")
    app.session_state["bert:batch"] = 16
    app.run()
    begin = load_catalogue().tours["mine"]
    find_session(app).move_to(1)
    app.run()
    assert app.session_state["bert:batch"] == 16
    app.switch_page(services.page_script("tours")).run()
    press(app, f"tour-start-{begin.name}")
    assert app.session_state["bert:batch"] == make_plan("bert", core_limit=core_limit()).batch


@pytest.mark.parametrize("part", ["0", "9" * 5000, "-1", "\u0663", "<script>"])
def test_a_hostile_part_opens_the_page_of_the_step(part):
    app = open_link(tour="customers", tour_step="2", tour_part=part, tour_rehearsal="yes")
    session = find_session(app)
    assert not app.exception and not session.presenting and not session.rehearsal


def test_a_part_that_the_step_does_not_have_opens_its_last():
    app = open_link(tour="customers", tour_step="2", tour_part="99")
    assert not app.exception and "part 2 of 2" in read_page(app) and find_session(app).part == 1


def test_only_steps_with_a_race_offer_it():
    assert "tour-run" in [button.key for button in open_link(tour="bert", tour_step="3").button]
    assert "tour-run" not in [button.key for button in open_link(tour="bert", tour_step="1").button]


@pytest.mark.parametrize("name", sorted(load_catalogue().tours))
def test_every_step_of_every_tour_opens_its_page(name):
    tour = load_catalogue().tours[name]
    app = open_link(tour=name, tour_step="1")
    for number, step in enumerate(tour.steps, 1):
        assert f"step {number} of {len(tour.steps)}" in read_page(app), step.title
        if number < len(tour.steps):
            press(app, "tour-next")
