"""The description of a machine, as it is stored with each run."""

from __future__ import annotations

import re

from pydantic import Field

from bench.formatting import format_cores
from bench.machine.identity import MachineIdentity
from bench.system.limits import Limits, explain_core_limit
from bench.values.base import Value

INSTRUCTION_SET_LABELS = {
    "amx_int8": "AMX",
    "amx_bf16": "AMX",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512f": "AVX-512",
    "avx_vnni": "AVX-VNNI",
    "avx2": "AVX2",
    "sve": "SVE",
    "neon": "NEON",
}
"""Label by instruction set, best first. The summary of a machine names the first that it has."""


class Cache(Value):
    """A cache of the first usable core."""

    level: int
    kind: str
    """`Data`, `Instruction` or `Unified`."""
    bytes: int
    shared_by: int
    """Number of logical processors that share it."""


class NumaNode(Value):
    """Logical processors with equally fast access to one part of the memory."""

    node: int
    cores: list[int]


class Machine(Value):
    """A machine at one moment. Unknown values are None."""

    identity: MachineIdentity
    processor: str
    """The name that the processor reports."""
    vendor: str | None
    architecture: str
    sockets: int | None
    physical_cores: int | None
    logical_threads: int
    """Number of logical processors; two per core with simultaneous multithreading."""
    usable_cores: list[int]
    """Ids of the logical processors that this process may use."""
    core_kinds: dict[str, list[int]] | None = None
    """The usable cores by kind, if they are of several kinds; empty if they are of one kind; None if unknown."""
    core_limit: int = Field(ge=1)
    """Largest number of cores that a plan may ask for."""
    isa: dict[str, bool]
    """Whether the processor has each of the instruction sets that matter here; empty if unknown."""
    caches: list[Cache]
    memory_bytes: int
    memory_available_bytes: int
    """What this process could allocate without swapping, within the limits of its control groups."""
    swap_bytes: int
    governor: str | None
    """Frequency governor of the usable cores, several with commas if they differ; None without cpufreq."""
    turbo: bool | None
    numa_nodes: list[NumaNode]
    hypervisor: str | None
    """Name of the hypervisor, `unknown` for a virtual machine of an unknown one, None for bare metal."""
    transparent_hugepages: str | None
    """`always`, `madvise` or `never`."""
    limits: Limits
    system: str
    """`Linux`, `Darwin` or `Windows`."""
    operating_system: str
    """Name and version."""
    kernel: str
    python: str
    c_library: str | None
    booted_at: str | None
    """ISO 8601, UTC."""
    versions: dict[str, str]
    """Version of each measured library that is installed, by name of its distribution."""

    @property
    def core_limit_reason(self) -> str:
        """Why a plan may ask for no more than `core_limit` cores; empty if it may ask for all usable ones."""
        return explain_core_limit(self.core_limit, self.limits.cpu_quota, self.core_kinds or {})

    @property
    def short(self) -> str:
        """One line, such as `AMD EPYC, 2 cores, AVX-512 VNNI, Linux 6.1, virtual machine (KVM)`."""
        best = next((label for flag, label in INSTRUCTION_SET_LABELS.items() if self.isa.get(flag)), None)
        virtual = "virtual machine" if self.hypervisor == "unknown" else f"virtual machine ({self.hypervisor})"
        parts = [self.short_processor, self._short_cores(), best, self._short_system()]
        return ", ".join([part for part in parts if part] + ([virtual] if self.hypervisor else []))

    @property
    def short_processor(self) -> str:
        """The processor's name without trade marks and nominal frequency, such as `Intel Xeon Platinum 8481C`."""
        return _shorten_processor_name(self.processor)

    def is_same_machine(self, other: Machine) -> bool:
        """Whether `other` describes this machine too, perhaps at another time.

        Records of version 0.1.0 have no machine id: they are compared by boot and by the display string.
        """
        one, two = self.identity, other.identity
        if one.machine_id and two.machine_id:
            return one.machine_id == two.machine_id
        return bool(one.boot_id and one.boot_id == two.boot_id) or self.short == other.short

    def _short_cores(self) -> str:
        cores = self.physical_cores or self.logical_threads
        text = format_cores(cores)
        if self.logical_threads != cores:
            text += f" / {self.logical_threads} threads"
        if self.core_limit < self.logical_threads:
            text += f" ({self.core_limit} usable)"
        return text

    def _short_system(self) -> str:
        if self.system == "Linux":
            return "Linux " + ".".join(self.kernel.split(".")[:2])
        return self.operating_system


def _shorten_processor_name(name: str) -> str:
    """Remove trade marks, the nominal frequency and words that every processor's name has."""
    name = re.sub(r"\((R|TM|C)\)|\bCPU\b|@.*|\b\d+-Core\b|\bProcessor\b", " ", name, flags=re.IGNORECASE)
    return " ".join(name.split())
