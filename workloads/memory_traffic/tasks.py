"""What the laboratory does when asked, other than racing: sweep strides, tiles and
sizes, count cores, and measure the roofline.

What is asked is checked here, before Numba is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_runtime
from workloads.memory_traffic.measure import perf_counters

SWEEPABLE = ("tiling", "transpose", "stencil", "dependence")
"""What has tiles or strips."""


class MemoryTrafficTasks:
    """See `bench.workload.interface.TaskHandler`; every method is a task."""

    def sweep(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Time one kernel at every stride from 1 to 64, or at growing tiles, as `given["what"]` says: `stride`, or the
        name of a transformation that has tiles.

        Tells of an event `point` for each: `version`, `label`, `x` (stride, or side of the tile, or length of the
        strip), `seconds` (a call's, the best of some passes), `ns` (an element's) and `bytes` (that the version uses
        again and again at this tile; 0 for a stride). Strides are told of float32 first, then of float64, as `version`
        says, with the stride `line` from which on a line carries one element. Tiles so large that threads had no work
        have no points. Versions that stand beside, without tiles or at their usual one, come as an event `level`:
        `version`, `label`, `seconds`, `ns`. Every result is checked before it is timed, sums of strides to the last
        digit. Returns `what`, `shape`, `threads` and `passes` (a library has more). Raises BadInput.
        """
        what = given.get("what")
        if what != "stride" and what not in SWEEPABLE:
            raise BadInput(
                f"{what or 'what is not named'} has nothing to sweep",
                f"Sweep the stride, or one of {', '.join(SWEEPABLE)}.",
            )
        numba_runtime.configure_numba(str(settings.parameters["vectors"]))
        from workloads.memory_traffic.measure import stride_sweep, tile_sweep

        if what == "stride":
            return stride_sweep.sweep_strides(settings, tell)
        return tile_sweep.sweep_tiles(TRANSFORMATIONS[what], settings, tell)

    def sizes(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Time both versions that the plan races from inside the nearest cache to beyond the last one, and STREAM's
        triad beside them.

        Tells of an event `point` for each: `version`, `label`, `lever` (`before`, `after`, or `triad`), `threads` (of
        the triad as many as the versions have at most), `bytes` (of the arrays), `seconds` (a call's), `gb_s` (of the
        plain algorithm's bytes) and `gflop_s`. A version that would take minutes has no points at large sizes.
        Returns `transformation`, `threads`, the most of any, and `passes`. Raises BadInput.
        """
        numba_runtime.configure_numba(str(settings.parameters["vectors"]))
        from workloads.memory_traffic.measure import size_sweep

        return size_sweep.sweep_sizes(TRANSFORMATIONS[str(settings.parameters["transformation"])], settings, tell)

    def scaling(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Time the triad, at the size that is set, and plain arithmetic on one to all cores, in turn.

        Tells of the events `point` (`kernel`: `triad` or `arithmetic`, `cores`, `seconds`, the median of all rounds,
        `speedup` over one core, and its quartiles `low` and `high`); `ceiling` (`one_gb_s`, `all_gb_s`: the triad's
        best on one core, and on any count; memory's only where the `bytes` of its arrays are beyond the caches);
        `amdahl` (`kernel`, `serial` share of 1, `low` and `high` of its 95 % interval,
        `counts` of cores, and whether they are enough for a fit: `fits`). Returns `cores`, `rounds`, `shape`. Raises
        BadInput.
        """
        numba_runtime.configure_numba(str(settings.parameters["vectors"]))
        from workloads.memory_traffic.measure import scaling

        return scaling.measure_scaling(settings, tell)

    def stream(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Hold our triad against STREAM's own loop in C, by gcc -O3 -march=native -fopenmp, both taking turns.

        Tells of an event `round` (`c_gb_s`, `numba_gb_s`) for each turn. Returns the best of both, their `ratio`,
        the median of the turns' ratios (`paired`), the `bytes` of all three arrays and the `threads`. Raises BadInput
        where there is no gcc, or too little memory.
        """
        numba_runtime.configure_numba(str(settings.parameters["vectors"]))
        from workloads.memory_traffic.measure import stream_c

        return stream_c.compare_with_stream_c(settings, numba_runtime.ALLOWED_CORES, tell)

    def roofline(self, settings: Settings, given: Mapping[str, Any], tell: TaskReporter) -> dict[str, Any]:
        """Measure what this machine allows, and where the kernels of the transformations `given["kernels"]` stand.

        Tells of the events `triad` (`threads`, `bytes`, `gb_s`), from small sizes to large; `peak` (`threads`,
        `gflop_s`, `bits`); and `kernel` (`transformation`, `version`, `label`, `threads`, `bytes` of its arrays,
        `seconds`, `intensity` in operations a byte, `gflop_s`, `gb_s`, `limit_gb_s`, the triad's bandwidth at that
        size, `share` of the roofline, of 1, `words` of its machine code, and `counted`: hardware events of a call by
        their names, where there are counters). Returns `threads`, the counts measured, and `uncounted`: why hardware
        events are missing, where any are. Raises BadInput.
        """
        wanted = given.get("kernels")
        names = ", ".join(TRANSFORMATIONS)
        if not isinstance(wanted, list) or not wanted:
            raise BadInput("no kernels are named", f"Give a list, kernels, of one or more of {names}.")
        unknown = [name for name in wanted if not isinstance(name, str) or name not in TRANSFORMATIONS]
        if unknown:
            raise BadInput(f"there is no {unknown[0]}", f"There are {names}.")
        numba_runtime.configure_numba(str(settings.parameters["vectors"]))
        # Before Numba starts its threads: those are counted that are started afterwards.
        counting = perf_counters.open_counters()
        from workloads.memory_traffic.measure import roofline

        try:
            return roofline.measure_roofline(settings, [TRANSFORMATIONS[name] for name in wanted], counting, tell)
        finally:
            counting.close()
