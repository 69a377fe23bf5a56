"""Exit statuses of the command line, and the error that ends a command with one."""

from __future__ import annotations

from bench.run.events import State

EXIT_STATUS = {State.FINISHED: 0, State.FAILED: 1, State.INTERRUPTED: 3, State.STOPPED: 130}
"""By the state in which a job ended. A finished race has status 0 even if its claim is refused."""
EXIT_USAGE_ERROR = 2
"""The command was wrong; nothing was started."""
EXIT_STORE_ERROR = 4
"""The database, the data folder or the queue cannot be used."""


class CommandError(Exception):
    """A command cannot go on. The message is printed and the process exits with `status`."""

    def __init__(self, message: str, status: int = EXIT_USAGE_ERROR) -> None:
        super().__init__(message)
        self.status = status
