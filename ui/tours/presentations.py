"""What a session that takes a tour shares with its window of speaker notes, and with nobody else.

The window is a session of its own. It finds the presentation by a secret of the presenting session, and must be of the
same visitor. The notes themselves are not kept here: the window reads them from the tour.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.access.visitor import Visitor, why_not_start

MAX_AGE_S = 12 * 3600.0
"""A presentation that has not changed for so long is over: its browser was closed."""
MAX_FOLLOWED_AGE_S = 6.0
"""A window that has not looked for so long is closed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a presentation is."""

    tour: str
    """Name of the tour."""
    position: int
    """Number of the step, from 0."""
    part: str = ""
    """What the presenter view shows, as a noun; empty beside the normal page."""
    run_id: str = ""
    """The race that the step shows; empty for none."""


@dataclass(slots=True)
class Presentation:
    """The state of a presentation. Times are those of `time.monotonic`."""

    owner: Visitor
    session_id: str
    """Streamlit's id of the session that presents."""
    place: Place
    began_at: float
    step_began_at: float
    changed_at: float
    has_presented: bool = False
    """Whether the presenter view was ever on. The clock begins with it."""
    followed_at: float = 0.0
    """When its window looked last; 0 for never."""
    commands: list[str] = field(default_factory=list[str])
    """Actions that the window asked for, and that the presenting session has yet to do."""


class Presentations:
    """All presentations of the server, by secret. Returns copies."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_token: dict[str, Presentation] = {}
        self._lock = threading.Lock()

    def open(self, owner: Visitor, session_id: str, place: Place) -> str:
        """Begin a presentation; returns its secret."""
        now, token = self._clock(), secrets.token_urlsafe(32)
        with self._lock:
            self._drop_old(now)
            self._by_token[token] = Presentation(owner, session_id, place, now, now, now)
        return token

    def resume(self, visitor: Visitor, session_id: str, tour: str, is_active: Callable[[str], bool]) -> str:
        """Go on with the visitor's presentation of a tour whose page was reloaded: its session has ended, and a window
        looks at its notes. Returns its secret; empty without one. `is_active` says whether the session of an id has a
        page that is open."""
        now = self._clock()
        with self._lock:
            for token, presentation in self._list_followed(visitor, tour, now):
                if not is_active(presentation.session_id):
                    presentation.session_id = session_id
                    # Of what was pressed while there was no page, only the last: nobody saw what the others led to.
                    del presentation.commands[:-1]
                    return token
        return ""

    def has_window(self, visitor: Visitor, tour: str) -> bool:
        """Whether a window looks at the notes of a presentation of the tour by the visitor."""
        now = self._clock()
        with self._lock:
            return bool(self._list_followed(visitor, tour, now))

    def _list_followed(self, visitor: Visitor, tour: str, now: float) -> list[tuple[str, Presentation]]:
        return [
            (token, presentation)
            for token, presentation in self._by_token.items()
            if presentation.place.tour == tour
            and is_same_visitor(presentation.owner, visitor)
            and _is_followed(presentation, now)
        ]

    def update(self, token: str, session_id: str, place: Place) -> bool:
        """Write down where the presentation is. Returns whether the session has one: it may have been dropped, or
        resumed by another session."""
        now = self._clock()
        with self._lock:
            presentation = self._find_own(token, session_id)
            if presentation is None:
                return False
            if place.part and not presentation.has_presented:
                presentation.has_presented = True
                presentation.began_at = presentation.step_began_at = now
            if (place.tour, place.position) != (presentation.place.tour, presentation.place.position):
                presentation.step_began_at = now
            presentation.place, presentation.changed_at = place, now
            return True

    def close(self, token: str, session_id: str) -> None:
        """End the presentation of a session, unless another session has resumed it."""
        with self._lock:
            if self._find_own(token, session_id):
                del self._by_token[token]

    def follow(self, token: str, visitor: Visitor) -> Presentation | None:
        """The presentation of a secret, for the window of its notes; None unless it is the visitor's own."""
        now = self._clock()
        with self._lock:
            self._drop_old(now)
            presentation = self._find(token)
            if presentation is None or not is_same_visitor(presentation.owner, visitor):
                return None
            presentation.followed_at = now
            return replace(presentation, commands=list(presentation.commands))

    def restart_clock(self, token: str, visitor: Visitor) -> None:
        """Begin to count the time now."""
        if self.follow(token, visitor) is None:
            return
        now = self._clock()
        with self._lock:
            if presentation := self._find(token):
                presentation.began_at = presentation.step_began_at = now

    def send(self, token: str, visitor: Visitor, action: str) -> None:
        """Ask the presenting session for an action. Nothing unless it is the visitor's own."""
        if self.follow(token, visitor) is None:
            return
        with self._lock:
            if presentation := self._find(token):
                presentation.commands.append(action)

    def take_commands(self, token: str, session_id: str) -> list[str]:
        """The actions that the window asked for since the last call, for the presenting session."""
        with self._lock:
            presentation = self._find_own(token, session_id)
            if presentation is None:
                return []
            commands, presentation.commands = presentation.commands, []
            return commands

    def is_followed(self, token: str) -> bool:
        """Whether a window looks at the notes."""
        with self._lock:
            presentation = self._by_token.get(token)
            return presentation is not None and _is_followed(presentation, self._clock())

    def measure_elapsed_s(self, presentation: Presentation) -> tuple[float, float]:
        """Seconds since the beginning of the presentation, and of its step."""
        now = self._clock()
        return now - presentation.began_at, now - presentation.step_began_at

    def _find_own(self, token: str, session_id: str) -> Presentation | None:
        """The presentation, if it is that of the session."""
        presentation = self._by_token.get(token)
        return presentation if presentation is not None and presentation.session_id == session_id else None

    def _find(self, token: str) -> Presentation | None:
        """Compares in constant time, so that a secret cannot be guessed letter by letter."""
        found = None
        for known, presentation in self._by_token.items():
            if hmac.compare_digest(known.encode(), token.encode()):
                found = presentation
        return found

    def _drop_old(self, now: float) -> None:
        for token, presentation in list(self._by_token.items()):
            if now - max(presentation.changed_at, presentation.followed_at) > MAX_AGE_S:
                del self._by_token[token]


def _is_followed(presentation: Presentation, now: float) -> bool:
    return now - presentation.followed_at < MAX_FOLLOWED_AGE_S


def is_same_visitor(owner: Visitor, visitor: Visitor) -> bool:
    """Whether two sessions are of one visitor who may start jobs. The people of this machine are one visitor."""
    if why_not_start(owner) or why_not_start(visitor):
        return False
    return (owner.id, owner.role, owner.is_local) == (visitor.id, visitor.role, visitor.is_local)


def find_session_id() -> str:
    """Streamlit's id of this session; empty outside of one."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


@st.cache_resource(show_spinner=False)
def get_presentations() -> Presentations:
    """The presentations of the server."""
    return Presentations()
