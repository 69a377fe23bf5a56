"""Keeps pages of other sites from showing the dashboard in a frame, where a visitor could be lured into a click."""

from __future__ import annotations

import os
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bench.system.environment import SettingsError

ANCESTORS_VARIABLE = "FAIRLAP_FRAME_ANCESTORS"
DEFAULT_ANCESTORS = "'self'"
_SOURCES = re.compile(r"[\w'*.:/\[\]-]+(?: [\w'*.:/\[\]-]+)*", re.ASCII)


def read_frame_ancestors() -> str:
    """The sites that may show the dashboard in a frame, as in Content-Security-Policy. Raises SettingsError."""
    text = " ".join(os.environ.get(ANCESTORS_VARIABLE, "").split()) or DEFAULT_ANCESTORS
    if not _SOURCES.fullmatch(text):
        raise SettingsError(
            f"{ANCESTORS_VARIABLE} is {text!r}, expected origins separated by spaces, such as "
            "'self' https://intranet.example.org."
        )
    return text


class FrameGuard:
    """ASGI middleware that names in each answer the sites that may show it in a frame. Raises SettingsError."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._ancestors = read_frame_ancestors()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.append("Content-Security-Policy", f"frame-ancestors {self._ancestors}")
                if self._ancestors == DEFAULT_ANCESTORS:
                    # For browsers without the policy. It cannot name another site.
                    headers["X-Frame-Options"] = "SAMEORIGIN"
            await send(message)

        await self.app(scope, receive, send_guarded)
