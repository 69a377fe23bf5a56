"""Strangers see no path of this machine and no output of processes, in any text of a record."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import paths
from bench.run.record import Run
from bench.run.timeline import Span
from bench.storage.store import Store
from bench.values.arms import Failure, Placement
from bench.values.base import Arm
from bench.values.quality import Measure, Quality
from tests.support.measurements import make_measurement
from ui.access.redaction import HIDDEN, UNCHANGED_FIELDS, hide_paths, redact_record, redact_row


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot open /home/ann/data.csv: no", f"cannot open {HIDDEN}/data.csv: no"),
        ("[Errno 2] No such file: '/etc/ssl/key.pem'", f"[Errno 2] No such file: '{HIDDEN}/key.pem'"),
        ("--set file=/srv/a/b.parquet --cores 2", f"--set file={HIDDEN}/b.parquet --cores 2"),
        ("~/models/bert is no folder", f"{HIDDEN}/bert is no folder"),
        ("sqlite:////root/fairlap/runs.sqlite3", None),
        ("12 rows/s, 3 GB/s per core, and/or", "12 rows/s, 3 GB/s per core, and/or"),
        ("see https://example.org/a/b.html", "see https://example.org/a/b.html"),
        ("1/2.5 of the time", "1/2.5 of the time"),
        ("KMP_X=/a/b:/home/ann/secret", f"KMP_X={HIDDEN}/b:{HIDDEN}/secret"),
        ("upload:/home/ann/x.csv", f"{HIDDEN}/x.csv"),
        ("file:///home/ann/x.csv is gone", f"{HIDDEN}/x.csv is gone"),
        ("//nas/share/x.csv", f"{HIDDEN}/x.csv"),
        ("~ann/x.csv", f"{HIDDEN}/x.csv"),
        ("../ann/work/x.csv", f"{HIDDEN}/x.csv"),
        ("gcc -I/home/ann/include -O3", f"gcc -I{HIDDEN}/include -O3"),
        ("sqlite:////srv/db/runs.sqlite3 was in use", f"{HIDDEN}/runs.sqlite3 was in use"),
        ("(postgresql+psycopg://fairlap:***@db.intern/fairlap was", f"({HIDDEN} was"),
        ("no '/mnt/Kunden Daten/Müller GmbH/gehalt.csv'", f"no '{HIDDEN}/gehalt.csv'"),
        ("/mnt/Müller, Sohn (alt) [1]/Ann's/gehalt.csv", f"{HIDDEN}/gehalt.csv"),
        ("file=/srv/a/b.csv --set model=deepset/data2vec", f"file={HIDDEN}/b.csv --set model=deepset/data2vec"),
    ],
)
def test_paths_are_hidden_and_nothing_else(text: str, expected: str | None) -> None:
    hidden = hide_paths(text)
    assert "/root/fairlap" not in hidden
    if expected is not None:
        assert hidden == expected


def test_known_folders_are_hidden_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "data"
    monkeypatch.setenv("FAIRLAP_HOME", str(home))
    for text in (f"owner{home}2vec", f"x{home}/y", f"{HIDDEN}{home}"):
        assert hide_paths(text) == text
    assert hide_paths(f"{home} is full") == f"{HIDDEN} is full"
    assert hide_paths(f"cannot write to {home}.") == f"cannot write to {HIDDEN}."
    assert hide_paths(f"file://{home}/x") == f"{HIDDEN}/x"
    assert hide_paths("x/tmp/y") == "x/tmp/y"


def test_the_database_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql+psycopg://fair lap:geheim@db.intern:5433/fairlap"
    monkeypatch.setenv("FAIRLAP_DATABASE", url)
    for text in (
        f"The database ({url}) cannot be used",
        "The database (postgresql+psycopg://fair%20lap:***@db.intern:5433/fairlap) cannot be used",
        'connection to server at "db.intern", port 5433 failed',
    ):
        hidden = hide_paths(text)
        assert "db.intern" not in hidden and "geheim" not in hidden and "lap:" not in hidden
        assert hidden.startswith(text[:10]), "the rest stays"


def test_folders_with_spaces_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_HOME", str(tmp_path / "my home"))
    assert str(tmp_path) not in hide_paths(f"{paths.home()}/uploads/x was removed")


def test_a_race_loses_paths_and_output_and_keeps_its_values(finished: Run) -> None:
    failure = Failure(what="/srv/secret/a.csv is broken", remedy="Look at /srv/secret", log=["secret line"])
    settings = finished.plan.parameters | {"file": "/srv/secret/a.csv"}
    changed = finished.model_copy(
        update={"failure": failure, "plan": finished.plan.model_copy(update={"parameters": settings})}
    )
    changed.evidence[Arm.BASELINE][0] = changed.evidence[Arm.BASELINE][0].model_copy(
        update={"words": ["loaded /srv/secret/lib.so"]}
    )
    redacted = redact_record(changed)
    text = json.dumps(redacted.report(), ensure_ascii=False)
    assert "/srv/" not in text and "secret line" not in text and f"{HIDDEN}/lib.so" in text
    assert isinstance(redacted, Run)
    assert redacted.samples == finished.samples and redacted.claims == finished.claims
    assert redacted.machine == finished.machine and redacted.quality == finished.quality
    assert Run.model_validate(redacted.model_dump()) == redacted
    assert changed.failure is failure, "the original is not changed"


def test_a_measurement_loses_paths_in_arguments_and_results() -> None:
    record = make_measurement("trial", "count", {"to": 3}).model_copy(
        update={"result": {"rows": [{"file": "/srv/secret/a"}], "n": 3}, "arguments": {"yaml": "x: /srv/secret/b"}}
    )
    redacted = redact_record(record)
    assert "/srv/" not in redacted.model_dump_json() and redacted.result == {"rows": [{"file": f"{HIDDEN}/a"}], "n": 3}


SECRET = "/mnt/Kunden: Daten/gehalt.csv"
"""No pattern finds all of it."""


def put_secret(value: Any) -> Any:
    """`value` with the secret in every text of it, and a text in every empty list or dictionary of texts."""
    if type(value) is str:
        return f"{value} {SECRET}"
    if isinstance(value, list):
        return [put_secret(item) for item in value]
    if isinstance(value, dict):
        return {key: put_secret(item) for key, item in value.items()}
    if hasattr(value, "model_copy"):
        return value.model_copy(update={name: put_secret(getattr(value, name)) for name in type(value).model_fields})
    return value


def test_no_field_of_a_race_keeps_a_path(finished: Run) -> None:
    running = finished.model_copy(
        update={
            "progress": {Arm.BASELINE: "reading"},
            "placements": [Placement(arm=Arm.BASELINE, cores=1, before=1.0, reason="spread")],
            "skipped_core_counts": {2: "no"},
            "quality": Quality(
                baseline=[Measure(name="m", label="of a file", value=1.0)], accelerated=[], agreement=[], differences=[]
            ),
            "timeline": [Span(name="reading", arm=Arm.BASELINE, cores=1, began=0.0)],
        }
    )
    changes = {name: put_secret(getattr(running, name)) for name in Run.model_fields.keys() - UNCHANGED_FIELDS}
    changes["plan"] = running.plan.model_copy(update={"parameters": running.plan.parameters | {"file": SECRET}})
    changed = running.model_copy(update=changes)
    for name in ("progress", "claims", "placements", "quality", "timeline", "why", "prepared", "evidence"):
        assert "Kunden" in str(getattr(changed, name)), name
    assert "Kunden" not in str(redact_record(changed).model_dump())


def test_fields_that_are_not_searched_have_no_texts_of_settings(finished: Run) -> None:
    for name in UNCHANGED_FIELDS & Run.model_fields.keys() - {"pictures"}:
        assert "/" not in json.dumps(getattr(finished, name), default=str), name


def test_a_row_loses_paths_in_what_the_rules_found(finished: Run) -> None:
    Store().save(finished)
    [row] = Store().rows()
    found = [{"rule": "r", "outcome": "refused", "title": "t", "seen": "[Errno 2] '/mnt/Ann \"B\"/x y/z.csv'"}]
    found[0]["kind"] = None
    redacted = redact_row(replace(row, findings=json.dumps(found), sentence="see /srv/ann/x", host="h"))
    assert "srv" not in str(redacted.sentence) and "mnt" not in str(redacted.findings)
    [finding] = redacted.list_findings()
    assert finding.rule == "r" and finding.seen.startswith("[Errno 2] '…")
    assert redact_row(replace(row, findings="{damaged /srv/ann/x")).findings is None
