"""Notices when a service dies under its arm, whose calls would wait for what never comes."""

from __future__ import annotations

import atexit
import os
import select
import signal
import threading
from collections.abc import Callable, Iterable

import psutil

LOOK_S = 1.0
"""How often it is looked for what has ended on other machines."""
INTERRUPT_S = 10
"""How long the interrupted call may take to give up, until the process is ended."""


class ServiceDied(RuntimeError):
    """What works for the arm has ended under it."""

    remedy = (
        "Something outside ended it: the out-of-memory killer, a person, or a machine that is gone. Free memory, ask "
        "for fewer rows, or see to the machine, and run again."
    )


def watch(services: Iterable[psutil.Process], look: Callable[[], list[str]] | None = None) -> None:
    """From now on raise ServiceDied in the main thread, whatever it waits for, when one of `services` ends, or when
    `look`, which is asked now and then, names others that have ended.

    Call it in the main thread, once they are up.
    """
    # Readable once the process has ended; nobody is reaped, for they have parents to wait for them.
    descriptors = {os.pidfd_open(service.pid): service.name() for service in services}
    ended: list[str] = []

    def interrupt(*_: object) -> None:
        signal.alarm(0)
        raise ServiceDied(f"{' and '.join(ended)} ended in the middle of the work")

    signal.signal(signal.SIGUSR1, interrupt)
    over = threading.Event()
    # Services that end because this process does have not died under it.
    atexit.register(over.set)
    arguments = (descriptors, ended, look, over)
    threading.Thread(target=_await_end, args=arguments, name="service-watch", daemon=True).start()


def _await_end(
    descriptors: dict[int, str], ended: list[str], look: Callable[[], list[str]] | None, over: threading.Event
) -> None:
    while not ended:
        ready, _, _ = select.select(list(descriptors), [], [], None if look is None else LOOK_S)
        ended += [descriptors[one] for one in ready] or (look() if look else [])
    if over.is_set():
        return
    print(f"{' and '.join(ended)} ended", flush=True)
    # A call that never comes back to Python does not see the interruption; the kernel then ends the process.
    signal.alarm(INTERRUPT_S)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
