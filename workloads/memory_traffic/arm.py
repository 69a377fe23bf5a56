"""The work: one kernel, before or after its transformation."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.values import Evidence, Measure, Picture, Table
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import KIB, TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import memory_check, perf_counters

CEILING_PASSES = 7
MIN_CEILING_S = 0.5
"""How long what a version is held against is timed at least: its best stands beside the best of a whole race."""
ARITHMETIC_MEASURES = {"rate", "peak"}
"""Measures that a kernel has which computes something."""
MAX_COMPARED_ELEMENTS = 100_000
"""Elements of a result that both arms compare."""


class MemoryTraffic:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.parameters = settings.parameters
        self.transformation = TRANSFORMATIONS[str(self.parameters["transformation"])]
        self.fields = int(self.parameters["fields"])
        self.seconds: list[float] = []
        numba_compile.configure_numba(str(self.parameters["vectors"]))
        # Before Numba starts its threads: those are counted that are started afterwards.
        self.counters = perf_counters.open_counters()

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        self.version = self.transformation.asked(self.settings.lever, str(self.parameters[self.settings.lever]))
        self._refuse()
        progress("making the arrays")
        size = {"size_kib": int(self.parameters["size"]), "side": int(self.parameters["side"])}
        self.problem = problem = problems.make_problem(
            self.transformation,
            tile=int(self.parameters["tile"]),
            fields=self.fields,
            seed=self.settings.seed,
            **size,
        )
        self.arguments = problem.given(self.version.name)
        progress(f"compiling {self.version.label}")
        self.kernel = numba_compile.build_kernel(
            self.transformation, self.version, self.arguments, cores=self.settings.cores, fields=self.fields
        )
        progress("checking it against NumPy")
        self.result = self.kernel.call(*self.arguments)
        error = problem.check(self.result, self.version.label)
        self.threads = numba_compile.describe_threads(self._threads) if self.version.compiled else "the library's own"
        self.calls = problem.calls * self.settings.batch
        moved = problem.traffic(self.version.name)
        loops = self.kernel.loops
        return {
            "work": problem.bytes * self.calls,
            "data": problem.digest,
            "facts": {
                "version": self.version.label,
                "arrays": problem.shape,
                "bytes a call": f"{moved:,}",
                "operations a call": f"{problem.flops:,}",
                "arithmetic intensity": f"{problem.flops / moved:.3g} operations a byte",
                "calls a sample": f"{self.calls:,}",
                "threads": self.threads,
                "compiled in": f"{self.kernel.compile_s:.2f} s, apart from all times" if loops else "not compiled here",
                "machine code": loops.words()[0] if loops else "the library's",
                "hardware counters": self.counters.why or "all",
                "checked": f"error {error:.1g}, allowed {problem.tolerance:.2g} ({problem.tolerance_why})",
            },
        }

    @property
    def _threads(self) -> int:
        return self.version.threads(self.settings.cores)

    @property
    def _strip(self) -> int | None:
        """Elements of the strips that ran; None where the version has none."""
        if self.transformation.name != "dependence" or not self.version.threaded:
            return None
        a, _, longest = self.arguments
        return problems.strip_length(len(a), self._threads, longest)

    def _refuse(self) -> None:
        """What cannot be raced here, before anything is made. Raises BadInput."""
        size, side = int(self.parameters["size"]), int(self.parameters["side"])
        one = self.transformation
        memory_check.require_memory(
            2 * problems.estimate_bytes(one, size_kib=size, side=side), "both arms together need"
        )
        matrices = problems.MATRIX_COUNTS.get(one.name)
        longest = side or (problems.max_odd_side((size or one.size_kib) * KIB, matrices) if matrices else 0)
        if one.takes_minutes(self.version, longest):
            raise BadInput(
                f"{self.version.label} takes minutes at a side of {longest:,}",
                f"Choose a side of {one.longest:,} or less, or another version to begin with.",
            )

    def repeat(self, repetition: int, clock: Clock) -> None:
        clock("kernel", self._run)

    def _run(self) -> None:
        began = time.perf_counter()
        self.result = self.kernel.repeated(self.calls, *self.arguments)
        self.seconds.append(time.perf_counter() - began)

    def evidence(self) -> list[Evidence]:
        """What the machine code is made of, and which threads there are; the version that was compiled."""
        loops, version = self.kernel.loops, self.version
        calls = len(self.seconds) * self.calls
        words = [f"{self.transformation.module}.{version.function.format(fields=self.fields)}", self.threads]
        words += loops.words() if loops else ["not compiled here: no machine code to read"]
        reason, strip = "", self._strip
        if strip is not None:
            words.append(f"strips of {strip:,}")
        if version.promise == "vectors" and not (loops and loops.vectorized):
            reason = "the compiled loop is not vectorized"
        elif version.promise == "threads" and self._threads < 2:
            reason = "it ran on one thread"
        elif strip == 0:
            reason = "no strips ran: a thread's share is shorter than four elements"
        elif self.settings.lever == "before":
            reason = "the version to begin with"
        path = "stock" if reason else "accelerated"
        fast = calls if path == "accelerated" else 0
        return [Evidence(step="kernel", path=path, words=words, calls=calls, accelerated_calls=fast, reason=reason)]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        problem = self.problem
        errors = problem.errors(self.result)
        kept = problem.out.ravel() if problem.out is not None else np.asarray([self.result], np.float64)
        np.save(self.settings.scratch / "result.npy", kept[:: max(1, kept.size // MAX_COMPARED_ELEMENTS)])
        # The best, as STREAM tells it, and as the triad beside it is told: the race's own times tell the usual.
        seconds = min(self.seconds) / self.calls
        bandwidth = problem.bytes / seconds / 1e9
        measures = [
            Measure(
                name="right",
                label=f"right within {problem.tolerance:.1g}" if problem.tolerance else "right to the last digit",
                value=100 * float(np.mean(errors <= problem.tolerance)),
                unit="%",
                decisive=True,
            ),
            Measure(
                name="error",
                label="largest error, relative to the largest element",
                value=float(np.max(errors)),
                higher_is_better=False,
            ),
            Measure(name="bandwidth", label="bytes of the plain algorithm, best call", value=bandwidth, unit="GB/s"),
            Measure(name="rate", label="operations, best call", value=problem.flops / seconds / 1e9, unit="Gflop/s"),
            *self._limits(seconds),
            *self._reference(seconds),
            *self._counted(),
        ]
        return [measure for measure in measures if problem.flops or measure.name not in ARITHMETIC_MEASURES], []

    def _counted(self) -> list[Measure]:
        """Hardware events of a call, where there are counters: of a sample of its own, outside the race."""
        counted = self.counters.around(lambda: self.kernel.repeated(self.calls, *self.arguments))
        return [
            Measure(
                name=name,
                label=f"{name} a call, by hardware counters",
                value=count / self.calls,
                higher_is_better=False,
            )
            for name, count in counted.items()
        ]

    def _limits(self, seconds: float) -> list[Measure]:
        """What memory and arithmetic allow on as many threads, and how near a call of `seconds` comes to the lower of
        both: the roofline at the intensity of this version."""
        # Here and not above: it loads Numba, which must be told of its vectors first.
        from workloads.memory_traffic.measure import roofline, triad

        problem, threads = self.problem, self._threads
        # What the arrays are, not what is asked for: a side may have been asked for instead.
        triad_gb_s = triad.measure_triad(
            problem.touched(self.version.name), threads, CEILING_PASSES, MIN_CEILING_S
        ).gb_s
        peak = triad.measure_peak(threads, CEILING_PASSES, MIN_CEILING_S).gflop_s
        stands = roofline.place_under_roofline(
            problem.traffic(self.version.name), problem.flops, seconds, triad_gb_s, peak
        )
        lower = (
            "the peak of float32 arithmetic"
            if stands["intensity"] * triad_gb_s > peak
            else "the triad's bandwidth; kernels that mostly read may pass it"
        )
        return [
            Measure(
                name="ceiling", label="triad of this size, measured beside the race", value=triad_gb_s, unit="GB/s"
            ),
            Measure(
                name="peak", label="peak of float32 arithmetic, measured beside the race", value=peak, unit="Gflop/s"
            ),
            Measure(
                name="share", label=f"share of the roofline's limit, {lower}", value=100 * stands["share"], unit="%"
            ),
        ]

    def _reference(self, seconds: float) -> list[Measure]:
        """How near a call of `seconds` comes to what a library does, where one does the same, timed on as many cores;
        it writes what the kernel wrote."""
        from workloads.memory_traffic.measure import triad

        library = next((version for version in self.transformation.versions if not version.compiled), None)
        if library is None:
            return []
        arguments = self.problem.given(library.name)
        kernel = numba_compile.build_kernel(self.transformation, library, arguments, cores=self.settings.cores)
        theirs = triad.measure_best_s(kernel, arguments, triad.MIN_LIBRARY_PASSES, MIN_CEILING_S)
        rate = self.problem.flops / theirs / 1e9
        return [
            Measure(name="library", label=f"{library.label}, measured beside the race", value=rate, unit="Gflop/s"),
            Measure(name="share_of_library", label=f"share of {library.label}", value=100 * theirs / seconds, unit="%"),
        ]

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        theirs, ours = np.load(other / "result.npy"), np.load(self.settings.scratch / "result.npy")
        scale = float(np.max(np.abs(theirs))) or 1.0
        difference = float(np.max(np.abs(theirs - ours))) / scale
        label = "largest difference between the arms, relative to the largest element"
        return [Measure(name="difference", label=label, value=difference, higher_is_better=False)], []
