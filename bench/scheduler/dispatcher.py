"""Takes plans, has them raced in turn, and lets anybody follow: what pages and the command line call.

A dispatcher belongs to a process, not to a browser session: a run goes on when its page is closed. Each run races in a
process of its own (`bench.scheduler.runner`), so that nothing that a page does disturbs it more than any other program would.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass

from bench.paths import ROOT
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.files import error_log_path, is_run_id, journal_path, page_drawing_path, stop_request_path
from bench.run.journal import JournalReader
from bench.run.record import Run
from bench.scheduler.queue import Queue, QueueEntry, Ticket
from bench.scheduler.recovery import EXIT_NOT_STORED, recover_runs
from bench.storage.store import Store, StoreError

POLL_INTERVAL_S = 0.1
"""How often a waiting ticket looks whether it is its turn."""
MAX_FINISHED_RUNS = 16
"""Runs that are kept in memory once they are over, for the pages that still show them."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Where a submitted run stands: `run` once it has begun, `place` while it waits, `problem` where it was lost."""

    place: int = 0
    run: Run | None = None
    problem: str = ""

    @property
    def over(self) -> bool:
        return bool(self.problem) or (self.run is not None and self.run.state.over)


class Dispatcher:
    """One for each process that submits runs. Its thread waits for the machine and starts the runs one by one."""

    def __init__(self, store: Store | None = None, queue: Queue | None = None) -> None:
        self.store = store or Store()
        self.queue = queue or Queue()
        self._orders: list[tuple[Plan, Ticket]] = []
        self._problems: dict[str, str] = {}
        self._followed: OrderedDict[str, _RunFollower] = OrderedDict()
        self._changed = threading.Condition()
        recover_runs(self.store)
        # A daemon: the process may end while it waits. The runs notice by their standard input.
        threading.Thread(target=self._work, name="fairlap-dispatch", daemon=True).start()

    def submit(self, plan: Plan, *, origin: str) -> str:
        """Queue `plan`; its run's id."""
        run = uuid.uuid4().hex
        workload = find_workload(plan.workload)
        ticket = self.queue.enter(run=run, workload=workload.name, title=workload.title, origin=origin)
        with self._changed:
            # Sessions press Run at once: the order of the tickets counts, not that in which their threads come here.
            self._orders.append((plan, ticket))
            self._orders.sort(key=lambda order: order[1].path.name)
            self._changed.notify()
        return run

    def stop(self, run: str) -> None:
        """End a run that waits or races; the run of another process of this user too."""
        with self._changed:
            for order in self._orders:
                if order[1].entry.run == run:
                    self._orders.remove(order)
                    self._problems[run] = "It was stopped before its turn came; nothing was measured."
                    order[1].leave()
                    return
        if is_run_id(run) and (journal_path(run).exists() or any(entry.run == run for entry in self.queue.entries())):
            stop_request_path(run).touch()

    def drawing(self, run: str) -> None:
        """A page is about to draw `run`: its race takes no pair until that is over, since both want the same cores."""
        if is_run_id(run) and journal_path(run).exists():
            page_drawing_path(run).touch()

    def entries(self) -> list[QueueEntry]:
        """Who waits or races on this machine, in order."""
        return self.queue.entries()

    def status(self, run: str) -> RunStatus:
        """Where `run` stands now; a run of any process of this user, or a stored one. Raises StoreError."""
        if not is_run_id(run):
            return RunStatus(problem="There is no such run.")
        with self._changed:
            problem = self._problems.get(run, "")
            followed = self._followed.setdefault(run, _RunFollower(run))
            self._followed.move_to_end(run)
            while len(self._followed) > MAX_FINISHED_RUNS:
                self._followed.popitem(last=False)
        record = followed.read(self.store)
        if record is None and not problem:
            place = next((place for place, entry in enumerate(self.entries()) if entry.run == run), None)
            return RunStatus(place=place or 0, problem="" if place is not None else "There is no such run.")
        return RunStatus(run=record, problem=problem)

    def _work(self) -> None:
        while True:
            try:
                plan, ticket, machine = self._next()
            except OSError as error:
                self._give_up(f"The queue of this machine cannot be used: {error}")
                continue
            try:
                self._serve(plan, ticket, machine)
            except (OSError, StoreError) as error:
                # The thread outlives a full disk: the page is told what happened to its run.
                self._problem(ticket.entry.run, f"The run was lost: {error}")
            finally:
                ticket.leave()

    def _give_up(self, problem: str) -> None:
        """Tell every waiting run why it will not be raced."""
        with self._changed:
            for _, ticket in self._orders:
                self._problems[ticket.entry.run] = problem
                ticket.leave()
            self._orders.clear()

    def _next(self) -> tuple[Plan, Ticket, int]:
        """The first order, when its turn has come, and the descriptor that holds the machine."""
        with self._changed:
            while True:
                if not self._orders:
                    self._changed.wait()
                    continue
                plan, ticket = self._orders[0]
                machine = self.queue.take_machine() if ticket.place() == 0 else None
                if machine is not None:
                    del self._orders[0]
                    return plan, ticket, machine
                self._changed.wait(POLL_INTERVAL_S)

    def _serve(self, plan: Plan, ticket: Ticket, machine: int) -> None:
        """Have the run raced by a process of its own, to its end."""
        run = ticket.entry.run
        try:
            with error_log_path(run).open("wb") as error:
                process = subprocess.Popen(
                    [sys.executable, "-m", "bench.scheduler.runner"],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=error,
                    # The lock goes with the run: it is free again when the run's process has swept and ended.
                    pass_fds=(machine,),
                    start_new_session=True,
                )
        finally:
            os.close(machine)
        assert process.stdin
        order = {"run": run, "plan": plan.model_dump(), "origin": ticket.entry.origin}
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
        status = process.wait()
        process.stdin.close()
        if status == 0:
            error_log_path(run).unlink()
            return
        words = error_log_path(run).read_text(errors="replace").strip().splitlines()
        last = words[-1] if words else f"it ended with status {status}"
        self._problem(run, last if status == EXIT_NOT_STORED else f"The run's process ended early: {last}")
        if status != EXIT_NOT_STORED:
            recover_runs(self.store)

    def _problem(self, run: str, problem: str) -> None:
        with self._changed:
            self._problems[run] = problem


class _RunFollower:
    """A run read along: from its journal while it races, from the store afterwards. Shared by all who watch."""

    def __init__(self, run: str) -> None:
        self.id = run
        self.run: Run | None = None
        self._reader = JournalReader(journal_path(run))
        self._lock = threading.Lock()

    def read(self, store: Store) -> Run | None:
        with self._lock:
            if self.run is not None and self.run.state.over:
                return self.run
            try:
                for event in self._reader.more():
                    if self.run is None:
                        self.run = Run.from_events([event])
                    else:
                        self.run.apply(event)
            except FileNotFoundError:
                # Not begun, or over and stored.
                self.run = store.load(self.id)
            except ValueError as error:
                raise StoreError(f"the journal of run {self.id[:8]} cannot be read: {error}") from error
            return self.run
