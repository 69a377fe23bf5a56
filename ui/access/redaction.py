"""Leaves out of texts and records what strangers must not see: paths of this machine, and output of processes."""

from __future__ import annotations

import functools
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bench import paths
from bench.run.job_record import JobRecord
from bench.storage.database import database_url
from bench.storage.job_row import JobRow
from bench.storage.uploads import is_upload
from bench.system.path_texts import HIDDEN, START, URL_SCHEME, hide_folders
from bench.values.arms import Failure
from bench.values.texts import map_texts
from bench.workload.interface import BadInput, format_bad_input
from ui.access.identity import find_visitor
from ui.design.markdown import escape_markdown

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
UNCHANGED_FIELDS = frozenset(
    {
        *("version", "id", "digest", "started", "owner", "state", "ended_at", "last_at", "edited", "progress_shares"),
        *("samples", "telemetry", "estimates", "statistics", "pictures", "core_counts", "best_ratio", "noise"),
    }
)
"""The fields of a record that have numbers, names of the declaration and pictures only. All others may have texts from
libraries, from files and from settings."""
PUBLIC_COLUMNS = (
    *("id", "digest", "workload", "title", "case_label", "baseline", "baseline_label", "accelerated"),
    *("accelerated_label", "machine", "state", "origin", "requester"),
)
"""The columns in which strangers search. Not those whose texts are redacted: what is found would reveal them."""

ROW_FIELDS = ("sentence", "inputs", "host")
"""The texts of a row that come from settings, files and libraries, apart from its findings."""


def hide_paths(text: str) -> str:
    """`text` with the folders of every path left out: `/home/ann/data.csv` becomes `…/data.csv`.

    URLs of databases and of files are left out as well; the address of a web page stays.
    """
    return _make_filter()(text)


def _make_filter(private: Iterable[str] = ()) -> Callable[[str], str]:
    """`hide_paths` for several texts. `private` are known paths, for what no pattern finds."""
    known = dict.fromkeys(_list_database_urls(), HIDDEN)
    known |= {path: f"{HIDDEN}/{path.rstrip('/').rpartition('/')[2]}" for path in private}
    longest_first = sorted(known, key=len, reverse=True)
    folders, host = _compile_known_folders(*_list_known_folders()), _compile_database_host()

    def hide(text: str) -> str:
        for value in longest_first:
            text = text.replace(value, known[value])
        text = folders.sub(HIDDEN, text)
        text = host.sub(HIDDEN, text) if host else text
        return hide_folders(text)

    return hide


def _list_known_folders() -> list[str]:
    """Folders whose names may contain what the pattern does not find, the longest first."""
    known = {paths.home(), paths.cache(), paths.ROOT, Path.home(), Path(tempfile.gettempdir())}
    return sorted((str(folder) for folder in known if len(folder.parts) > 1), key=len, reverse=True)


@functools.lru_cache
def _compile_known_folders(*folders: str) -> re.Pattern[str]:
    """Each of `folders` as a whole: `/data` is neither in `owner/data2vec` nor in `/mnt/data`."""
    names = "|".join(map(re.escape, folders))
    return re.compile(rf"{START}(?:{URL_SCHEME}/{{2,3}}(?=/))?(?:{names})(?![\w-])(?!\.\w)")


def _list_database_urls() -> set[str]:
    """The URL of the database as the environment and as messages spell it."""
    url = database_url()
    parsed = _parse_database_url()
    return {url, parsed.render_as_string(), parsed.render_as_string(hide_password=False)} if parsed else {url}


def _parse_database_url() -> URL | None:
    try:
        return make_url(database_url())
    except (ArgumentError, ValueError):
        return None


def _compile_database_host() -> re.Pattern[str] | None:
    """The host of a database, which drivers name in their messages without the rest of the URL."""
    parsed = _parse_database_url()
    return re.compile(rf"(?<![\w.-]){re.escape(parsed.host)}(?![\w-])") if parsed and parsed.host else None


def shows_everything() -> bool:
    """Whether the visitor of this session may see paths and the output of processes."""
    return find_visitor().is_operator


def public_text(text: str) -> str:
    """`text` as this session's visitor may see it."""
    return text if shows_everything() else hide_paths(text)


def describe_text(text: str) -> str:
    """A text of the code below the pages for this session's visitor, as Markdown."""
    return escape_markdown(public_text(text))


def describe_error(error: Exception) -> str:
    """The text of an error for this session's visitor, as Markdown."""
    return describe_text(str(error))


def describe_bad_input(error: BadInput) -> str:
    """What is wrong with an input and what to do, for this session's visitor, as Markdown."""
    return describe_text(format_bad_input(error))


def redact_record(record: JobRecord) -> JobRecord:
    """A copy without paths and without the output of the job's processes. Measured values stay.

    The texts of every field are searched, except for `UNCHANGED_FIELDS`.
    """
    redact = functools.partial(map_texts, change=_make_filter(_list_private_paths(record)))
    names = type(record).model_fields.keys() - UNCHANGED_FIELDS - {"failure"}
    changes: dict[str, Any] = {name: redact(getattr(record, name)) for name in names}
    changes["failure"] = record.failure and redact(record.failure.model_copy(update={"log": []}))
    return record.model_copy(update=changes)


def _list_private_paths(record: JobRecord) -> list[str]:
    """The settings of a job's plan that are paths, in the forms in which messages may have them."""
    texts = [value for value in record.plan.parameters.values() if isinstance(value, str)]
    spelled = [text for text in texts if "/" in text and not (_HUB_NAME.fullmatch(text) or is_upload(text))]
    return [*spelled, *(os.path.abspath(os.path.expanduser(text)) for text in spelled)]


def redact_row(row: JobRow) -> JobRow:
    """A copy without paths."""
    hide = _make_filter()
    texts = {name: value and hide(value) for name in ROW_FIELDS if (value := getattr(row, name)) is not None}
    return replace(row, **texts, findings=_redact_findings(row.findings, hide))


def _redact_findings(findings: str | None, hide: Callable[[str], str]) -> str | None:
    """`JobRow.findings` with the texts in the JSON redacted; None if it is damaged, as for `JobRow.list_findings`."""
    if not findings:
        return findings
    try:
        return json.dumps(map_texts(json.loads(findings), hide))
    except ValueError:
        return None


def redact_failure(failure: Failure) -> Failure:
    """Without paths and without the last lines of output."""
    return map_texts(failure.model_copy(update={"log": []}), _make_filter())
