"""The measurement of a script: which of its calls scikit-learn-intelex accelerates, and why not the others."""

from __future__ import annotations

from bench.system.prctl import adopt_orphans
from bench.workload.interface import Settings, TaskReporter
from bench.workload.tasks import NoArguments
from workloads.script.measurements import OutputLog, ProfileResult, ScriptTimes
from workloads.script.profile_report import make_result
from workloads.script.script_call import ScriptCall, read_call, require_unchanged
from workloads.script.script_process import ScriptRun, describe_left, require_success, run_script
from workloads.script.trace import LIBRARY, Trace, make_trace_environment, read_trace

RUNS = 5


class ScriptTasks:
    """See `bench.workload.interface.TaskHandler`."""

    def profile(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> ProfileResult:
        """Run the script stock and patched, with and without tracing.

        Reports `output` (`OutputLog`) of the first stock and of the first patched run, also if it fails. Raises
        BadInput if the script fails or takes too long.
        """
        LIBRARY.require_version()
        adopt_orphans()
        call = read_call(settings)
        digest = call.digest()
        done = 0

        def run(what: str, *, patched: bool, trace: bool = False) -> tuple[ScriptRun, Trace]:
            nonlocal done
            result, found = _run_once(settings, call, reporter, what, done, patched=patched, trace=trace)
            done += 1
            return result, found

        # The first run fills the disk cache, and shows whether the script runs at all.
        first, _ = run("first run", patched=False)
        stock_traced, stock_trace = run("stock, traced", patched=False, trace=True)
        patched_traced, patched_trace = run("patched, traced", patched=True, trace=True)
        patched, _ = run("patched", patched=True)
        stock, _ = run("stock", patched=False)
        require_unchanged(call, digest)
        times = ScriptTimes(
            stock=stock.seconds,
            patched=patched.seconds,
            stock_traced=stock_traced.seconds,
            patched_traced=patched_traced.seconds,
            stock_tracing=stock_trace.tracing_s,
            patched_tracing=patched_trace.tracing_s,
        )
        problems = dict.fromkeys([*stock_trace.problems, *patched_trace.problems])
        notes = [*(f"Not traced: {problem}." for problem in problems), *filter(None, [describe_left(first)])]
        return make_result(call, times, stock_trace, patched_trace, notes)


def _run_once(
    settings: Settings, call: ScriptCall, reporter: TaskReporter, what: str, done: int, *, patched: bool, trace: bool
) -> tuple[ScriptRun, Trace]:
    """One run, and its trace: empty without tracing. Raises BadInput if the script fails."""
    environment = call.environment()
    folder = settings.scratch / f"trace-{done}"
    if trace:
        folder.mkdir()
        environment = make_trace_environment(environment, folder, call.folder)

    step = f"running the script: run {done + 1} of {RUNS} ({what})"
    reporter.progress(step, done / RUNS)

    def report_wait(seconds: float) -> None:
        reporter.progress(f"{step}, {seconds:.0f} s", done / RUNS)

    run = run_script(call.command(patched=patched), call, environment, report_wait)
    is_first = done == 0 or (patched and trace)
    if is_first or run.failed:
        name = "patched" if patched else "stock"
        reporter.report("output", OutputLog(run=name, stdout=run.stdout, stderr=run.stderr))
    # All stock runs follow the first one; the first patched run is the traced one.
    require_success(run, call, patched=patched, ran_before=not is_first)
    return run, read_trace(folder, run.pid) if trace else Trace()
