"""Whether a script is still the one that a profile or a race has run."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from bench.plan.plan import Plan
from bench.workload.interface import BadInput
from workloads.script.script_call import ScriptCall


def has_changed(plan: Plan, digest: str) -> bool:
    """Whether the script of `plan` with its arguments has another digest now, or cannot be read."""
    script = Path(str(plan.parameters["script"]))
    try:
        status = script.stat()
    except OSError:
        return True
    signature = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    return _digest(script, str(plan.parameters["arguments"]), signature) != digest


@functools.lru_cache(maxsize=64)
def _digest(script: Path, arguments: str, signature: tuple[int, ...]) -> str:
    """Read again only if the `signature` of the file is another one. Empty if it cannot be read."""
    try:
        return ScriptCall(script, tuple(json.loads(arguments)), 1.0).digest()
    except BadInput:
        return ""
