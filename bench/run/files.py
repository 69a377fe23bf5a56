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


def error_log_path(job_id: str) -> Path:
    """Standard error of the job's runner process."""
    return paths.journals() / f"{job_id}.error"
