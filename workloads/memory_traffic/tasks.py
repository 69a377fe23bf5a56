"""The measurements of memory traffic: sweeps over strides, tiles and sizes, scaling over cores, and the roofline."""

from __future__ import annotations

from bench.workload.interface import Settings, TaskReporter
from bench.workload.preparation import PreparationResult
from bench.workload.tasks import NoArguments, NoResult
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_runtime
from workloads.memory_traffic.measure import perf_counters
from workloads.memory_traffic.measurements import (
    STRIDE_CASE,
    RooflineArguments,
    RooflineResult,
    ScalingResult,
    StreamArguments,
    StreamResult,
    SweepResult,
)


class MemoryTrafficTasks:
    """See `bench.workload.interface.TaskHandler`.

    Numba is configured before the modules that measure are imported, because they load it.
    """

    def prepare(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> PreparationResult:
        """Compile both versions of the plan, and both default versions of every transformation, for its cores. Raises
        BadInput."""
        numba_runtime.configure_numba(str(settings.parameters["vectors"]), settings.cache / "memory-traffic")
        from workloads.memory_traffic.measure import compile_all

        return compile_all.compile_transformations(settings, reporter)

    def sweep(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> SweepResult:
        """Time one kernel at every stride from 1 to 64, or the versions of the case at growing tiles or strips.

        Reports `point` (`SweepPoint`), and `level` (`SweepLevel`) for versions to compare with. Strides are swept over
        float32 first, then over float64. Tiles that are too large to give every thread work are left out. Every result
        is checked before it is timed. Raises BadInput.
        """
        numba_runtime.configure_numba(str(settings.parameters["vectors"]), settings.cache / "memory-traffic")
        from workloads.memory_traffic.measure import stride_sweep, tile_sweep

        if settings.case == STRIDE_CASE:
            return stride_sweep.sweep_strides(settings, reporter)
        return tile_sweep.sweep_tiles(TRANSFORMATIONS[settings.case], settings, reporter)

    def sizes(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> NoResult:
        """Time both versions of the plan from inside the nearest cache to beyond the last, and STREAM's triad as well.

        Reports `point` (`SizePoint`). A version that would take minutes at a size has no point there. Raises BadInput.
        """
        numba_runtime.configure_numba(str(settings.parameters["vectors"]), settings.cache / "memory-traffic")
        from workloads.memory_traffic.measure import size_sweep

        size_sweep.sweep_sizes(TRANSFORMATIONS[settings.case], settings, reporter)
        return NoResult()

    def scaling(self, settings: Settings, arguments: NoArguments, reporter: TaskReporter) -> ScalingResult:
        """Time the triad, at the size of the plan, and plain arithmetic on one to all cores, in turns.

        Reports `point` (`ScalingPoint`), `ceiling` (`BandwidthCeiling`) and `amdahl` (`ScalingFit`). Raises BadInput.
        """
        numba_runtime.configure_numba(str(settings.parameters["vectors"]), settings.cache / "memory-traffic")
        from workloads.memory_traffic.measure import scaling

        return scaling.measure_scaling(settings, reporter)

    def stream(self, settings: Settings, arguments: StreamArguments, reporter: TaskReporter) -> StreamResult:
        """Compare the triad compiled by Numba with STREAM's own loop in C (gcc -O3 -march=native -fopenmp), in turns.

        Reports `round` (`StreamRound`). Raises BadInput if there is no gcc, or too little memory.
        """
        numba_runtime.configure_numba(str(settings.parameters["vectors"]), settings.cache / "memory-traffic")
        from workloads.memory_traffic.measure import stream_c

        return stream_c.compare_with_stream_c(settings, arguments, numba_runtime.ALLOWED_CORES, reporter)

    def roofline(self, settings: Settings, arguments: RooflineArguments, reporter: TaskReporter) -> RooflineResult:
        """Measure the limits of this machine, and how near the kernels of some transformations come to them.

        Reports `triad` (`TriadPoint`) from small sizes to large, `peak` (`PeakRate`) and `kernel` (`RooflinePoint`).
        Raises BadInput.
        """
        numba_runtime.configure_numba(str(settings.parameters["vectors"]), settings.cache / "memory-traffic")
        # Opened before Numba starts its threads, because only threads that are started later are counted.
        counters = perf_counters.open_counters()
        from workloads.memory_traffic.measure import roofline

        try:
            return roofline.measure_roofline(settings, arguments, counters, reporter)
        finally:
            counters.close()
