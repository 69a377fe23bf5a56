"""One run in a process of its own: `python -m bench.scheduler.runner`, started by `bench.scheduler.dispatcher`.

The first line of standard input is the run's order. End of file there means that whoever ordered it is gone: the run
ends as interrupted. A file beside the journal means that somebody pressed Stop. The race's events go to the journal,
the finished run to the store, and then the journal is removed.

It adopts the orphans of a supervisor that is killed, and sweeps them; only its own death and the supervisors' at the
same moment could leave anything behind.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
from datetime import UTC, datetime

from bench.machine.core_selection import avoid_cores, choose_cores
from bench.machine.describe import describe_machine
from bench.machine.limits import core_limit
from bench.plan.plan import Plan
from bench.plan.validation import check_plan
from bench.race.race import Race
from bench.race.watchdog import RaceStopped
from bench.run.events import State
from bench.run.files import journal_path, page_drawing_path, scratch_path, stop_request_path
from bench.run.job import current_requester
from bench.run.journal import JournalWriter
from bench.run.opening import open_run
from bench.scheduler.recovery import EXIT_NOT_STORED
from bench.storage.store import Store, StoreError
from bench.system.prctl import adopt_orphans, die_with_parent
from bench.system.process_tree import end_descendants

PAGE_DRAWING_S = 0.3
"""How long drawing a page takes, by its server and then by its browser."""


def main() -> int:
    die_with_parent(signal.SIGTERM)
    adopt_orphans()
    ended: list[str] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append("its dashboard or command line ended"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    order = json.loads(sys.stdin.buffer.readline())
    run = order["run"]
    plan = Plan.model_validate(order["plan"])
    check_plan(plan)
    opened = open_run(
        plan,
        run_id=run,
        machine=describe_machine(),
        started=datetime.now(UTC),
        origin=order["origin"],
        requester=current_requester(),
        pid=os.getpid(),
    )
    cores = choose_cores(opened.plan.cores)
    crowded = len(cores) == core_limit()
    avoid_cores(cores)

    def stop() -> RaceStopped | None:
        if stop_request_path(run).exists():
            return RaceStopped(State.STOPPED, "Stop was pressed")
        if ended:
            return RaceStopped(State.INTERRUPTED, ended[0])
        ready, _, _ = select.select([0], [], [], 0)
        if ready and not os.read(0, 4096):
            return RaceStopped(State.INTERRUPTED, "its dashboard or command line ended")
        return None

    def paused_until() -> float:
        """The time, in seconds since the epoch, until which a page draws this run on its cores; 0 if none does."""
        if not crowded:
            return 0.0  # There are other cores for the page.
        try:
            return page_drawing_path(run).stat().st_mtime + PAGE_DRAWING_S
        except FileNotFoundError:
            return 0.0

    journal = JournalWriter(journal_path(run))
    scratch = scratch_path(run)
    scratch.mkdir()
    race = Race(
        opened, emit=journal.append, stop_requested=stop, paused_until=paused_until, scratch=scratch, cores=cores
    )
    try:
        race.run()
    finally:
        end_descendants(grace_s=2.0)
        shutil.rmtree(scratch, ignore_errors=True)
        for asked in (stop_request_path(run), page_drawing_path(run)):
            asked.unlink(missing_ok=True)

    try:
        Store().save(race.record)
    except StoreError as error:
        print(f"The run is over but was not stored: {error} It waits in {journal.path}.", file=sys.stderr)
        return EXIT_NOT_STORED
    journal.path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
