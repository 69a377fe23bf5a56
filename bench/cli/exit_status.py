"""TODO: bench.cli.exit_status."""

from __future__ import annotations

from bench.run.events import State

EXIT_STATUS = {State.FINISHED: 0, State.FAILED: 1, State.INTERRUPTED: 3, State.STOPPED: 130}


EXIT_USAGE_ERROR, EXIT_STORE_ERROR = 2, 4
