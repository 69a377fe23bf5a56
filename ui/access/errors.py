"""What a page shows when its code fails. Strangers get a number, which is also in the server's log."""

from __future__ import annotations

import logging
import secrets

import streamlit as st

from bench.system.environment import SettingsError
from ui.access.identity import find_mode
from ui.access.settings import Mode

LOGGER = logging.getLogger(__name__)


def report_exception(error: Exception) -> bool:
    """Handler for errors that no page has caught. False lets Streamlit show the traceback, for a local server."""
    if isinstance(error, SettingsError):
        LOGGER.error("%s", error)
        st.error("The settings of this server are not valid. Its log has the reason.", icon=":material/settings_alert:")
        return True
    if find_mode() is Mode.LOCAL:
        return False
    number = secrets.token_hex(4)
    LOGGER.error("Error %s", number, exc_info=error)
    st.error(
        f"Reload the page. If it happens again, give the operator of this server the number **{number}**: it is in the "
        "log together with the cause.",
        title="Something went wrong on the server",
        icon=":material/error:",
    )
    return True
