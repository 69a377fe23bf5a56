"""The command line: `python -m bench list | run WORKLOAD | do WORKLOAD TASK | show RUN | machine | check WHAT`.

The same plans, events and store as the pages. Exit status: 0 the run finished (its claim may still be refused), 1 it
failed, 2 the call was wrong, 3 it was interrupted, 4 the store cannot be used, 130 it was stopped.
"""

from __future__ import annotations

import sys

from bench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
