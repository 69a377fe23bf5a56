"""The kernels that one pass of a graph runs, observed once and then read from a cache.

Which kernels run depends on the graph and the shapes, the processor, the libraries, the threads and some environment
variables: all of them are the key of an entry. The times of the kernels are those of the pass that was observed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import TypeAdapter

from bench.system.cache_entry import digest_file, load_or_make
from bench.system.kernel_files import KERNEL_FILES
from bench.workload.interface import ProgressReporter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.profiling import profile
from workloads.bert.profiling.kernels import KernelTotals

CACHE_VERSION = 1
"""Part of every entry's key. A new number ignores the entries of earlier versions."""
KERNELS_FILE = "kernels.json"
"""The observation in an entry."""
PROCESSOR_FIELDS = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
"""Fields of /proc/cpuinfo that identify a processor and its instruction sets."""
STEERING_VARIABLES = re.compile("(ONEDNN|DNNL|MKLDNN|TF|OMP|KMP|GOMP)_")
"""Environment variables that may change which kernels run."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The kernels of one pass."""

    kernels: tuple[KernelTotals, ...]
    observed_on: date
    """Day of the pass, UTC."""


_observation_adapter: TypeAdapter[Observation] = TypeAdapter(Observation)


def observe_kernels(
    graph_file: Path,
    windows: Windows,
    *,
    threads: int,
    batch: int,
    environment: Mapping[str, str],
    cache: Path,
    progress: ProgressReporter,
) -> tuple[Observation, bool]:
    """Return the kernels of one pass of the serialized GraphDef in `graph_file`, and whether they are from `cache`.

    A pass that is not cached runs in a process of its own, see `profile.profile_one_pass`, which also explains the
    arguments. If several processes ask for the same pass, one of them runs it. Raises ProfileError, which is not
    cached, and OSError.
    """

    def observe(draft: Path) -> dict[str, str]:
        progress("evidence: one batch with oneDNN's log of kernels")
        kernels = profile.profile_one_pass(graph_file, windows, threads=threads, batch=batch, environment=environment)
        observation = Observation(kernels, datetime.now(UTC).date())
        (draft / KERNELS_FILE).write_bytes(_observation_adapter.dump_json(observation))
        return {"graph": graph_file.name}

    length = int(windows.input_ids.shape[1])
    progress("evidence: looking for kernels that were observed before")
    entry = load_or_make(
        cache / f"kernels-{_entry_key(graph_file, threads, batch, length, environment)}",
        observe,
        on_wait=lambda: progress("evidence: waiting for another process that runs the same batch"),
        accept=lambda entry: KERNELS_FILE in entry.digests,
    )
    return _observation_adapter.validate_json((entry.folder / KERNELS_FILE).read_bytes()), not entry.made_now


def _entry_key(graph_file: Path, threads: int, batch: int, length: int, environment: Mapping[str, str]) -> str:
    variables = {**os.environ, **environment}
    facts = (
        CACHE_VERSION,
        digest_file(graph_file),
        _identify_processor(),
        # TensorFlow's package contains oneDNN.
        importlib.metadata.version("tensorflow"),
        (threads, batch, length),
        sorted((name, value) for name, value in variables.items() if STEERING_VARIABLES.match(name)),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _identify_processor() -> list[str]:
    """Return the `PROCESSOR_FIELDS` of the first logical processor, as lines of /proc/cpuinfo."""
    content = KERNEL_FILES.read_bytes("proc/cpuinfo") or b""
    first, _, _ = content.decode(errors="replace").partition("\n\n")
    return [line for line in first.splitlines() if line.partition(":")[0].strip() in PROCESSOR_FIELDS]
