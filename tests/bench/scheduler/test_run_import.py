"""Import of exported races: what each damaged file is told, and that an imported race counts for nothing here."""

import json

import pytest

from bench.claims.headline import report_headline, write_headline
from bench.cli.main import main
from bench.run.outcome import describe_outcome
from bench.run.record import Run
from bench.scheduler.case_series import find_fresh_run
from bench.scheduler.run_import import ImportFileError, import_run, read_run_file
from bench.storage.attempts import build_report
from bench.storage.integrity import digest_export
from bench.storage.store import Store
from tests.support.stored_runs import store_run
from ui.reports.content import ReportedRun, ReportFields
from ui.reports.html_report import write_html


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


def cut(text: str) -> str:
    return text[: len(text) * 2 // 3]


def test_a_truncated_file_is_named_as_that_wherever_it_ends(elsewhere, tmp_path):
    text = json.dumps(make_report(elsewhere), indent=1)
    within_words = [text.index(word) + length for word in ("true", "false", "null") for length in range(1, len(word))]
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
        ("[" * 100_000, "not the JSON of a run"),
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


@pytest.mark.timeout(120)
def test_a_rerun_races_the_plan_here_and_shows_both(elsewhere, tmp_path, capsys):
    file = write(tmp_path, make_report(elsewhere))
    assert main(["rerun", str(file)]) == 0
    output = capsys.readouterr().out
    assert "run eeeeeeee" in output and "Imported from vm-b" in output and "Different machines" in output
    (row,) = Store().rows()
    assert row.digest == elsewhere.digest and row.origin == "command line"
