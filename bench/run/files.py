"""The files of a job that waits or runs, all in one folder and named by the job's id. A finished job has none."""

from __future__ import annotations

from pathlib import Path

from bench import paths


def journal_path(job_id: str) -> Path:
    """The job's events, one JSON object per line."""
    return paths.journals() / f"{job_id}.jsonl"


def control_path(job_id: str) -> Path:
    """The named pipe through which other processes send requests to the job: stop, pause."""
    return paths.journals() / f"{job_id}.control"


def scratch_path(job_id: str) -> Path:
    """The folder for the working files of the job's processes."""
    return paths.journals() / f"{job_id}.scratch"


def order_path(job_id: str) -> Path:
    """What the job was asked to do, for as long as it waits. See `bench.scheduler.order.WaitingOrder`."""
    return paths.journals() / f"{job_id}.order"


def damaged_path(job_id: str) -> Path:
    """A damaged journal. Its beginning was read and stored."""
    return paths.journals() / f"{job_id}.damaged"


def unreadable_order_path(job_id: str) -> Path:
    """The order of a job that could not be read after its process had died, so that its job was not stored."""
    return paths.journals() / f"{job_id}.unreadable"
