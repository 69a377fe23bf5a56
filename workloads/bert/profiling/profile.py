"""Where a pass of BERT spends its time, and on which instructions: oneDNN's log of kernels and TensorFlow's trace.

Logging and tracing take time, so a graph is profiled in a process of its own, apart from any race.
"""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bench.formatting import format_count
from bench.system.isolated_call import CallResult, IsolatedCallError, call_isolated
from workloads.bert.profiling.kernels import KernelTotals, sum_kernels
from workloads.bert.profiling.onednn_verbose import GEMM, parse_verbose
from workloads.bert.profiling.profiled_process import PASSES_BEGIN, PASSES_END

if TYPE_CHECKING:
    from workloads.bert.inference.tokenization import Windows

WARM_UP_PASSES = 2
"""Passes before those that are timed. In the first one oneDNN chooses kernels and reorders the weights."""
MAX_QUOTED_CHARACTERS = 2_000
"""Characters of the output that the message of an error repeats."""


class ProfileError(RuntimeError):
    """The profile could not be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class OperatorTotals:
    """All TensorFlow operators of one type and kind, as they ran."""

    type: str
    """For example _MklNativeFusedMatMul or Erfc."""
    kind: str
    """See `operator_kinds.OperatorKind`: an Erfc belongs to a Gelu."""
    calls: float
    """Calls per pass."""
    ms: float
    """Time per pass of all calls."""


@dataclass(frozen=True, slots=True)
class PassTimes:
    """Mean times of passes with oneDNN's log."""

    threads: int
    wall_ms: float
    kernels_ms: float | None
    """In oneDNN's kernels. None if calls overlap: their times then count several threads at once."""
    used_cores: float
    """CPU time over wall time."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Some passes of one graph, each over a batch of windows."""

    batch: int
    length: int
    """Word pieces in a window."""
    threads: int
    passes: int
    wall_ms: float
    """Median time of a pass without log and trace. Passes of two profiles are not paired, so their ratio is no
    measurement of a speedup."""
    verbose_wall_ms: float
    """Mean time of the passes with oneDNN's log, from which `kernels` are."""
    used_cores: float
    """CPU time of these passes over their wall time."""
    one_thread: PassTimes | None
    """The same passes on one thread; None if all run on one."""
    kernels: tuple[KernelTotals, ...]
    """The kernel with the most time first."""
    operators: tuple[OperatorTotals, ...]
    """From passes with TensorFlow's trace and without oneDNN's log; the type with the most time first."""
    skipped: int
    """Lines of oneDNN's log that could not be parsed."""
    version: str
    """Version of oneDNN."""
    instructions: str
    """The newest instruction set that oneDNN found on this processor, in its words."""

    @property
    def onednn_ms(self) -> float:
        """Time per pass of all oneDNN kernels. Calls that overlap, from several threads, count in full."""
        return sum(kernel.ms for kernel in self.kernels)

    @property
    def onednn_share(self) -> float | None:
        """Share of oneDNN's kernels in the time of a pass, 0 to 1. None if calls overlap."""
        kernels_ms = self._pass_times.kernels_ms
        return None if kernels_ms is None else min(1.0, kernels_ms / self.verbose_wall_ms)

    @property
    def _pass_times(self) -> PassTimes:
        return _make_pass_times(self.threads, self.verbose_wall_ms, self.kernels, self.used_cores)

    @property
    def pass_times(self) -> tuple[PassTimes, ...]:
        """The passes with oneDNN's log, by number of threads: on one, and on all."""
        return (self._pass_times,) if self.one_thread is None else (self.one_thread, self._pass_times)

    @property
    def note(self) -> str:
        """What restricts the meaning of this profile; empty if nothing does."""
        if not self.kernels:
            return "oneDNN ran no kernel: TensorFlow's own kernels (Eigen) did all the work"
        if {kernel.primitive for kernel in self.kernels} == {GEMM}:
            return (
                "TensorFlow's own kernels (Eigen) ran and called oneDNN for blocks of the matrices; oneDNN does not "
                "name the implementation of such calls"
            )
        return ""


def profile_graph(
    graph_file: Path,
    windows: Windows,
    *,
    threads: int,
    batch: int,
    repeats: int,
    environment: Mapping[str, str] | None = None,
    limit_s: float = 300.0,
    on_stage: Callable[[str, int, int], None] = lambda stage, number, count: None,
) -> Profile:
    """Profile `repeats` passes of the serialized GraphDef in `graph_file`, each over the next `batch` windows.

    Two processes run, one after the other, with `threads` threads on the cores that this process may use; a third one
    with one thread, if `threads` are several.
    `environment` is that of the precision, for example {"TF_ENABLE_ONEDNN_OPTS": "1"}. `on_stage` gets what the next
    process does, its number from 1, and the number of processes. Nothing else should run at the
    same time. Raises ValueError if there is nothing to run, and ProfileError if a process fails, prints an incomplete
    log, or takes longer than `limit_s` seconds.
    """
    passes = _Passes(threads, batch, WARM_UP_PASSES, repeats)
    with _prepare_passes(graph_file, windows, passes, environment or {}, limit_s) as run:
        count = 2 if threads == 1 else 3
        on_stage(f"kernels on {format_count(threads, 'thread')}", 1, count)
        timed = run("verbose", "profile_exec", threads)
        alone = None
        if threads > 1:
            on_stage("kernels on 1 thread", 2, count)
            alone = run("verbose", "profile_exec", 1)
        on_stage("operators", count, count)
        traced = run("trace", "0", threads).value
    verbose = parse_verbose(_select_timed_output(timed.output))
    return Profile(
        batch=batch,
        length=int(windows.input_ids.shape[1]),
        threads=threads,
        passes=repeats,
        wall_ms=statistics.median(traced["walls_ms"]),
        verbose_wall_ms=statistics.mean(timed.value["walls_ms"]),
        used_cores=timed.value["used_cores"],
        one_thread=None if alone is None else _read_pass_times(alone, 1, repeats),
        kernels=sum_kernels(verbose.calls, repeats),
        operators=_sum_operators(traced["operators"], repeats),
        skipped=verbose.skipped,
        version=verbose.version,
        instructions=verbose.instructions,
    )


