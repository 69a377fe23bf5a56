"""`report`: stored races and sweeps as a page that opens offline, or as slides."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from bench.cli.console import make_console
from bench.cli.job_ids import load_reported_jobs
from bench.cli.output_file import check_output_file, write_output_file
from bench.formatting import format_bytes, format_count
from bench.plan.validation import PlanError
from bench.scheduler.recovery import recover_jobs
from bench.storage.store import Store

EXAMPLES = """\
examples:
  python -m bench report --html report.html 3f1c2b7a
  python -m bench report --html report.html --pptx report.pptx --customer "Example Ltd" 3f1c2b7a 90d4e6aa
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "report",
        help="stored races and sweeps as one HTML file that opens offline, or as slides",
        description="Write a report of stored races and sweeps: as one HTML file with interactive charts and every raw "
        "sample, which needs no network, or as slides whose charts can be edited. Whatever limits a claim is in both.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("ids", nargs="+", metavar="RUN", help="an id that 'show' lists, or the beginning of it")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as HTML")
    parser.add_argument("--pptx", type=Path, metavar="FILE", help="write the report as PowerPoint slides")
    parser.add_argument("--title", default="", help="title of the report")
    parser.add_argument("--customer", default="", help="name of whom the report is for")
    parser.add_argument("--author", default="", help="name of who made it")
    parser.add_argument(
        "--different-machines",
        action="store_true",
        help="yes, compare races of different machines too; the report says that they are of different machines",
    )
    parser.set_defaults(command=write_report)


def write_report(options: argparse.Namespace) -> int:
    # Here because the drawing libraries take a second to import, which the other commands need not pay for.
    from ui.reports.content import ReportedRun, ReportFields
    from ui.reports.html_report import write_html
    from ui.reports.slides import write_slides

    files: dict[str, Path] = {
        option: file for option, file in (("--html", options.html), ("--pptx", options.pptx)) if file
    }
    if not files:
        raise PlanError(["expected --html FILE or --pptx FILE, or both"])
    for option, file in files.items():
        check_output_file(option, file)
    store = Store()
    recover_jobs(store)
    runs, sweeps = load_reported_jobs(store, options.ids)
    reported = [ReportedRun(run, store.summarize_attempts(run)) for run in runs]
    fields = ReportFields(options.title, options.customer, options.author, options.different_machines)
    for option, file in files.items():
        if option == "--html":
            content = write_html(fields, reported, sweeps=sweeps).encode()
        else:
            content = write_slides(fields, reported, sweeps=sweeps)
        again = f"python -m bench report {option} {shlex.quote(str(file))} {' '.join(options.ids)}"
        write_output_file(option, file, content, again)
        counts = [format_count(len(jobs), noun) for jobs, noun in ((runs, "run"), (sweeps, "sweep")) if jobs]
        make_console().print(f"{file}: {', '.join(counts)}, {format_bytes(len(content))}")
    return 0
