"""Fairlap's server: `streamlit run app.py`.

The page script is `ui/navigation.py` and not this file, because the folder `pages` is beside this file: Streamlit would
take it for the pages of an older kind of app, and show the first visitor a page without navigation.
"""

import importlib
import sys
import threading

import streamlit as st
from starlette.middleware import Middleware

from ui.access.client_user import ClientUser
from ui.access.framing import FrameGuard
from ui.access.upload_limit import UploadLimit
from ui.stale_reruns import ignore_stale_reruns

MIDDLEWARE = [Middleware(FrameGuard), Middleware(ClientUser), Middleware(UploadLimit)]
PRELOADED_MODULES = ("bench.scheduler.dispatcher", "pandas", "plotly.graph_objects", "plotly.io", "plotly.subplots")


def preload_modules() -> None:
    """Import what every page needs while the first browser is still connecting."""
    for module in PRELOADED_MODULES:
        importlib.import_module(module)


def announce_access() -> None:
    """Print who can do what. With settings that are not valid the server does not start: it might let strangers in."""
    from bench.system.environment import SettingsError
    from ui.access.announcement import describe_access
    from ui.access.settings import Mode, find_server_mode

    try:
        print(f"\n{describe_access()}\n", flush=True)
        if find_server_mode() is Mode.SERVED:
            # Errors that `report_exception` does not see, such as those of the page script's syntax.
            st.set_option("client.showErrorDetails", "none")
    except SettingsError as error:
        sys.exit(f"Fairlap does not start: {error}")


def report_exception(error: Exception) -> bool:
    from ui.access.errors import report_exception

    return report_exception(error)


announce_access()
ignore_stale_reruns()
threading.Thread(target=preload_modules, daemon=True).start()
app = st.App("ui/navigation.py", middleware=MIDDLEWARE, on_script_error=report_exception)
