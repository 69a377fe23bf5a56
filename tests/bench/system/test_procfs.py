"""TODO: tests.bench.system.test_procfs."""

from pathlib import Path

from bench.system.procfs import read_bytes


def test_reading_a_file(tmp_path: Path) -> None:
    (tmp_path / "long").write_bytes(b"x" * 200_000)
    (tmp_path / "empty").write_bytes(b"")
    assert read_bytes(tmp_path / "long") == b"x" * 200_000
    assert read_bytes(tmp_path / "empty") == b""
    assert read_bytes(tmp_path / "none") is None
    assert read_bytes(tmp_path) is None
