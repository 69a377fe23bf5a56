"""Notices when a service of an arm ends while the arm works. The arm would otherwise wait for results that never
come."""

from __future__ import annotations

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import psutil

from bench.system.readiness import wait_readable
from bench.workload.interface import BadInput
from workloads.modin.engines.errors import EngineFault

POLL_S = 1.0
"""Time between two calls of `list_ended`."""
DEATH_NOTICE_S = 2 * POLL_S
"""How long an error waits for the news that a service has ended."""
INTERRUPT_RETRY_S = 0.05
"""Time between two attempts to interrupt the main thread."""
INTERRUPT_LOST_S = 5.0
"""Time after which a call that was interrupted, and goes on, is interrupted again."""
INTERRUPT_TIMEOUT_S = 60
"""How long an interrupted call may take to return to Python, before the kernel ends the process."""


class ServiceDied(RuntimeError):
    """A service of the arm ended while the arm was working."""

    remedy = (
        "It was ended from outside: by the out-of-memory killer, by a person, or because its machine is gone. Free "
        "memory, choose fewer rows, or check the machine, and run again."
    )


class ServiceMonitor:
    """Watches the processes of a service from a thread of its own, and interrupts the calls that need the service."""

    def __init__(self, processes: Iterable[psutil.Process], list_ended: Callable[[], list[str]] | None = None) -> None:
        """Start watching. Must be called in the main thread, after the service has started.

        `list_ended`, if given, is called every POLL_S and returns the names of other parts of the service that have
        ended.
        """
        # A pidfd becomes readable when its process ends. It does not reap the process, whose parent waits for it.
        self._names_by_descriptor = {os.pidfd_open(process.pid): process.name() for process in processes}
        self._list_ended = list_ended
        self._ended: list[str] = []
        self._is_in_block = False
        self._interrupted_at: float | None = None
        """Value of `time.monotonic` at the last interruption."""
        self._exiting = threading.Event()
        self._main_thread_id = threading.get_ident()
        signal.signal(signal.SIGUSR1, self._raise_service_died)
        # A service that ends because this process exits is not an error.
        atexit.register(self._exiting.set)
        threading.Thread(target=self._wait_for_end, name="service-monitor", daemon=True).start()

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Raise ServiceDied in the block, which must run in the main thread, if the service has ended or ends.

        Whatever the block is doing is interrupted, and an error that follows from the end of the service is replaced.
        Nothing is raised outside such blocks, where it could hit code that cannot expect it.
        """
        try:
            # In this order: the thread sets `_ended` and then looks whether there is a block.
            self._is_in_block = True
            if self._ended:
                raise self._make_error()
            yield
        except (ServiceDied, BadInput, EngineFault):
            raise
        except Exception as error:
            # A connection breaks before the monitor learns that the process has ended. Usually its interruption then
            # arrives during this wait.
            time.sleep(DEATH_NOTICE_S)
            if self._ended:
                # The interruption was lost: it was raised where Python ignores errors, for example in a destructor.
                raise self._make_error() from error
            raise
        finally:
            self._is_in_block = False
            signal.alarm(0)

    def _make_error(self) -> ServiceDied:
        return ServiceDied(f"{' and '.join(self._ended)} ended while the arm was working")

    def _raise_service_died(self, *_: object) -> None:
        """Signal handler of the main thread."""
        now = time.monotonic()
        was_just_interrupted = self._interrupted_at is not None and now - self._interrupted_at < INTERRUPT_LOST_S
        if self._is_in_block and not was_just_interrupted:
            self._interrupted_at = now
            signal.alarm(0)
            raise self._make_error()

    def _wait_for_end(self) -> None:
        poll_s = None if self._list_ended is None else POLL_S
        while not self._ended:
            readable = wait_readable(list(self._names_by_descriptor), poll_s)
            self._ended += [self._names_by_descriptor[descriptor] for descriptor in readable]
            if not self._ended and self._list_ended is not None:
                self._ended += self._list_ended()
        if self._exiting.is_set():
            return
        print(f"{' and '.join(self._ended)} ended", flush=True)
        if self._is_in_block:
            self._interrupt_block()

    def _interrupt_block(self) -> None:
        """Interrupt the block again and again until it is left.

        A signal that arrives just before a call starts to wait does not end that wait, and an exception that is raised
        in a destructor is ignored.
        """
        # A call that never returns to Python does not run the signal handler. The alarm then ends the process.
        signal.alarm(INTERRUPT_TIMEOUT_S)
        while self._is_in_block:
            signal.pthread_kill(self._main_thread_id, signal.SIGUSR1)
            time.sleep(INTERRUPT_RETRY_S)
        signal.alarm(0)
