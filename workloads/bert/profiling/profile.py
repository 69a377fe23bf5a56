"""Where a pass of BERT spends its time, and with which instructions: oneDNN's own words, and TensorFlow's trace.

oneDNN tells each kernel that it runs, how and for how long, where ONEDNN_VERBOSE=profile_exec asks for it. Telling
takes time, so it is asked in a process of its own, apart from whatever is raced.
https://uxlfoundation.github.io/oneDNN/dev_guide_verbose.html
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.system.isolated_call import CallResult, IsolatedCallError, call_isolated
from workloads.bert.profiling.onednn_verbose import (
    GEMM,
    PRODUCT_PRIMITIVES,
    KernelCall,
    parse_product_dimensions,
    parse_verbose,
)
from workloads.bert.profiling.profiled_process import PASSES_BEGIN, PASSES_END

if TYPE_CHECKING:
    from workloads.bert.inference.tokenization import Windows

MAX_QUOTED_CHARACTERS = 2_000
"""Characters of the output that the message of an error repeats."""


class ProfileError(RuntimeError):
    """A profile that could not be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class KernelTime:
    """All calls that differ in nothing but their time."""

    primitive: str
    implementation: str
    types: str
    precision: str
    shape: str
    fused: str
    calls: float
    """A pass."""
    ms: float
    """A pass, all calls together."""
    median_ms: float
    """Of a call: what it takes when nothing else gets in its way, which the mean does not tell on a busy machine."""
    share: float
    """Of the time of all kernels, 0 to 1."""
    operations: int
    """Multiplications and additions of one call, 2 m n k, of a matrix product; 0 where it is none."""

    @property
    def gops(self) -> float:
        """1e9 operations a second of the median call; 0 where it is no matrix product, or too short for the clock."""
        return self.operations / self.median_ms / 1e6 if self.median_ms else 0.0


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """All of TensorFlow's operators of one type and kind, as it ran them."""

    type: str
    """For example _MklNativeFusedMatMul or Erfc."""
    kind: str
    """See `operators.Kind`: an Erfc is a part of a Gelu."""
    calls: float
    """A pass."""
    ms: float
    """A pass."""
    share: float
    """Of the time of all operators, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One graph's passes, each over a batch of windows."""

    batch: int
    length: int
    threads: int
    passes: int
    wall_ms: float
    """Of a pass in which nothing is told: the median. To be compared, not to be claimed: nothing is paired here."""
    verbose_wall_ms: float
    """Of a pass in which oneDNN tells: the mean. `kernels` are from the same passes."""
    kernels: tuple[KernelTime, ...]
    """The dearest first."""
    operators: tuple[OperatorTime, ...]
    """The dearest first; from passes that TensorFlow traced, in which oneDNN told nothing."""
    skipped: int
    """Lines of oneDNN that could not be read."""
    version: str
    """Of oneDNN."""
    instructions: str
    """The newest instruction set that oneDNN found on this processor, in its words."""

    @property
    def onednn_ms(self) -> float:
        """Time of oneDNN's kernels, a pass. Where TensorFlow's own kernels call them from several threads, these times
        are added up though they passed at once."""
        return sum(kernel.ms for kernel in self.kernels)

    @property
    def onednn_share(self) -> float | None:
        """How much of a pass oneDNN's kernels are, 0 to 1; the rest is TensorFlow's. None where calls overlapped."""
        overlapped = self.threads > 1 and any(kernel.primitive == GEMM for kernel in self.kernels)
        return None if overlapped else min(1.0, self.onednn_ms / self.verbose_wall_ms)

    @property
    def operators_ms(self) -> float:
        """Time of all of TensorFlow's operators, a pass; what is missing from the wall time is between them."""
        return sum(operator.ms for operator in self.operators)

    @property
    def note(self) -> str:
        """What a reader must know of this profile; empty where it tells all."""
        if not self.kernels:
            return "oneDNN ran no kernel: TensorFlow's own (Eigen) did everything"
        if {kernel.primitive for kernel in self.kernels} == {GEMM}:
            return (
                "TensorFlow's own (Eigen) kernels ran, and had oneDNN multiply blocks of the matrices: oneDNN does not "
                "name the implementation of such calls"
            )
        return ""


@dataclass(frozen=True, slots=True)
class ProductTotals:
    """The matrix products of one precision."""

    precision: str
    calls: float
    """A pass."""
    ms: float
    """A pass."""
    operations: int
    """A pass: 2 m n k of each product."""
    gops: float
    """1e9 operations a second."""


