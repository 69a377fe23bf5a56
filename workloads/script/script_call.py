"""Which script a plan runs, with which arguments, and whether it can be run at all."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shlex
import stat
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from bench.formatting import format_bytes
from bench.workload.interface import BadInput, Settings

EXAMPLE = Path(__file__).parents[2] / "assets" / "scripts" / "digits.py"
MAX_SCRIPT_BYTES = 10_000_000
KEPT_VARIABLES = ("PYTHONUNBUFFERED",)
"""Variables of the arm's process that a script does not get, because a user's own process would not have them."""


@dataclass(frozen=True, slots=True)
class ScriptCall:
    """A script with its arguments."""

    script: Path
    arguments: tuple[str, ...]
    limit_s: float
    """Longest time of one run."""

    @property
    def folder(self) -> Path:
        return self.script.parent

    def command(self, *, patched: bool) -> list[str]:
        """The command line of one run. It starts in the script's folder."""
        start = [sys.executable, "-m", "sklearnex"] if patched else [sys.executable]
        return [*start, str(self.script), *self.arguments]

    def environment(self) -> dict[str, str]:
        """That of a plain process on the cores of the plan, without Fairlap's own variables."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in KEPT_VARIABLES and not name.startswith("FAIRLAP_")
        }
        # A window would wait for somebody to close it.
        environment.setdefault("MPLBACKEND", "agg")
        return environment

    def read(self) -> bytes:
        """The content of the script. Raises BadInput."""
        try:
            status = self.script.stat()
            if not stat.S_ISREG(status.st_mode):
                # Reading a pipe would wait for its other end.
                what = "this is a folder" if stat.S_ISDIR(status.st_mode) else "this is no regular file"
                raise BadInput(f"{self.script}: {what}", "Use the path of a Python file.")
            if status.st_size > MAX_SCRIPT_BYTES:
                size = format_bytes(status.st_size)
                raise BadInput(f"{self.script.name}: it has {size}", "Use the Python file itself, not its data.")
            return self.script.read_bytes()
        except OSError as error:
            raise BadInput(f"{self.script}: {error.strerror or error}", "Use the path of a Python file.") from error

    def digest(self) -> str:
        """SHA-256 of the script and its arguments. Raises BadInput."""
        return hashlib.sha256(self.read() + json.dumps(self.arguments).encode()).hexdigest()


def read_call(settings: Settings) -> ScriptCall:
    """What the settings of a plan ask for. Raises BadInput."""
    name, text = str(settings.parameters["script"]), str(settings.parameters["arguments"])
    # Python finds the modules beside the file itself, not beside a link to it.
    script = EXAMPLE if name == "example" else Path(name).resolve()
    try:
        arguments = json.loads(text)
    except ValueError as error:
        raise BadInput(f"arguments: this is no JSON: {text}", 'Write a list of texts: ["--size", "3"].') from error
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise BadInput(f"arguments: expected a list of texts, got {text}", 'Write them as in ["--size", "3"].')
    return ScriptCall(script, tuple(arguments), float(settings.parameters["limit"]))


def require_unchanged(call: ScriptCall, digest: str) -> None:
    """Raise BadInput if the script is not what it was when it had this digest, so that runs of two versions mix."""
    if call.digest() != digest:
        raise BadInput(
            f"{call.script.name} changed between its runs, so they are no runs of one script",
            "Start it again, and do not edit the script until it has ended.",
        )


def check_inputs(settings: Settings) -> None:
    """Raises BadInput if the script cannot be read or is no Python of this version."""
    call = read_call(settings)
    content, name = call.read(), call.script.name
    if call.script.suffix.lower() == ".ipynb" or (content.lstrip()[:1] == b"{" and b'"nbformat"' in content):
        raise BadInput(
            f"{name}: this is a notebook, not a script", f"Export it: jupyter nbconvert --to script {shlex.quote(name)}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content, name)
            # Some errors, such as a `return` outside of a function, are found only now.
            compile(tree, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        where = f" line {error.lineno}:" if error.lineno else ""
        raise BadInput(
            f"{name}:{where} {error.msg}",
            f"Python {sys.version_info.major}.{sys.version_info.minor} cannot read this script. Correct it.",
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise BadInput(f"{name}: this is no Python file: {error}", "Use the path of a Python file.") from error
    if not tree.body:
        raise BadInput(f"{name}: it is empty", "Use the path of a Python file with statements.")
