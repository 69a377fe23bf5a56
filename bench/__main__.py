"""The command line: `python -m bench COMMAND`. See `bench.cli`."""

from __future__ import annotations

import sys

from bench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
