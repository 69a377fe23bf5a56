"""Call the command line: in a process of its own, as a person does, or in that of the test, where it starts no job."""

import subprocess
import sys
from pathlib import Path

from bench.cli.main import main
from bench.paths import ROOT


def run_command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """`python -m bench WORDS`, ended."""
    command = [sys.executable, "-m", "bench", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def call_main(*words: str | Path) -> int:
    """The exit status of the command. Its output is that of the test."""
    try:
        return main([str(word) for word in words])
    except SystemExit as exited:
        # The parser of the arguments refuses them so.
        assert isinstance(exited.code, int)
        return exited.code
