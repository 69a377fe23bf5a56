"""Adapter of Modin: the only module that uses names and texts that Modin does not document.

These are the partitions of a frame, the warning that a call was handed to pandas, the modules that Modin imports with
its first call, and the variable by which workers import pandas early. The documented function `unwrap_partitions` is no
replacement: it starts tasks that propagate the index, and so changes the partitions that are to be observed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from bench.workload.library_guard import LibraryGuard

GUARD = LibraryGuard("modin", "==0.37.*", "see the partitions of a frame, and which calls it hands to pandas")

WORKER_ENVIRONMENT = {"__MODIN_AUTOIMPORT_PANDAS__": "1", "PYTHONWARNINGS": "ignore::FutureWarning"}
"""Environment variables of the workers, as Modin sets them if it starts the service itself: workers import pandas
before their first task."""
MIN_SPLIT_ROWS = 64
"""Rows per partition with which Modin certainly splits a frame. With its default configuration it splits frames of more
than 32 rows."""
_ENGINE_MODULES = {
    "Ray": "modin.core.execution.ray.implementations.pandas_on_ray.io",
    "Dask": "modin.core.execution.dask.implementations.pandas_on_dask.io",
}
"""By service: the module that imports the rest of Modin. Modin itself imports it with the first call."""
_DEFAULT_WARNING = "efaulting to pandas"


def load_modin(engine: str, partitions: int) -> Any:
    """Import `modin.pandas` for the service `engine`, with frames split into `partitions` parts along both axes.

    The service need not have started. Raises UnsupportedLibrary if the installed Modin is not a tested version.
    """
    GUARD.require_version()
    config = importlib.import_module("modin.config")
    config.Engine.put(engine)
    config.CpuCount.put(partitions)
    config.NPartitions.put(partitions)
    modin_pandas = importlib.import_module("modin.pandas")
    GUARD.require(_ENGINE_MODULES[engine])
    return modin_pandas


def load_execute() -> Callable[[Any], None]:
    """Modin's function that waits until every partition of a frame or series is computed, or has failed.

    It ignores other values.
    """
    return importlib.import_module("modin.utils").execute


def is_frame(value: Any) -> bool:
    """Whether `value` is a frame or a series of Modin."""
    modin_pandas = importlib.import_module("modin.pandas")
    return isinstance(value, (modin_pandas.DataFrame, modin_pandas.Series))


def partition_grid(frame: Any) -> tuple[int, int]:
    """Numbers of partitions of a frame or series: along the rows, and along the columns."""
    return _get_partitions(frame).shape


def partition_references(value: Any) -> set[Any]:
    """References of the service to the partitions of a frame or series; empty for other values."""
    if not is_frame(value):
        return set()
    return {reference for partition in _get_partitions(value).ravel() for reference in partition.list_of_blocks}


def is_default_warning(text: str) -> bool:
    """Whether a warning says that Modin handed a call to pandas."""
    return _DEFAULT_WARNING in text


def _get_partitions(frame: Any) -> Any:
    """NumPy array (rows, columns) of the partitions."""
    return frame._query_compiler._modin_frame._partitions
