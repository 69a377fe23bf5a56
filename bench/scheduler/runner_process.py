"""Starts the process that runs a job, see `bench.scheduler.runner`, and waits for its end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from typing import IO

from bench.paths import ROOT
from bench.scheduler.order import JobOrder


def run_order(order: JobOrder, control: int, machine: int) -> tuple[int, str]:
    """Run a job in a process of its own; returns its exit status and the last line of its error log. Raises OSError.

    `control` and `machine` are descriptors of the job's control pipe and of the machine's lock; `machine` is closed.
    """
    errors = _create_error_log()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.scheduler.runner", str(control)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            # The runner keeps the machine's lock: it is free again when all processes of the job have ended.
            pass_fds=(machine, control),
            start_new_session=True,
        )
    except BaseException:
        errors.close()
        raise
    finally:
        os.close(machine)
    assert process.stdin
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(order.model_dump_json().encode() + b"\n")
        process.stdin.flush()
    status = process.wait()
    process.stdin.close()
    with errors:
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
    return status, lines[-1] if lines else f"it exited with status {status}."


def _create_error_log() -> IO[bytes]:
    """A file without a name for the standard error of a runner. It is in memory where the system can do that: what a
    runner has to say may be that the disk is full."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("fairlap-runner-errors"), "w+b")
    return tempfile.TemporaryFile()
