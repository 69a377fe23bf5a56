"""Runs a script as the workload does, in a process of its own, because that ends all of its child processes.

`python -m tests.support.script_runs OPTIONS-AS-JSON SCRIPT [ARGUMENT …]` prints the run and its trace as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.paths import ROOT

SCRIPTS = Path(__file__).parent / "scripts"


def run(script: Path, *arguments: str, patched: bool = False, trace: Path | None = None, limit_s: float = 60.0) -> Any:
    """`{"run": …, "error": [what, remedy] or null}` of one run, which is traced if `trace` is a folder."""
    options = json.dumps({"patched": patched, "trace": trace and str(trace), "limit_s": limit_s})
    command = [sys.executable, "-m", "tests.support.script_runs", options, str(script), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    # The sitecustomize of a test may have printed before.
    return json.loads(done.stdout.splitlines()[-1])


def write_script(folder: Path, content: str, name: str = "script.py") -> Path:
    script = folder / name
    script.write_text(content)
    return script


def main() -> None:
    from bench.system.prctl import adopt_orphans
    from bench.workload.interface import BadInput
    from workloads.script.script_call import ScriptCall
    from workloads.script.script_process import require_success, run_script
    from workloads.script.trace import make_trace_environment

    options, script, *arguments = sys.argv[1:]
    wanted = json.loads(options)
    adopt_orphans()
    call = ScriptCall(Path(script), tuple(arguments), wanted["limit_s"])
    environment = call.environment()
    if wanted["trace"]:
        environment = make_trace_environment(environment, Path(wanted["trace"]), call.folder)
    result = run_script(call.command(patched=wanted["patched"]), call, environment)
    error = None
    try:
        require_success(result, call, patched=wanted["patched"])
    except BadInput as bad:
        error = [str(bad), bad.remedy]
    print(json.dumps({"run": asdict(result), "error": error}))


if __name__ == "__main__":
    main()
