"""`clean`: what Fairlap keeps on disk and does not need."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

from bench.cli.console import make_console, make_table, print_table
from bench.cli.errors import EXIT_STORE_ERROR
from bench.formatting import format_bytes, format_count, format_percent
from bench.scheduler.recovery import describe_left_files, recover_jobs
from bench.storage.cleaning import CACHE_AGE_S, DAY_S, UPLOAD_AGE_S, Limits, Survey, find_removable, remove_items
from bench.storage.disk_limits import CACHE_SHARE, DEFAULT_DISK_GB, DISK_VARIABLE
from bench.storage.store import Store, StoreError


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "clean",
        help="old caches, uploads and leftovers: what removing them would free",
        description="List what can be removed: caches that were not used for "
        f"{CACHE_AGE_S / DAY_S:.0f} days or together exceed {format_percent(CACHE_SHARE, 0)} of {DISK_VARIABLE} "
        f"(default {DEFAULT_DISK_GB} GB), uploads that were not used for {UPLOAD_AGE_S / DAY_S:.0f} days and that no "
        "stored job names, and files of processes that have died. Nothing is removed without --apply. Stored runs "
        "stay, and so does what a waiting or running job or a question uses. Fairlap itself does the same, with these "
        "limits, when it starts and after jobs, at most once in 10 minutes.",
    )
    parser.add_argument("--apply", action="store_true", help="remove what is listed")
    parser.add_argument(
        "--older-than",
        type=_parse_days,
        metavar="DAYS",
        help="list all caches and uploads that were not used for so many days; 0 lists all that no job uses",
    )
    parser.set_defaults(command=clean)


def _parse_days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of days from 0, got {text}")
    return days


def clean(options: argparse.Namespace) -> int:
    problems: list[str] = []
    store = _open_store(problems)
    limits = Limits()
    if options.older_than is not None:
        age_s = options.older_than * DAY_S
        limits = Limits(cache_age_s=age_s, upload_age_s=age_s, damaged_age_s=age_s)
    survey = _find_removable(store, limits, problems)
    console = make_console()
    items = survey.removable
    removed = remove_items(items) if options.apply else []
    if items:
        table = make_table(console, "what", "size", "last used", "why", "path", right=("size",))
        for item in items:
            used = f"{datetime.fromtimestamp(item.last_used):%Y-%m-%d %H:%M}"
            reason = item.reason if not options.apply or item in removed else "kept: a process uses it"
            table.add_row(item.label, format_bytes(item.size_bytes), used, reason, str(item.path))
        print_table(console, table)
    unused = _find_unused_pages(store, problems, compact=options.apply)
    freed = sum(item.size_bytes for item in (removed if options.apply else items)) + unused
    count = format_count(len(removed if options.apply else items), "item")
    pages = f" and {format_bytes(unused)} of unused pages in the database" if unused else ""
    if not items and not unused:
        console.print("There is nothing to remove.")
    elif options.apply:
        console.print(f"{count}{pages} removed, {format_bytes(freed)} freed.")
    else:
        console.print(f"{count}{pages} can be removed, which frees {format_bytes(freed)}. To do it, add --apply.")
    in_use = f", {survey.in_use} of them in use by a job" if survey.in_use else ""
    named = f", {len(survey.named_uploads)} named by stored jobs" if survey.named_uploads else ""
    console.print(f"Caches and uploads that stay: {format_bytes(survey.kept_bytes)}{in_use}{named}.")
    for sentence in describe_left_files():
        console.print(sentence)
    for problem in problems:
        print(f"bench: {problem}", file=sys.stderr)
    return EXIT_STORE_ERROR if problems else 0


def _open_store(problems: list[str]) -> Store | None:
    """The store, after the jobs of dead processes were stored; None, with a problem, if it cannot be used.

    A disk that is full stops the database, and is what this command is for: the rest has to go on.
    """
    try:
        store = Store()
        recover_jobs(store)
    except StoreError as error:
        problems.append(f"No job was stored, and all uploads stay, because stored jobs may name them. {error}")
        return None
    return store


def _find_removable(store: Store | None, limits: Limits, problems: list[str]) -> Survey:
    if store:
        try:
            return find_removable(store.find_named_uploads, limits)
        except StoreError as error:
            problems.append(f"All uploads stay, because stored jobs may name them. {error}")
    return find_removable(set, limits)


def _find_unused_pages(store: Store | None, problems: list[str], *, compact: bool) -> int:
    """Size in bytes of the database's unused pages, given back to the disk if `compact`; 0 if that failed."""
    if not store:
        return 0
    try:
        unused = store.measure_unused_bytes()
        if unused and compact:
            store.compact()
    except StoreError as error:
        problems.append(f"The unused pages of the database were not given back to the disk. {error}")
        return 0
    return unused
