"""The arm of memory traffic: one version of a loop, before or after its transformation."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.values.output import Picture, Table
from bench.values.quality import LossKind, Measure
from bench.values.samples import Evidence
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from workloads.memory_traffic import problem_sizes, problems
from workloads.memory_traffic.catalogue import KIB, TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile, numba_runtime
from workloads.memory_traffic.kernel_settings import read_kernel_settings
from workloads.memory_traffic.measure import memory_check, perf_counters

LIMIT_PASSES = 7
MIN_LIMIT_S = 0.5
"""Fewest passes of a limit (triad, peak or library), and their shortest duration together: its best is compared with
the best call of a whole race."""
ARITHMETIC_MEASURES = {"rate", "peak"}
"""Measures that exist only for kernels that compute something."""
MAX_COMPARED_ELEMENTS = 100_000
"""Most elements of a result that are compared between the arms."""


class MemoryTraffic:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.transformation = TRANSFORMATIONS[settings.case]
        self.version = self.transformation.version(settings.lever)
        self.kernel_settings = read_kernel_settings(settings.parameters)
        self.fields = self.kernel_settings.fields
        self.sample_times_s: list[float] = []
        numba_runtime.configure_numba(str(settings.parameters["vectors"]), settings.cache / "memory-traffic")
        # Before Numba starts its threads, because the counters include only threads that start later.
        self.counters = perf_counters.open_counters()

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        self.thread_count = self.version.threads(self.settings.cores)
        self._require_feasible()
        progress("making the arrays")
        self.problem = problem = problems.make_problem(
            self.transformation,
            size_kib=self.kernel_settings.size_kib,
            side=self.kernel_settings.side,
            tile=self.kernel_settings.tile,
            fields=self.fields,
            seed=self.settings.seed,
        )
        self.arguments = problem.arguments_for(self.version.name)
        # Imported here because it imports Numba, which must be configured first.
        from workloads.memory_traffic.measure import timing

        progress(f"compiling or loading: {self.version.label}")
        self.kernel = numba_compile.build_kernel(
            self.transformation, self.version, self.arguments, cores=self.settings.cores, fields=self.fields
        )
        progress("checking the result against NumPy")
        started = time.perf_counter()
        self.result = self.kernel.call(*self.arguments)
        first_s = time.perf_counter() - started
        error = problem.require_correct(self.result, self.version.label)
        self.calls = problem.calls * self.settings.batch
        call_s = timing.time_warm_calls(lambda calls: self.kernel.repeated(calls, *self.arguments), self.calls, first_s)
        return {
            "work": problem.bytes * self.calls,
            "data": problem.digest,
            "facts": self._facts(error),
            # Sides that are derived from a size are odd. Transformations without matrices have no side.
            "bias": problem_sizes.describe_conflicts(self.kernel_settings.side),
            # The calls of a sample but for the first are warm.
            "first_call_s": {"kernel": first_s + call_s * (self.calls - 1) / self.calls},
            "call_s": {"kernel": call_s},
        }

    def _facts(self, error: float) -> dict[str, str]:
        problem, loops = self.problem, self.kernel.loops
        traffic_bytes = problem.traffic_bytes(self.version.name)
        return {
            "version": self.version.label,
            "arrays": problem.description,
            "bytes per call": f"{traffic_bytes:,}",
            "operations per call": f"{problem.flops:,}",
            "arithmetic intensity": f"{problem.flops / traffic_bytes:.3g} operations per byte",
            "calls per sample": f"{self.calls:,}",
            "threads": self._describe_threads(),
            "compile time": self._describe_compilation(),
            "machine code": loops.describe()[0] if loops else "a library function",
            "hardware counters": self.counters.missing or "all available",
            "result check": f"error {error:.1g}, allowed {problem.tolerance:.2g} ({problem.tolerance_reason})",
        }

    def _describe_compilation(self) -> str:
        kernel = self.kernel
        if kernel.loops is None:
            return "not compiled here"
        seconds = f"{kernel.compile_s:.2f} s, in no measured time"
        if kernel.origin is not None:
            return f"{seconds}; {kernel.origin.description}"
        return f"{seconds}; not stored: {kernel.cache_error}" if kernel.cache_error else seconds

    def _describe_threads(self) -> str:
        return numba_runtime.describe_threads(self.thread_count) if self.version.compiled else "those of the library"

    def _strip_length(self) -> int | None:
        """Length of the strips that the kernel uses; None if the version has no strips."""
        if self.transformation.name != "dependence" or not self.version.threaded:
            return None
        a, _, max_strip = self.arguments
        return problem_sizes.strip_length(len(a), self.thread_count, max_strip)

    def _require_feasible(self) -> None:
        """Raise BadInput if there is too little memory, or if the version would take minutes."""
        size_kib, side = self.kernel_settings.size_kib, self.kernel_settings.side
        transformation = self.transformation
        arm_bytes = problem_sizes.estimate_bytes(transformation, size_kib=size_kib, side=side)
        memory_check.require_memory(2 * arm_bytes, "The race, with both arms,")
        matrices = problem_sizes.MATRIX_COUNTS.get(transformation.name)
        if not side and matrices:
            side = problem_sizes.max_odd_side(size_kib * KIB, matrices)
        if transformation.takes_minutes(self.version, side):
            raise BadInput(
                f"{self.version.label} takes minutes at a side of {side:,}",
                f"Choose a side of at most {transformation.max_slow_side:,}, or another version.",
            )

    def repeat(self, repetition: int, clock: Clock) -> None:
        clock("kernel", self._run_sample)

    def _run_sample(self) -> None:
        started = time.perf_counter()
        self.result = self.kernel.repeated(self.calls, *self.arguments)
        self.sample_times_s.append(time.perf_counter() - started)

    def evidence(self) -> list[Evidence]:
        """What the machine code consists of, and how many threads ran."""
        loops, version, strip = self.kernel.loops, self.version, self._strip_length()
        calls = len(self.sample_times_s) * self.calls
        words = [
            f"{self.transformation.module}.{version.function.format(fields=self.fields)}",
            self._describe_threads(),
            *(loops.describe() if loops else ["a library function, whose machine code is not read"]),
        ]
        reason = ""
        if strip is not None:
            words.append(f"strips of {strip:,}")
        if self.kernel.origin is not None:
            words.append(self.kernel.origin.description)
        if version.promise == "vectors" and not (loops and loops.vectorized):
            reason = "the compiled loop is not vectorized"
        elif version.promise == "threads" and self.thread_count < 2:
            reason = "it ran on one thread"
        elif strip == 0:
            reason = "no strips ran: a thread's share has fewer than four elements"
        elif self.settings.lever == self.settings.baseline:
            reason = "the version of the baseline"
        return [
            Evidence(
                step="kernel",
                path="stock" if reason else "accelerated",
                words=words,
                calls=calls,
                accelerated_calls=0 if reason else calls,
                reason=reason,
                code=self._describe_code(),
            )
        ]

    def _describe_code(self) -> str:
        """The function, how it is compiled, and its threads: equal for versions that do not differ on these cores."""
        function = f"{self.transformation.module}.{self.version.function.format(fields=self.fields)}"
        if not self.version.compiled:
            return function
        order = "reordered" if self.version.reorders else "in order"
        return f"{function}, additions {order}, threads {self.thread_count}"

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        problem = self.problem
        errors = problem.relative_errors(self.result)
        result = problem.out.ravel() if problem.out is not None else np.asarray([self.result], np.float64)
        np.save(self.settings.scratch / "result.npy", result[:: max(1, result.size // MAX_COMPARED_ELEMENTS)])
        # The best call, as in STREAM: the limits below are best calls, too. The usual time is in the race's samples.
        call_s = min(self.sample_times_s) / self.calls
        measures = [
            Measure(
                name="right",
                label=f"correct within {problem.tolerance:.1g}" if problem.tolerance else "correct to the last digit",
                value=100 * float(np.mean(errors <= problem.tolerance)),
                unit="%",
                decisive=True,
                loss=LossKind.EQUALITY,
                observations=int(np.size(errors)),
                observation="element",
            ),
            Measure(
                name="error",
                label="largest error, relative to the largest element",
                value=float(np.max(errors)),
                higher_is_better=False,
            ),
            Measure(
                name="bandwidth",
                label="bytes of the plain algorithm, best call",
                value=problem.bytes / call_s / 1e9,
                unit="GB/s",
            ),
            Measure(name="rate", label="operations, best call", value=problem.flops / call_s / 1e9, unit="Gflop/s"),
            *self._compare_with_limits(call_s),
            *self._compare_with_library(call_s),
            *self._count_events(),
        ]
        return [measure for measure in measures if problem.flops or measure.name not in ARITHMETIC_MEASURES], []

    def _count_events(self) -> list[Measure]:
        """Hardware events per call, if there are counters, from an extra sample outside the race."""
        events = self.counters.count(lambda: self.kernel.repeated(self.calls, *self.arguments))
        return [
            Measure(
                name=name,
                label=f"{name} per call, by hardware counters",
                value=count / self.calls,
                higher_is_better=False,
            )
            for name, count in events.items()
        ]

    def _compare_with_limits(self, call_s: float) -> list[Measure]:
        """The limits of memory and arithmetic with as many threads, and the share that a call of `call_s` seconds
        reaches of the lower limit: the roofline at the intensity of this version."""
        # Imported here because these modules import Numba, which must be configured first.
        from workloads.memory_traffic.measure import peak, roofline, triad

        problem, threads = self.problem, self.thread_count
        touched_bytes = problem.touched_bytes(self.version.name)
        triad_gb_s = triad.measure_triad(touched_bytes, threads, LIMIT_PASSES, MIN_LIMIT_S).gb_s
        peak_gflop_s = peak.measure_peak(threads, LIMIT_PASSES, MIN_LIMIT_S).gflop_s
        place = roofline.place_under_roofline(
            problem.traffic_bytes(self.version.name), problem.flops, call_s, triad_gb_s, peak_gflop_s
        )
        if place["intensity"] * triad_gb_s > peak_gflop_s:
            limit = "the peak of float32 arithmetic"
        else:
            limit = "the triad's bandwidth; kernels that mostly read can exceed it"
        return [
            Measure(
                name="ceiling", label="triad of this size, measured beside the race", value=triad_gb_s, unit="GB/s"
            ),
            Measure(
                name="peak",
                label="peak of float32 arithmetic, measured beside the race",
                value=peak_gflop_s,
                unit="Gflop/s",
            ),
            Measure(name="share", label=f"share of the limit, {limit}", value=100 * place["share"], unit="%"),
        ]

    def _compare_with_library(self, call_s: float) -> list[Measure]:
        """The rate of a library that computes the same, and the share of it that a call of `call_s` seconds reaches.

        Empty if no version is a library function. The library overwrites the result of the kernel.
        """
        from workloads.memory_traffic.measure import timing

        library = next((version for version in self.transformation.versions if not version.compiled), None)
        if library is None:
            return []
        arguments = self.problem.arguments_for(library.name)
        kernel = numba_compile.build_kernel(self.transformation, library, arguments, cores=self.settings.cores)
        library_s = timing.measure_best_s(kernel, arguments, timing.MIN_LIBRARY_PASSES, MIN_LIMIT_S)
        return [
            Measure(
                name="library",
                label=f"{library.label}, measured beside the race",
                value=self.problem.flops / library_s / 1e9,
                unit="Gflop/s",
            ),
            Measure(
                name="share_of_library", label=f"share of {library.label}", value=100 * library_s / call_s, unit="%"
            ),
        ]

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        baseline, accelerated = np.load(other / "result.npy"), np.load(self.settings.scratch / "result.npy")
        scale = float(np.max(np.abs(baseline))) or 1.0
        difference = float(np.max(np.abs(baseline - accelerated))) / scale
        label = "largest difference between the arms, relative to the largest element"
        return [Measure(name="difference", label=label, value=difference, higher_is_better=False)], []
