"""The controls of a race page: options, cases, tabs that change them, the URL, and plans that no longer fit."""

import json
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from bench.plan.validation import make_plan
from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Step
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter
from bench.workload.registry import load_workloads
from tests.support.trial_variants import add_missing_extra, replace_trial
from ui.controls.overrides import ControlOverrides
from ui.controls.widgets import MAX_ARM_BUTTONS


def open_form(overrides: ControlOverrides | None = None, **query: str) -> AppTest:
    """The controls of the trial workload, and the plan as text."""

    def page(overrides) -> None:
        import streamlit as st

        from bench.plan.resolved import resolve
        from bench.workload.registry import load_workloads
        from ui.controls.form import plan_from_controls
        from ui.controls.url import adopt_plan

        if "adopt" in st.session_state:
            adopt_plan(st.session_state.pop("adopt"))
        plan = plan_from_controls(load_workloads()["trial"], overrides=st.session_state.get("overrides", overrides))
        st.text(plan.model_dump_json() if plan else "no plan")
        st.text(resolve(plan).unavailable() if plan else "")

    app = AppTest.from_function(page, default_timeout=30, args=(overrides,))
    app.query_params.update(query)
    app.run()
    assert not app.exception
    return app


def read_plan(app: AppTest) -> dict:
    return json.loads(app.text[0].value)


@pytest.fixture
def two_cases(monkeypatch) -> None:
    """The trial workload has a second case, with a lever and a parameter of its own. Both cases have a `depth`."""
    trial = load_workloads()["trial"]
    lever = Lever(
        "speed",
        "speed",
        tuple(LeverValue(name, name, BaselineKind.LIBRARY) for name in ("slow", "medium", "fast")),
        "slow",
        "fast",
        False,
    )
    depth = Parameter("depth", "Depth", "integer", 3, minimum=1, maximum=9)
    first = replace(trial.default_case, parameters=(depth,))
    second = Case(
        "recursion",
        "Recursion",
        "A recursive function.",
        steps=(Step("call", "call", "a recursive function"),),
        code=first.code,
        parameters=(
            replace(depth, default=50, minimum=20, maximum=90),
            Parameter("parts", "Parts", "several", "left,right", choices={name: name for name in ("left", "right")}),
        ),
        lever=lever,
        budget_s=45,
    )
    replace_trial(monkeypatch, cases=(first, second))


def test_a_missing_extra_is_offered_only_if_the_url_asks_for_it(monkeypatch):
    add_missing_extra(monkeypatch)
    app = open_form()
    [against] = [control for control in app.button_group if "against" in control.label]
    assert not any("Rare" in option for option in against.options)
    assert "pip install rare-package" in against.help
    app = open_form(accelerated="rare")
    assert any("Rare" in str(option) for control in app.button_group for option in control.options)
    assert "pip install rare-package" in app.text[1].value


def test_a_workload_with_one_case_has_no_selector_of_cases():
    assert "Case" not in [control.label for control in open_form().button_group]


def test_a_selected_case_brings_its_own_lever_and_parameters(two_cases):
    app = open_form()
    [case] = [control for control in app.button_group if control.label == "Case"]
    assert read_plan(app)["parameters"]["depth"] == 3
    case.set_value("recursion").run()
    assert not app.exception
    plan = read_plan(app)
    assert (plan["case"], plan["baseline"], plan["accelerated"]) == ("recursion", "slow", "fast")
    assert plan["parameters"]["depth"] == 50 and plan["parameters"]["parts"] == "left,right"
    assert app.query_params["case"] in ("recursion", ["recursion"])
    assert plan["budget_s"] == 45 and "budget_s" not in app.query_params
    next(control for control in app.button_group if control.label == "Case").set_value("loop").run()
    assert read_plan(app)["parameters"]["depth"] == 3, "both cases keep their own value"
    assert read_plan(app)["budget_s"] == 20


def test_a_default_budget_above_the_visitors_limit_is_reduced_without_an_error(two_cases, monkeypatch):
    monkeypatch.setattr("ui.controls.form.max_budget_s", lambda visitor: 30.0)
    app = open_form(case="recursion")
    assert read_plan(app)["budget_s"] == 30 and not app.error
    app = open_form(case="recursion", budget_s="60")
    assert read_plan(app)["budget_s"] == 30 and "may use 30 seconds, got 60" in app.error[0].value


@pytest.mark.parametrize(
    ("query", "expected"), [({"depth": "30"}, "depth"), ({"case": "recursion", "budget_s": "60"}, "may use 30 seconds")]
)
def test_the_problems_of_a_url_outlast_an_interrupted_rerun(two_cases, monkeypatch, interrupt_once, query, expected):
    """As when the browser sends its secret while the controls are drawn for the first time."""
    monkeypatch.setattr("ui.controls.form.max_budget_s", lambda visitor: 30.0)
    interrupt_once("ui.controls.form.draw_cores")
    app = open_form(**query)
    [error] = app.error
    assert expected in error.value
    app.run()
    assert [error.value for error in app.error] == [error.value]
    app.number_input[0].increment().run()
    assert not app.error


