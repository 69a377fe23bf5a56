"""What races and measurements have in common: kind, origin, and the person who asked for the job."""

from __future__ import annotations

import getpass
import os
import re
from enum import StrEnum
from typing import Literal


class JobKind(StrEnum):
    """What a job does. The values are stored in the database."""

    RACE = "race"
    MEASUREMENT = "measurement"
    SWEEP = "sweep"


Origin = Literal["page", "command line", "import"]
"""The program from which a job was submitted; `import` for a run that was read from a file."""
IMPORT_ORIGIN: Origin = "import"


ENDED_WHILE_WAITING = "Fairlap ended while it waited in the queue, so nothing was measured"
QUEUE_FAILED = "the queue of this machine could not be used while it waited, so nothing was measured"
"""Why jobs that never began are interrupted. Stored with them; details may follow."""


def is_job_id(name: str) -> bool:
    """Check that `name` has the form of a job id: 32 hexadecimal digits. Ids come from URLs and become file names."""
    return re.fullmatch("[0-9a-f]{32}", name) is not None


def current_requester() -> str:
    """The user name of this process, or its numeric user id if the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # Containers often run under a user id without an entry in the user database.
        return str(os.getuid())
