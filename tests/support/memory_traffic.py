"""TODO: tests.support.memory_traffic."""

from pathlib import Path

from bench.workload.interface import Settings
from bench.workload.registry import load_workloads
from workloads.memory_traffic.arm import MemoryTraffic
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

VERSION_PAIRS = [(one, version) for one in TRANSFORMATIONS.values() for version in one.versions]


def make_settings(tmp_path: Path, lever: str = "after", cores: int = 1, **parameters) -> Settings:
    declared = {parameter.name: parameter.default for parameter in load_workloads()["memory-traffic"].parameters}
    return Settings("kernel", lever, cores, 1, declared | {"size": 64} | parameters, 0, tmp_path, tmp_path, tmp_path)


def prepare_arm(tmp_path: Path, *args, **parameters) -> MemoryTraffic:
    made = MemoryTraffic(make_settings(tmp_path, *args, **parameters))
    made.told = made.prepare(lambda text, share=None: None)
    return made


class EventRecorder:
    def __init__(self) -> None:
        self.events: list[tuple[str, dict]] = []

    def progress(self, text: str, share: float | None = None) -> None:
        assert share is None or 0 <= share <= 1

    def event(self, name: str, value: dict) -> None:
        self.events.append((name, value))