def test_the_url_selects_a_case_and_its_settings(two_cases):
    app = open_form(case="recursion", depth="30", accelerated="medium")
    plan = read_plan(app)
    assert (plan["case"], plan["accelerated"], plan["parameters"]["depth"]) == ("recursion", "medium", 30)
    assert not app.error


def test_settings_of_another_case_are_reported_and_dropped(two_cases):
    app = open_form(case="recursion", depth="5", loops="7")
    plan = read_plan(app)
    assert (plan["case"], plan["parameters"]["depth"], plan["parameters"]["loops"]) == ("recursion", 50, 7)
    assert "depth: expected an integer from 20 to 90, got 5" in app.error[0].value


def test_a_tab_with_a_case_has_no_selector(two_cases):
    app = open_form(ControlOverrides(cases=("recursion",), visible=("depth",)))
    assert "Case" not in [control.label for control in app.button_group]
    assert read_plan(app)["case"] == "recursion"


def test_a_tab_with_several_cases_returns_to_the_one_selected_there(two_cases):
    app = open_form(ControlOverrides(cases=("recursion", "loop")))
    assert read_plan(app)["case"] == "recursion", "the first of the tab, although it is not the workload's default"
    [case] = [control for control in app.button_group if control.label == "Case"]
    assert case.options[0] == "Recursion"
    case.set_value("loop").run()
    app.session_state["overrides"] = ControlOverrides(cases=("recursion",))
    assert read_plan(app.run())["case"] == "recursion"
    app.session_state["overrides"] = ControlOverrides(cases=("recursion", "loop"))
    assert read_plan(app.run())["case"] == "recursion", "the selected case is one of the tab's"


def test_a_tab_restores_the_case_that_was_last_selected_in_it(two_cases):
    app = open_form(ControlOverrides(cases=("loop", "recursion")))
    next(control for control in app.button_group if control.label == "Case").set_value("recursion").run()
    app.session_state["overrides"] = ControlOverrides(cases=("loop",))
    assert read_plan(app.run())["case"] == "loop"
    # A case that this tab does not have is selected when the user comes back to it.
    app.session_state["trial:case"] = "none of them"
    app.session_state["overrides"] = ControlOverrides(cases=("loop", "recursion"))
    assert read_plan(app.run())["case"] == "recursion"


def test_a_tab_without_a_race_has_only_cores_and_visible_parameters():
    app = open_form(ControlOverrides(visible=("loops",), races=False))
    assert [group.label for group in app.button_group] in ([], ["Cores (of 2)"]) and not app.toggle
    assert read_plan(app)["parameters"]["fault"] == "none"


def test_a_value_outlives_its_control():
    app = open_form(ControlOverrides(visible=("batch", "loops")))
    next(control for control in app.number_input if control.label == "Batch").set_value(4).run()
    app.session_state["overrides"] = ControlOverrides(visible=(), races=False)
    app.run()
    assert "Batch" not in [control.label for control in app.number_input]
    app.session_state["overrides"] = ControlOverrides(visible=("batch",))
    assert read_plan(app.run())["batch"] == 4


def test_a_stored_plan_that_no_longer_fits_sets_what_is_still_valid(monkeypatch):
    trial = load_workloads()["trial"]
    plan = make_plan("trial", cores=1, batch=7, parameters={"loops": 9})
    narrower = replace(trial.parameters[0], minimum=100, default=100)
    replace_trial(monkeypatch, parameters=(narrower, *trial.parameters[1:]))
    stored = plan.model_copy(update={"cores": 4096, "parameters": plan.parameters | {"removed": 1}})
    app = open_form()
    app.session_state["adopt"] = stored
    adopted = read_plan(app.run())
    assert (adopted["batch"], adopted["parameters"]["loops"]) == (7, 100)
    assert not app.exception


@pytest.mark.parametrize(
    ("workload", "parameter", "value"),
    [
        ("modin", "file", "/etc/passwd"),
        ("bert", "model", "owner/model"),
        ("bert", "evaluation", "/srv/questions.json"),
        ("bert", "quantization", "../../etc/passwd"),
    ],
)
def test_a_forged_selection_is_in_no_plan_and_no_url(monkeypatch, workload: str, parameter: str, value: str) -> None:
    """A browser may send any text as the value of a list."""

    def page(workload) -> None:
        import streamlit as st

        from bench.workload.registry import load_workloads
        from ui.controls.form import plan_from_controls

        plan = plan_from_controls(load_workloads()[workload])
        st.text(plan.model_dump_json() if plan else "no plan")

    monkeypatch.setenv("FAIRLAP_MODE", "served")
    app = AppTest.from_function(page, default_timeout=30, args=(workload,)).run()
    [box] = [box for box in app.selectbox if box.key.endswith(f":{parameter}")]
    box.options.append(value)
    box.set_value(value).run()
    assert not app.exception and parameter in app.error[0].value
    assert value not in app.text[0].value and value not in str(app.query_params)


def test_the_names_of_arms_fit_a_list_in_the_row_of_controls():
    """On a screen of 1280 pixels, a longer name is cut."""
    levers = [workload.lever_of(case) for workload in load_workloads().values() for case in workload.cases]
    listed = [lever for lever in levers if len(lever.values) > MAX_ARM_BUTTONS]
    assert listed
    assert not [value.label for lever in listed for value in lever.values if len(value.label) > 18]
