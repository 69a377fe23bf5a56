"""Notices when a service dies under its arm, whose calls would wait for what never comes."""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Iterable

import psutil

INTERRUPT_S = 10.0
"""How long the interrupted call may take to give up, until the process is ended."""


class ServiceDied(RuntimeError):
    """What works for the arm has ended under it."""

    remedy = "Something outside killed it: the out-of-memory killer, or a person. Free memory, or ask for fewer rows."


def watch(services: Iterable[psutil.Process]) -> None:
    """From now on raise ServiceDied in the main thread, whatever it waits for, when one of `services` ends.

    Call it in the main thread, once they are up.
    """
    # Readable once the process has ended; nobody is reaped, for they have parents to wait for them.
    descriptors = {os.pidfd_open(service.pid): service.name() for service in services}
    ended: list[str] = []

    def interrupt(*_: object) -> None:
        raise ServiceDied(f"{' and '.join(ended)} ended in the middle of the work")

    signal.signal(signal.SIGUSR1, interrupt)
    arguments = (descriptors, ended)
    threading.Thread(target=_await_end, args=arguments, name="service-watch", daemon=True).start()


def _await_end(descriptors: dict[int, str], ended: list[str]) -> None:
    ready, _, _ = select.select(list(descriptors), [], [])
    ended += [descriptors[one] for one in ready]
    print(f"{' and '.join(ended)} ended", flush=True)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
    time.sleep(INTERRUPT_S)
    os._exit(1)
