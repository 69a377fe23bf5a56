"""Who can do what on this server: the paragraph that it prints when it starts."""

from __future__ import annotations

import textwrap

from streamlit import config

from bench.formatting import format_number
from ui.access.framing import read_frame_ancestors
from ui.access.roles import is_sign_in_configured, read_rules
from ui.access.settings import (
    MODE_VARIABLE,
    Limits,
    Mode,
    find_server_mode,
    is_loopback,
    read_forced_mode,
    read_hub_models,
    read_limits,
)
from ui.access.visitor import Role

WIDTH = 110
SCRIPTS = (
    "Scripts (the tab Your script) run with all rights of the user who started the server, so only a browser of that "
    "user, or of root, on this machine can start them."
)


def describe_access() -> str:
    """Raises SettingsError."""
    limits, hub_models = read_limits(), read_hub_models()
    read_frame_ancestors()  # An error has to be found before the first answer.
    if read_forced_mode() is Mode.LOCAL:
        text = _describe_forced_local(config.get_option("server.address"))
    elif find_server_mode() is Mode.LOCAL:
        # Connections from elsewhere depend on it: an error has to be found now, and sign-in to be noticed.
        is_sign_in_configured()
        text = (
            "Access: local. Everybody who opens this address on this machine may do everything: start, stop and delete "
            f"jobs, and name files of this machine. {SCRIPTS} Connections through a proxy, and by another host name "
            "than localhost, get the restrictions of a served dashboard. If strangers can reach this server, set "
            f"{MODE_VARIABLE}=served."
        )
    else:
        text = " ".join(
            [
                "Access: served. Everybody who can open this address sees all runs and the names of who started them.",
                _describe_roles(),
                _describe_limits(limits),
                f"Models of the Hugging Face hub: {', '.join(sorted(hub_models)) or 'none'}.",
                "No visitor but an operator can name a file of this machine or sees its paths.",
            ]
        )
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _describe_forced_local(address: str | None) -> str:
    """The text for `FAIRLAP_MODE=local`, a warning if other machines can connect to `address`."""
    if is_loopback(address):
        return (
            f"Access: local, because {MODE_VARIABLE}=local. Every connection may do everything: start, stop and delete "
            "jobs, and name files of this machine. That includes connections through a proxy or a tunnel on this "
            f"machine. {SCRIPTS} If strangers can reach this server through one, set {MODE_VARIABLE}=served."
        )
    return (
        f"WARNING. Access: local, because {MODE_VARIABLE}=local, but the server listens on {address or 'all addresses'}"
        ". Everybody who can reach this address, from any machine and through any proxy, is an operator: may start, "
        f"stop and delete all jobs, and name files of this machine. {SCRIPTS} Set {MODE_VARIABLE}=served, or start the "
        "server with HOST=localhost, unless that is intended."
    )


def _describe_roles() -> str:
    if not is_sign_in_configured():
        return (
            "Everybody may start jobs, and stop and delete only those of the same browser. Sign-in is not configured, "
            "so operators work on the command line of this machine."
        )
    rules = read_rules()
    words = {
        Role.VIEWER: "may look only",
        Role.RUNNER: "may start jobs, and stop and delete their own",
        Role.OPERATOR: "may do everything",
    }
    return (
        f"Visitors who have not signed in {words[rules.anonymous]}; those who have {words[rules.default]}, unless a "
        f"list or a claim gives them another role. {len(rules.operators)} operators and {len(rules.runners)} runners "
        "are listed."
    )


def _describe_limits(limits: Limits) -> str:
    return (
        f"Limits: {format_number(limits.jobs_per_visitor)} jobs and {format_number(limits.upload_mb)} MB of uploads a "
        f"day for each visitor, {format_number(limits.budget_s)} s of time budget and {format_number(limits.job_s)} s "
        f"in all for each job, {format_number(limits.queue_length)} jobs in the queue, {format_number(limits.disk_gb)} "
        "GB in the data folder."
    )
