"""How this server treats its visitors: the mode and the limits, from the environment and the server's address."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field, fields
from enum import StrEnum

from streamlit import config

from bench.storage.disk_limits import DEFAULT_DISK_GB, DISK_VARIABLE
from bench.system.environment import SettingsError, read_number

MODE_VARIABLE = "FAIRLAP_MODE"
HUB_MODELS_VARIABLE = "FAIRLAP_HUB_MODELS"


class Mode(StrEnum):
    """Who the visitors of this server are."""

    LOCAL = "local"
    """The people of this machine. Everybody may do everything."""
    SERVED = "served"
    """Strangers. What they may do depends on their role and on the limits."""


def _limit(variable: str, default: float) -> float:
    return field(default=default, metadata={"variable": variable})


@dataclass(frozen=True, slots=True)
class Limits:
    """What visitors of a served dashboard may use, except for its operator. Each has an environment variable."""

    jobs_per_visitor: float = _limit("FAIRLAP_MAX_VISITOR_JOBS", 3)
    """Jobs of one visitor that wait or run."""
    budget_s: float = _limit("FAIRLAP_MAX_BUDGET_S", 120)
    """Largest time budget of a race."""
    job_s: float = _limit("FAIRLAP_MAX_JOB_S", 900)
    """Longest duration of a job with everything that belongs to it. It is stopped then, and what it has is kept."""
    series_s: float = _limit("FAIRLAP_MAX_SERIES_S", 3600)
    """Longest duration of a series of races. No race of it begins later."""
    upload_mb: float = _limit("FAIRLAP_MAX_VISITOR_UPLOAD_MB", 256)
    """Files that one visitor may upload in 24 hours."""
    queue_length: float = _limit("FAIRLAP_MAX_QUEUE", 12)
    """Jobs of all visitors that wait or run."""
    disk_gb: float = _limit(DISK_VARIABLE, DEFAULT_DISK_GB)
    """Size of the data folder with which nothing more is accepted."""


def read_forced_mode() -> Mode | None:
    """The mode that the operator has set; None if it follows from the address. Raises SettingsError."""
    text = os.environ.get(MODE_VARIABLE, "").strip().lower()
    if not text:
        return None
    try:
        return Mode(text)
    except ValueError:
        raise SettingsError(f"{MODE_VARIABLE} is {text!r}, expected 'local' or 'served'.") from None


def read_limits() -> Limits:
    """Raises SettingsError."""
    defaults = Limits()
    return Limits(
        **{
            limit.name: read_number(limit.metadata["variable"], getattr(defaults, limit.name))
            for limit in fields(Limits)
        }
    )


def read_hub_models() -> frozenset[str]:
    """Names on the Hugging Face hub that visitors may use as a model."""
    return frozenset(filter(None, (name.strip() for name in os.environ.get(HUB_MODELS_VARIABLE, "").split(","))))


def find_server_mode() -> Mode:
    """The mode that is set, else the one that follows from the server's address. Raises SettingsError."""
    forced = read_forced_mode()
    if forced is not None:
        return forced
    return Mode.LOCAL if is_loopback(config.get_option("server.address")) else Mode.SERVED


def is_loopback(address: str | None) -> bool:
    """Whether only programs on this machine can connect to `address`. None means all addresses."""
    if address is None:
        return False
    if address.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
