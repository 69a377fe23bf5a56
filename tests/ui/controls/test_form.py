"""TODO: tests.ui.controls.test_form."""

from streamlit.testing.v1 import AppTest

from tests.support.trial_variants import add_missing_extra


def test_controls_leave_out_a_missing_extra_unless_the_url_asks_for_it(monkeypatch):
    add_missing_extra(monkeypatch)

    def page() -> None:
        import streamlit as st

        from bench.plan.resolved import resolve
        from bench.workload.registry import load_workloads
        from ui.controls import form

        plan = form.plan_from_controls(load_workloads()["trial"])
        st.text(resolve(plan).unavailable() if plan else "no plan")

    app = AppTest.from_function(page, default_timeout=30).run()
    assert not app.exception
    [against] = [control for control in app.button_group if "against" in control.label]
    assert not any("Rare" in option for option in against.options)
    assert "pip install rare-package" in against.help
    app = AppTest.from_function(page, default_timeout=30)
    app.query_params["accelerated"] = "rare"
    app.run()
    assert any("Rare" in str(option) for control in app.button_group for option in control.options)
    assert "pip install rare-package" in app.text[0].value
