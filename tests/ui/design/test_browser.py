"""What pages know about the reader's browser."""

from streamlit.testing.v1 import AppTest

from ui.design import browser


def draw_page() -> None:
    import streamlit as st

    from ui.design.browser import remember_theme, rerun_after_theme_change

    st.session_state["reruns"] = st.session_state.get("reruns", 0) + 1
    remember_theme()
    rerun_after_theme_change()


def test_a_page_is_drawn_again_after_the_theme_has_changed(monkeypatch):
    app = AppTest.from_function(draw_page, default_timeout=30).run()
    assert app.session_state["reruns"] == 1
    themes = ["light"]
    monkeypatch.setattr(browser, "detect_theme", lambda: themes.pop() if themes else "dark")
    app.run()
    assert app.session_state["reruns"] == 3, "one rerun with the old theme, one with the new"
    assert app.session_state["theme"] == "dark"
