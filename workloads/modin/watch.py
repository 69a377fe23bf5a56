"""Notices when Ray dies under its arm, whose calls would wait for what never comes."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

import psutil

SERVICES = ("gcs_server", "raylet")
"""Ray's own processes without which no call ends."""
INTERRUPT_S = 10.0
"""How long the interrupted call may take to give up, until the process is ended."""


class RayDied(RuntimeError):
    """Ray has ended under the arm."""

    remedy = "Something outside killed it: the out-of-memory killer, or a person. Free memory, or ask for fewer rows."


def watch() -> None:
    """From now on raise RayDied in the main thread, whatever it waits for, when one of Ray's services ends.

    Call it in the main thread, once Ray is up.
    """
    services = [child for child in psutil.Process().children() if child.name() in SERVICES]
    # Readable once the process has ended; nobody is reaped, for they are Ray's children to wait for.
    descriptors = {os.pidfd_open(service.pid): service.name() for service in services}
    signal.signal(signal.SIGUSR1, _interrupt)
    threading.Thread(target=_await_end, args=(descriptors,), name="ray-watch", daemon=True).start()


def _interrupt(*_: object) -> None:
    raise RayDied("Ray has ended in the middle of the work")


def _await_end(descriptors: dict[int, str]) -> None:
    ended, _, _ = select.select(list(descriptors), [], [])
    print(f"Ray's {' and '.join(descriptors[one] for one in ended)} ended", flush=True)
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
    time.sleep(INTERRUPT_S)
    os._exit(1)