def _read_pass_times(timed: CallResult, threads: int, repeats: int) -> PassTimes:
    kernels = sum_kernels(parse_verbose(_select_timed_output(timed.output)).calls, repeats)
    return _make_pass_times(threads, statistics.mean(timed.value["walls_ms"]), kernels, timed.value["used_cores"])


def _make_pass_times(threads: int, wall_ms: float, kernels: Iterable[KernelTotals], used_cores: float) -> PassTimes:
    kernels = tuple(kernels)
    overlap = threads > 1 and any(kernel.primitive == GEMM for kernel in kernels)
    return PassTimes(threads, wall_ms, None if overlap else sum(kernel.ms for kernel in kernels), used_cores)


ONE_PASS_LIMIT_S = 200.0
"""Shorter than an arm may be silent in a race, so that a slow pass leaves the path unknown and does not end the run."""


def profile_one_pass(
    graph_file: Path,
    windows: Windows,
    *,
    threads: int,
    batch: int,
    environment: Mapping[str, str] | None = None,
    limit_s: float = ONE_PASS_LIMIT_S,
) -> tuple[KernelTotals, ...]:
    """Return the kernels of a graph's first pass, as proof of which ones run. See `profile_graph`.

    Only one process runs. The kernels include those that reorder the weights.
    """
    with _prepare_passes(graph_file, windows, _Passes(threads, batch, 0, 1), environment or {}, limit_s) as run:
        output = _select_timed_output(run("verbose", "profile_exec", threads).output)
    return sum_kernels(parse_verbose(output).calls, 1)


@dataclass(frozen=True, slots=True)
class _Passes:
    """What `profiled_process.run_passes` runs."""

    threads: int
    batch: int
    warm_up: int
    repeats: int


@contextlib.contextmanager
def _prepare_passes(
    graph_file: Path,
    windows: Windows,
    passes: _Passes,
    environment: Mapping[str, str],
    limit_s: float,
) -> Iterator[Callable[[str, str, int], CallResult]]:
    """Yield a function that runs the passes in a process of its own, given mode, ONEDNN_VERBOSE and threads."""
    import numpy as np

    if not len(windows) or min(passes.threads, passes.batch, passes.repeats) < 1:
        raise ValueError("a profile needs windows, at least one thread, at least one window per batch, and one pass")
    with tempfile.TemporaryDirectory(prefix="fairlap-kernels-") as folder:
        inputs = Path(folder) / "inputs.npz"
        np.savez(inputs, allow_pickle=False, **windows.feed())

        def run(mode: str, verbose: str, threads: int) -> CallResult:
            try:
                return call_isolated(
                    "workloads.bert.profiling.profiled_process:run_passes",
                    str(graph_file.absolute()),
                    str(inputs),
                    *astuple(replace(passes, threads=threads)),
                    mode,
                    limit_s=limit_s,
                    environment=_build_environment(environment, threads, verbose),
                )
            except IsolatedCallError as error:
                raise ProfileError(f"The model could not be profiled: {error}") from error

        yield run


def _sum_operators(rows: Iterable[tuple[str, str, int, float]], passes: int) -> tuple[OperatorTotals, ...]:
    totals = [OperatorTotals(type, kind, calls / passes, ms / passes) for type, kind, calls, ms in rows]
    return tuple(sorted(totals, key=lambda operator: -operator.ms))


def _build_environment(precision: Mapping[str, str], threads: int, verbose: str) -> dict[str, str]:
    # oneDNN 1 and 2 also read DNNL_VERBOSE; a time stamp would add a field to every line.
    clean = {name: value for name, value in os.environ.items() if not re.match("(DNNL|ONEDNN|MKLDNN)_VERBOSE", name)}
    limits = {"OMP_NUM_THREADS": str(threads), "TF_NUM_INTRAOP_THREADS": str(threads)}
    return clean | dict(precision) | limits | {"ONEDNN_VERBOSE": verbose}


def _select_timed_output(output: str) -> str:
    """The output of the passes that count, and that of the warm-up without its kernels (the header of the library)."""
    before, begin, after = output.partition(f"{PASSES_BEGIN}\n")
    passes, end, _ = after.partition(PASSES_END)
    if not begin or not end:
        raise ProfileError(
            f"The output of the profiled process is not complete. It ends with: {output[-MAX_QUOTED_CHARACTERS:]}"
        )
    header = [line for line in before.splitlines(keepends=True) if ",exec," not in line]
    return "".join(header) + passes
