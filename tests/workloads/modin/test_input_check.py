"""A table that cannot be raced is refused before its race is queued, on the command line and on the page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench import paths
from bench.cli.main import main
from bench.plan.validation import make_plan
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.input_check import check_inputs
from bench.tables.identify import find_table, name_table
from bench.workload.file_summary import FileSummary, UploadedFile, find_description
from bench.workload.interface import BadInput
from tests.support.modin import needs_ray
from tests.support.tables import write_file
from workloads.modin import input_check
from workloads.modin.input_check import check_table

SOUND = "id,v\n" + "1,2\n" * 50
BROKEN = "id,v\n" + "".join(f'{i},"abc\n' if i == 10 else f"{i},abc{i}\n" for i in range(2000))
SENTENCE = "Row 12 of own.csv (the header is row 1) opens a quote in column 2 that is never closed: '10,\"abc'"


def make_file_plan(file: Path | str, batch: int = 1 << 16):
    return make_plan("modin", "etl", cores=1, batch=batch, parameters={"file": str(file)})


def test_the_check_runs_in_a_process_of_its_own_with_its_limits(tmp_path):
    check_inputs(make_file_plan("synthetic"))
    check_inputs(make_file_plan(write_file(tmp_path, "id;v\n" + "1;2,5\n" * 20)))
    with pytest.raises(BadInput) as refusal:
        check_inputs(make_file_plan(write_file(tmp_path, BROKEN)))
    assert str(refusal.value) == SENTENCE
    assert refusal.value.remedy.startswith("Close the quote")


@needs_ray
def test_a_refused_table_is_not_queued(tmp_path):
    dispatcher = Dispatcher()
    with pytest.raises(BadInput, match="never closed"):
        dispatcher.submit_race(make_file_plan(write_file(tmp_path, BROKEN)), origin="command line")
    assert not dispatcher.entries() and not dispatcher.store.rows()


@needs_ray
def test_the_command_line_prints_the_sentence_and_no_traceback(tmp_path, capsys):
    file = write_file(tmp_path, BROKEN)
    assert main(["run", "modin", "--cores", "1", "--set", f"file={file}"]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"bench: file: {file}: {SENTENCE}. Close the quote")
    assert "Traceback" not in captured.err and "BadInput" not in captured.err and not captured.out


def check(file: Path | str, batch: int = 1 << 16) -> None:
    from bench.workload.interface import Settings

    folder = Path("unused")
    check_table(Settings("etl", "", 1, batch, {"file": str(file)}, 0, folder, folder, folder))


def test_rows_are_counted_before_the_queue(tmp_path):
    check(write_file(tmp_path, "id,v\n" + "1,2\n" * 16))
    with pytest.raises(BadInput, match="The file has 15 rows"):
        check(write_file(tmp_path, "id,v\n" + "1,2\n" * 15))
    pd.DataFrame({"id": range(15)}).to_parquet(tmp_path / "own.parquet")
    with pytest.raises(BadInput, match="The file has 15 rows"):
        check(tmp_path / "own.parquet")


def test_an_uploaded_table_is_checked_by_the_name_that_it_had(home):
    sound, broken = (
        write_file(paths.uploads(), content, digit * 64) for digit, content in (("0", SOUND), ("1", BROKEN))
    )
    for file in (sound, broken):
        described = UploadedFile(name="trips.csv", summary=FileSummary(text="a table"))
        find_description(file).write_text(described.model_dump_json())
    check_inputs(make_file_plan(f"upload:{'0' * 64}"))
    with pytest.raises(BadInput, match=r"Row 12 of trips\.csv \(the header is row 1\) opens a quote"):
        check_inputs(make_file_plan(f"upload:{'1' * 64}"))
    with pytest.raises(BadInput, match="the uploaded table is no longer on this machine"):
        find_table(f"upload:{'2' * 64}", paths.uploads())
    assert name_table(f"upload:{'0' * 64}", paths.uploads()) == "trips.csv"


def test_a_large_file_is_checked_only_for_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(input_check, "MAX_SCAN_S", 0.0)
    check(write_file(tmp_path, "id,v\n" + "1,2\n" * 100_000 + '1,"never closed\n'), batch=1 << 24)
