"""Identity of a machine: stable over kernel updates, different on two equal nodes, None where nothing names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.machine.identity import MachineIdentity, read_identity
from bench.machine.model import Machine
from tests.support.machine_files import write_files
from tests.support.machines import change_machine

MACHINE_ID = "3d1219c7c4c5404aaa1f6d2a48adfda4"
BOOT = {"proc/sys/kernel/random/boot_id": "1ce6d32a-4ea0-45e7-b788-a5d42ffbb3a1\n"}


def test_the_machine_id_is_hashed_and_the_same_after_a_reboot(tmp_path: Path) -> None:
    first = read_identity(write_files(tmp_path / "a", {"etc/machine-id": f"{MACHINE_ID}\n"} | BOOT))
    later = read_identity(write_files(tmp_path / "b", {"etc/machine-id": f"{MACHINE_ID}\n"}))
    assert first.machine_id == later.machine_id
    assert first.machine_id and len(first.machine_id) == 16
    assert first.machine_id not in MACHINE_ID
    assert (first.boot_id, later.boot_id) == ("1ce6d32a-4ea0-45e7-b788-a5d42ffbb3a1", None)


def test_two_nodes_have_two_ids(tmp_path: Path) -> None:
    one, other = (write_files(tmp_path / name, {"etc/machine-id": name * 16}) for name in ("1f", "2e"))
    assert read_identity(one).machine_id != read_identity(other).machine_id


@pytest.mark.parametrize(
    "file", ["sys/class/dmi/id/product_uuid", "sys/class/dmi/id/board_serial", "proc/device-tree/serial-number"]
)
def test_the_board_names_a_machine_without_machine_id(tmp_path: Path, file: str) -> None:
    files = {"etc/machine-id": "uninitialized\n", file: "4c4c4544-0042\0"}
    assert read_identity(write_files(tmp_path, files)).machine_id


@pytest.mark.parametrize(
    "text", ["", "None", "Default string", "To be filled by O.E.M.", "0" * 32, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"]
)
def test_a_placeholder_is_no_id(tmp_path: Path, text: str) -> None:
    files = {"etc/machine-id": text, "sys/class/dmi/id/board_serial": text}
    assert read_identity(write_files(tmp_path, files)).machine_id is None


def test_a_kernel_update_is_the_same_machine_and_an_equal_node_is_another(here: Machine) -> None:
    known = change_machine(here, identity={"machine_id": "a" * 16, "boot_id": "one"})
    updated = change_machine(known, kernel="99.9.9", identity={"boot_id": "two"})
    assert updated.short != known.short
    assert known.is_same_machine(updated)
    assert not known.is_same_machine(change_machine(known, identity={"machine_id": "b" * 16}))


def test_without_machine_id_the_boot_and_the_display_string_decide(here: Machine) -> None:
    old = here.model_copy(update={"identity": MachineIdentity(machine_id=None, host=None, boot_id="one")})
    known = change_machine(here, identity={"machine_id": "a" * 16, "boot_id": "two"})
    assert old.is_same_machine(known), "the same display string"
    other = old.model_copy(update={"kernel": "99.9.9"})
    assert not other.is_same_machine(known)
    assert other.is_same_machine(change_machine(known, identity={"boot_id": "one"})), "the same boot"
