"""Reading small files of the kernel, from a folder of known content."""

from pathlib import Path

import pytest

from bench.system.kernel_files import KernelFiles, parse_core_list, parse_integer


@pytest.fixture
def files(tmp_path: Path) -> KernelFiles:
    return KernelFiles(tmp_path)


def test_a_file_longer_than_a_read_is_read_whole(tmp_path: Path, files: KernelFiles) -> None:
    (tmp_path / "long").write_bytes(b"x" * 200_000)
    (tmp_path / "empty").write_bytes(b"")
    assert files.read_bytes("long") == b"x" * 200_000
    assert files.read_bytes("empty") == b""
    assert files.read_bytes("none") is None
    assert files.read_bytes("") is None


def test_a_missing_file_is_empty(files: KernelFiles) -> None:
    assert files.read_text("none") == ""
    assert files.read_integer("none") is None
    assert files.read_core_list("none") == []
    assert files.list_names("none") == []
    assert files.list_matching("none/*") == []
    assert not files.open("none").is_open
    assert files.open("none").read() == b""


def test_numbers_are_parsed(tmp_path: Path, files: KernelFiles) -> None:
    (tmp_path / "number").write_text("42\n")
    (tmp_path / "text").write_text("max\n")
    assert files.read_text("number") == "42"
    assert files.read_integer("number") == 42
    assert files.read_integer("text") is None
    assert parse_integer("0x41", base=0) == 0x41


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0-3,8\n", [0, 1, 2, 3, 8]), ("5", [5]), ("", []), ("\n", []), ("max", []), ("1-,2", [2]), ("0,2-3", [0, 2, 3])],
)
def test_lists_of_cores(text: str, cores: list[int]) -> None:
    assert parse_core_list(text) == cores


def test_matching_paths_are_relative_and_sorted(tmp_path: Path, files: KernelFiles) -> None:
    for name in ("cpu1", "cpu0"):
        (tmp_path / "sys" / name).mkdir(parents=True)
    assert files.list_matching("sys/cpu[0-9]*") == ["sys/cpu0", "sys/cpu1"]


def test_an_open_file_is_read_from_its_beginning_each_time(tmp_path: Path, files: KernelFiles) -> None:
    (tmp_path / "file").write_text("first")
    file = files.open("file")
    assert file.read() == b"first"
    (tmp_path / "file").write_text("second")
    assert file.read() == b"second"
    file.close()
    assert not file.is_open and file.read() == b""
