"""A visitor of the dashboard, and what a visitor may do. Buttons and the actions behind them ask the same functions.

The rules are in docs/adr/0015-strangers.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    VIEWER = "viewer"
    """Sees everything that is stored and running."""
    RUNNER = "runner"
    """Also starts jobs within the limits, and ends and deletes its own."""
    OPERATOR = "operator"
    """May do everything, without limits."""


class Denied(Exception):
    """A visitor may not do what was asked. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Visitor:
    role: Role
    id: str = ""
    """Identifies the visitor among all others: a digest of a secret of the browser, or of a signed-in person. Empty for
    the people of this machine, and for a browser that has not identified itself yet."""
    name: str = ""
    """How others see the visitor."""
    signed_in: bool = False
    is_local: bool = False
    """Whether the visitor is the user of this machine who started the server, or root, and the dashboard serves nobody
    else. Only such a visitor runs code of their own."""

    @property
    def is_operator(self) -> bool:
        return self.role is Role.OPERATOR

    def owns(self, owner: str | None) -> bool:
        """Whether the visitor asked for a job of `owner`."""
        return bool(self.id) and self.id == owner


def why_not_start(visitor: Visitor) -> str:
    """Why the visitor may not start jobs or upload files; empty if that is allowed."""
    if visitor.is_operator:
        return ""
    if visitor.role is not Role.RUNNER:
        if visitor.signed_in:
            return "Your role on this server is viewer. Its operator can make you a runner."
        return "Visitors of this server may look only. Sign in to start a job."
    if not visitor.id:
        return "Your browser has not identified itself yet. Wait a moment, and allow scripts for this page."
    return ""


def why_not_end(visitor: Visitor, owner: str | None) -> str:
    """Why the visitor may not stop or delete a job of `owner` (None: not known); empty if that is allowed."""
    if visitor.is_operator or (visitor.owns(owner) and visitor.role is Role.RUNNER):
        return ""
    return "Only the visitor who started it and the operator of this server may do that."


def check_start(visitor: Visitor) -> None:
    """Raises Denied if the visitor may not start jobs or upload files."""
    if reason := why_not_start(visitor):
        raise Denied(reason)


def check_end(visitor: Visitor, owner: str | None) -> None:
    """Raises Denied if the visitor may not stop or delete a job of `owner`."""
    if reason := why_not_end(visitor, owner):
        raise Denied(reason)
