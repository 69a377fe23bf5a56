"""Scripts that come from a link. A link could name any file of this machine, with arguments that make it do anything,
so a person has to confirm it before the buttons run it. What the person types needs no confirmation."""

from __future__ import annotations

from collections import OrderedDict

import streamlit as st

from bench.scheduler.script_jobs import WORKLOAD
from ui.controls.tab_settings import TabSetting

LINKED_KEY = f"{WORKLOAD}:linked"
"""Session key of the texts that came from an address, by the session key of their field."""
CONFIRM_KEY = f"{WORKLOAD}:confirm"
WHY_NOT = "This script comes from a link: read it and confirm it first."
MAX_CONFIRMED = 1_000

_confirmed: OrderedDict[tuple[str, ...], None] = OrderedDict()
"""Path and arguments that a person has typed or confirmed since the server started, so that reloading the page, which
makes a new session with the same address, asks for nothing. Only the user who started the server gets here."""


def restore_setting(setting: TabSetting[str]) -> None:
    """As `TabSetting.restore`, but note what comes from an address."""
    if setting.restore():
        linked = st.session_state.get(LINKED_KEY, {})
        st.session_state[LINKED_KEY] = linked | {setting.key: st.session_state[setting.key]}


def needs_confirmation(*settings: TabSetting[str]) -> bool:
    """Whether one of the settings still has the text of an address, and nobody has confirmed them together."""
    linked = st.session_state.get(LINKED_KEY, {})
    texts = _read_texts(settings)
    from_link = any(text and linked.get(setting.key) == text for setting, text in zip(settings, texts, strict=True))
    return from_link and texts not in _confirmed


def confirm(*texts: str) -> None:
    """Let these texts of the settings run, also if they come from an address later."""
    _confirmed[texts] = None
    _confirmed.move_to_end(texts)
    if len(_confirmed) > MAX_CONFIRMED:
        _confirmed.popitem(last=False)


def confirm_present(*settings: TabSetting[str]) -> None:
    confirm(*_read_texts(settings))


def draw_confirmation(path: TabSetting[str], arguments: TabSetting[str]) -> None:
    """Show what the link names, and the button that lets it run."""
    texts = _read_texts((path, arguments))
    st.warning(
        "The author of the link chose the file and its arguments, and it would run with all your rights. Read the "
        "file, and confirm only what you know.",
        title="This script comes from a link: read it first",
        icon=":material/link:",
    )
    st.code("\n".join(filter(None, texts)), language=None, wrap_lines=True)
    # The callback confirms what was shown, and nothing that a later rerun has.
    st.button("I have read it: let it run", icon=":material/check:", key=CONFIRM_KEY, on_click=confirm, args=texts)


def _read_texts(settings: tuple[TabSetting[str], ...]) -> tuple[str, ...]:
    return tuple(str(st.session_state[setting.key]) for setting in settings)
