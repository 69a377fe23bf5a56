"""Notices when a service of an arm ends while the arm works. The arm would otherwise wait for results that never
come."""

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
"""Time between two calls of `list_ended`."""
DEATH_NOTICE_S = 2 * POLL_S
"""How long an error waits for the news that a service has ended."""
INTERRUPT_RETRY_S = 0.05
"""Time between two attempts to interrupt the main thread."""
INTERRUPT_TIMEOUT_S = 60
"""How long an interrupted call may take to return to Python, before the kernel ends the process."""


class ServiceDied(RuntimeError):
    """A service of the arm ended while the arm was working."""

    remedy = (
        "It was ended from outside: by the out-of-memory killer, by a person, or because its machine is gone. Free "
        "memory, choose fewer rows, or check the machine, and run again."
    )


class ServiceMonitor:
    """Watches the processes of a service from a thread of its own."""

    def __init__(self, processes: Iterable[psutil.Process], list_ended: Callable[[], list[str]] | None = None) -> None:
        """Start watching. Must be called in the main thread, after the service has started.

        When one of `processes` ends, ServiceDied is raised in the main thread, whatever it is doing. `list_ended`, if
        given, is called every POLL_S and returns the names of other parts of the service that have ended.
        """
        # A pidfd becomes readable when its process ends. It does not reap the process, whose parent waits for it.
        self._names_by_descriptor = {os.pidfd_open(process.pid): process.name() for process in processes}
        self._list_ended = list_ended
        self._ended: list[str] = []
        self._interrupted, self._exiting = threading.Event(), threading.Event()
        self._main_thread_id = threading.get_ident()
        signal.signal(signal.SIGUSR1, self._raise_service_died)
        # A service that ends because this process exits is not an error.
        atexit.register(self._exiting.set)
        threading.Thread(target=self._wait_for_end, name="service-monitor", daemon=True).start()

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Replace an error inside the block by ServiceDied if a service has ended."""
        try:
            yield
        except (ServiceDied, BadInput):
            raise
        except Exception as error:
            # A connection breaks before the monitor learns that the process has ended. Usually its interruption then
            # arrives during this wait.
            time.sleep(DEATH_NOTICE_S)
            if self._ended:
                # The interruption was lost: it was raised where Python ignores errors, for example in a destructor.
                raise self._make_error() from error
            raise

    def _make_error(self) -> ServiceDied:
        return ServiceDied(f"{' and '.join(self._ended)} ended while the arm was working")

    def _raise_service_died(self, *_: object) -> None:
        """Signal handler of the main thread."""
        signal.alarm(0)
        if self._interrupted.is_set():
            return
        self._interrupted.set()
        raise self._make_error()

    def _wait_for_end(self) -> None:
        poll_s = None if self._list_ended is None else POLL_S
        while not self._ended:
            readable, _, _ = select.select(list(self._names_by_descriptor), [], [], poll_s)
            self._ended += [self._names_by_descriptor[descriptor] for descriptor in readable]
            if not self._ended and self._list_ended is not None:
                self._ended += self._list_ended()
        if self._exiting.is_set():
            return
        print(f"{' and '.join(self._ended)} ended", flush=True)
        # A call that never returns to Python does not run the signal handler. The alarm then ends the process.
        signal.alarm(INTERRUPT_TIMEOUT_S)
        # A signal that arrives just before a call starts to wait does not end that wait; the next signal does.
        while not self._interrupted.wait(INTERRUPT_RETRY_S):
            signal.pthread_kill(self._main_thread_id, signal.SIGUSR1)
