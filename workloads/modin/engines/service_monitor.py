"""Notices when a service dies under its arm, whose calls would wait for what never comes."""

from __future__ import annotations

import atexit
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import psutil

from bench.workload.interface import BadInput

POLL_S = 1.0
"""How often it is looked for what has ended on other machines."""
DEATH_NOTICE_S = 2 * POLL_S
"""How long an error waits for its cause to become known: that a service has ended."""
INTERRUPT_RETRY_S = 0.05
"""Time between two attempts to interrupt."""
INTERRUPT_TIMEOUT_S = 60
"""How long the interrupted call may take to give up, until the process is ended."""


class ServiceDied(RuntimeError):
    """What works for the arm has ended under it."""

    remedy = (
        "Something outside ended it: the out-of-memory killer, a person, or a machine that is gone. Free memory, ask "
        "for fewer rows, or see to the machine, and run again."
    )


class ServiceMonitor:
    """Watches over services. Make it in the main thread, once they are up."""

    def __init__(self, services: Iterable[psutil.Process], look: Callable[[], list[str]] | None = None) -> None:
        """From now on raise ServiceDied in the main thread, whatever it waits for, when one of `services` ends, or
        when `look`, which is asked now and then, names others that have ended."""
        # Readable once the process has ended; nobody is reaped, for they have parents to wait for them.
        self._descriptors = {os.pidfd_open(service.pid): service.name() for service in services}
        self._look = look
        self._ended: list[str] = []
        self._told, self._over = threading.Event(), threading.Event()
        signal.signal(signal.SIGUSR1, self._interrupt)
        # Services that end because this process does have not died under it.
        atexit.register(self._over.set)
        threading.Thread(target=self._await_end, name="service-watch", daemon=True).start()

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Give an error inside that comes of a service's end the time to become ServiceDied."""
        try:
            yield
        except (ServiceDied, BadInput):
            raise
        except Exception as error:
            # A connection breaks before it is known that its process has ended; the interruption comes in here.
            time.sleep(DEATH_NOTICE_S)
            if self._ended:
                # It was lost: raised where errors are ignored, as in a destructor.
                raise self._death() from error
            raise

    def _death(self) -> ServiceDied:
        return ServiceDied(f"{' and '.join(self._ended)} ended in the middle of the work")

    def _interrupt(self, *_: object) -> None:
        signal.alarm(0)
        if self._told.is_set():
            return
        self._told.set()
        raise self._death()

    def _await_end(self) -> None:
        wait_s = None if self._look is None else POLL_S
        while not self._ended:
            ready, _, _ = select.select(list(self._descriptors), [], [], wait_s)
            self._ended += [self._descriptors[one] for one in ready] or (self._look() if self._look else [])
        if self._over.is_set():
            return
        print(f"{' and '.join(self._ended)} ended", flush=True)
        # A call that never comes back to Python does not see the interruption; the kernel then ends the process.
        signal.alarm(INTERRUPT_TIMEOUT_S)
        # A signal that comes just before a call begins to wait does not end its waiting; the next one does.
        while not self._told.wait(INTERRUPT_RETRY_S):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