def profile_graph(
    graph_file: Path,
    windows: Windows,
    *,
    threads: int,
    batch: int,
    repeats: int,
    environment: Mapping[str, str] | None = None,
    limit_s: float = 300.0,
) -> Profile:
    """Run `repeats` passes of the serialised GraphDef in `graph_file`, each over `batch` of the windows in turn.

    Takes two processes one after the other, on the cores that this one may use, with `threads` threads each:
    `environment` is the precision's, for example {"TF_ENABLE_ONEDNN_OPTS": "1"}. Nothing else should run meanwhile.
    Raises ValueError where there is nothing to run, and ProfileError where a process fails, tells nothing, or takes
    longer than `limit_s` seconds.
    """
    with _prepare_passes(graph_file, windows, threads, batch, repeats, environment or {}, limit_s) as run:
        timed = run("verbose", "profile_exec")
        traced = run("trace", "0").value
    verbose = parse_verbose(_select_timed_output(timed.output))
    return Profile(
        batch=batch,
        length=int(windows.input_ids.shape[1]),
        threads=threads,
        passes=repeats,
        wall_ms=statistics.median(traced["walls_ms"]),
        verbose_wall_ms=statistics.mean(timed.value["walls_ms"]),
        kernels=sum_kernels(verbose.calls, repeats),
        operators=_sum_operators(traced["operators"], repeats),
        skipped=verbose.skipped,
        version=verbose.version,
        instructions=verbose.instructions,
    )


def profile_one_pass(
    graph_file: Path,
    windows: Windows,
    *,
    threads: int,
    batch: int,
    environment: Mapping[str, str] | None = None,
    limit_s: float = 120.0,
) -> tuple[KernelTime, ...]:
    """The kernels of one pass, as `profile` tells them, and nothing else: one process, to prove which ones run."""
    with _prepare_passes(graph_file, windows, threads, batch, 1, environment or {}, limit_s) as run:
        output = _select_timed_output(run("verbose", "profile_exec").output)
    return sum_kernels(parse_verbose(output).calls, 1)


@contextlib.contextmanager
def _prepare_passes(
    graph_file: Path,
    windows: Windows,
    threads: int,
    batch: int,
    repeats: int,
    environment: Mapping[str, str],
    limit_s: float,
) -> Iterator[Callable[[str, str], CallResult]]:
    """A function that runs the passes in a process of its own, given the mode and ONEDNN_VERBOSE."""
    import numpy as np

    if not len(windows) or min(threads, batch, repeats) < 1:
        raise ValueError("a profile needs windows, and at least one thread, one window a batch and one pass")
    with tempfile.TemporaryDirectory(prefix="fairlap-kernels-") as folder:
        inputs = Path(folder) / "inputs.npz"
        np.savez(inputs, **windows.feed())

        def run(mode: str, verbose: str) -> CallResult:
            try:
                return call_isolated(
                    "workloads.bert.profiling.profiled_process:run_passes",
                    str(graph_file.absolute()),
                    str(inputs),
                    threads,
                    batch,
                    repeats,
                    mode,
                    limit_s=limit_s,
                    environment=_build_environment(environment, threads, verbose),
                )
            except IsolatedCallError as error:
                raise ProfileError(f"The model could not be profiled: {error}") from error

        yield run


def sum_kernels(calls: Iterable[KernelCall], passes: int) -> tuple[KernelTime, ...]:
    """Sum up the calls of so many passes; the dearest kernel first."""
    times: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for call in calls:
        key = (call.primitive, call.implementation, call.types, call.precision, call.shape, call.fused)
        times[key].append(call.ms)
    total = math.fsum(ms for found in times.values() for ms in found)
    summed = []
    for key, found in times.items():
        ms, dimensions = math.fsum(found), parse_product_dimensions(key[0], key[4])
        operations = 2 * math.prod(dimensions) if dimensions else 0
        share = ms / total if total else 0.0
        summed.append(KernelTime(*key, len(found) / passes, ms / passes, statistics.median(found), share, operations))
    return tuple(sorted(summed, key=lambda kernel: -kernel.ms))


def sum_products(profile: Profile) -> tuple[ProductTotals, ...]:
    """Operations and speed of the matrix products, by precision; the dearest first."""
    by_precision: dict[str, list[KernelTime]] = defaultdict(list)
    for kernel in profile.kernels:
        if kernel.primitive in PRODUCT_PRIMITIVES:
            by_precision[kernel.precision].append(kernel)
    summed = []
    for precision, found in by_precision.items():
        ms, operations = sum(k.ms for k in found), round(sum(k.calls * k.operations for k in found))
        gops = operations / ms / 1e6 if ms else 0.0
        summed.append(ProductTotals(precision, sum(k.calls for k in found), ms, operations, gops))
    return tuple(sorted(summed, key=lambda found: -found.ms))


def _sum_operators(rows: Iterable[tuple[str, str, int, float]], passes: int) -> tuple[OperatorTime, ...]:
    rows = sorted(rows, key=lambda row: -row[3])
    total = sum(ms for *_, ms in rows) or 1.0
    return tuple(OperatorTime(type, kind, calls / passes, ms / passes, ms / total) for type, kind, calls, ms in rows)


def _build_environment(precision: Mapping[str, str], threads: int, verbose: str) -> dict[str, str]:
    # Version 1 and 2 heed DNNL_VERBOSE too; a time stamp would be one more field.
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
