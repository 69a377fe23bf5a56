"""Hand a run to others: the claim as text, a link, a picture, files, and a report."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlencode, urlsplit, urlunsplit

import psutil
import streamlit as st
from streamlit import config

from bench.claims.headline import write_headline
from bench.formatting import format_count, format_median, format_ratio_with_interval
from bench.run.record import Run
from bench.storage.attempts import UNKNOWN_ATTEMPTS, AttemptSummary, format_attempts
from bench.storage.csv_export import samples_csv
from bench.values.base import Arm
from bench.values.claims import Claim
from ui import records
from ui.access.redaction import shows_everything
from ui.access.settings import is_loopback
from ui.charts.share_card import HEIGHT_PX, WIDTH_PX, build_share_card, describe_ratio
from ui.components.png_button import draw_png_button
from ui.design.browser import detect_theme
from ui.design.text import format_date_time
from ui.run_view.downloads import draw_file_button, draw_json_button, export_name
from ui.run_view.report_form import draw_report_form


def draw_share_button(run: Run, attempts: AttemptSummary | None, step: str, key: str) -> None:
    """A button that opens everything that a reader can take away from a run."""
    with st.popover("Share", icon=":material/share:", key=f"{key}-share"):
        draw_share(run, attempts, step, key)


def draw_share(run: Run, attempts: AttemptSummary | None, step: str, key: str) -> None:
    """Text, link, picture, JSON and CSV of a run, for the selected step; and a report of the whole run."""
    text, link, picture, files, report = st.tabs(["Text", "Link", "Picture", "Files", "Report"])
    address = build_link(run.id, {"step": step})
    with text:
        st.code(write_handover(run, step, attempts, address), language=None, wrap_lines=True)
        _warn_if_local(address)
    with link:
        draw_link(address)
    with picture:
        footer = [_describe_origin(run), address]
        draw_png_button(
            "Save as PNG",
            build_share_card(run, step, write_headline(run, step), footer, detect_theme()),
            f"{export_name(run)}.png",
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
            key=f"{key}-png",
        )
        _warn_if_local(address)
    with files:
        draw_json_button(run, "Complete record as JSON", key=f"{key}-share-json")
        name = f"{export_name(run)}-samples.csv"
        draw_file_button("Samples as CSV", lambda: samples_csv(run), name, key=f"{key}-share-csv")
    with report:
        draw_report_form([run], key)


def write_handover(run: Run, step: str, attempts: AttemptSummary | None, address: str) -> str:
    """The result as text for a mail or a slide: the claim, the times, what weakens it, machine, date and link. Raises
    ValueError for a trick and for a replay."""
    run.require_result("shared")
    lines = [write_headline(run, step).text.rstrip(".") + "."]
    if attempts_text := (UNKNOWN_ATTEMPTS if attempts is None else format_attempts(attempts)):
        lines.append(attempts_text)
    claim = run.claim(step)
    if comparison := run.comparison(step):
        times = ", ".join(f"{run.snapshot.arms[arm]} {format_median(comparison.summary(arm))}" for arm in Arm)
        pairs = format_count(comparison.baseline.count, "pair")
        ratio = format_ratio_with_interval(comparison.ratio)
        lines.append(f"Medians of {pairs}: {times}. {describe_ratio(claim).capitalize()}: {ratio}.")
    lines += _describe_findings(claim) if claim else []
    return "\n".join([*lines, _describe_origin(run), address])


def _describe_findings(claim: Claim) -> list[str]:
    """A line for each effect on the claim, with its findings, and for a claim the number of rules that passed."""
    effects = {
        "refusal": claim.refusals,
        "reservation": claim.reservations,
        "condition": claim.conditions,
    }
    lines = [
        f"{format_count(len(findings), noun)}: {'; '.join(finding.title for finding in findings)}."
        for noun, findings in effects.items()
        if findings
    ]
    return [*lines, f"{format_count(len(claim.passed), 'rule')} passed."] if claim.made else lines


def _describe_origin(run: Run) -> str:
    return f"{run.machine.short}, {format_date_time(run.started)}, Fairlap run {run.id[: records.SHORT_ID_CHARS]}"


def build_link(run_id: str | None, query: dict[str, str]) -> str:
    """A link to this page with `query`, and with the run if there is one.

    If others can reach the server but this browser calls it localhost, the link has the address in the network. Only
    for operators: the browser says what it calls the server, and a stranger must not learn addresses behind a proxy.
    """
    parts = urlsplit(st.context.url or "")
    if not parts.netloc:
        return f"?{_encode(run_id, query)}"
    host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    if is_loopback(host) and shows_everything() and not is_loopback(config.get_option("server.address")):
        host = find_network_address() or host
    return urlunsplit((parts.scheme, f"{_bracket(host)}{port}", parts.path, _encode(run_id, query), ""))


def draw_link(address: str) -> None:
    """A link to copy, with a warning if it works on this machine only."""
    st.code(address, language=None, wrap_lines=True)
    _warn_if_local(address)


def _warn_if_local(address: str) -> None:
    if is_loopback(urlsplit(address).hostname or "localhost"):
        st.caption(
            ":orange[:material/warning:] Only this machine can open the link. Others can after `make run HOST=0.0.0.0`."
        )


def find_network_address() -> str:
    """The first IPv4 address of this machine that others may reach; empty without one. Asks no network."""
    for interface, addresses in psutil.net_if_addrs().items():
        for entry in addresses:
            usable = entry.family == socket.AF_INET and not ipaddress.ip_address(entry.address).is_loopback
            if usable and not interface.startswith(("docker", "br-", "veth")):
                return entry.address
    return ""


def _encode(run_id: str | None, query: dict[str, str]) -> str:
    return urlencode(query | ({"run": run_id[: records.SHORT_ID_CHARS]} if run_id else {}), safe=":,")


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host
