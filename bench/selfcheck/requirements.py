"""Packages that only the self-checks need."""

from __future__ import annotations

from importlib.util import find_spec


class MissingRequirement(RuntimeError):
    """A self-check needs a package that is not installed; the message says how to install it."""


def require_package(package: str, check: str) -> None:
    """Raises MissingRequirement if `package` is not installed. `check` is the name of the self-check."""
    if find_spec(package) is None:
        raise MissingRequirement(
            f"check {check} needs the package {package}. Install it: pip install -r requirements-dev.txt"
        )
