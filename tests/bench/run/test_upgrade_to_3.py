"""Findings that were stored before notes had kinds: their titles follow from what was seen."""

from __future__ import annotations

from typing import Any

import pytest

from bench.claims.verdict import decide_claims
from bench.run.events import RECORD_VERSION
from bench.run.journal import JournalReader
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.run.upgrade_to_3 import complete_finding
from bench.run.upgrades import upgrade_event, upgrade_record
from bench.values.claims import ClaimState, Finding, NoteKind, Outcome
from tests.support.runs import make_claim_run
from tests.support.stored_runs import OLD_JOURNAL, VERSION_2_JOURNAL, read_version_2_records

OLD = {"title": "The interval of the ratio excludes 1", "source": "SC15 rule 5", "seen": "0.9 to 1.1", "remedy": ""}


@pytest.mark.parametrize(
    ("rule", "outcome", "title", "kind"),
    [
        ("interval", "refused", "The interval contains 1", None),
        ("interval", "passed", OLD["title"], None),
        ("narrow", "annotated", "The interval is wider than requested", NoteKind.RESERVATION),
        ("part-of-whole", "annotated", "Part of the total", NoteKind.CONDITION),
        ("a-rule-of-another-version", "annotated", OLD["title"], NoteKind.RESERVATION),
    ],
)
def test_an_old_finding_gets_the_title_of_what_was_found_and_a_kind(rule, outcome, title, kind):
    completed = complete_finding(OLD | {"rule": rule, "outcome": outcome})
    finding = Finding.model_validate(completed)
    assert (finding.title, finding.kind) == (title, kind)
    assert complete_finding(completed) == completed == finding.model_dump(mode="json")


@pytest.mark.parametrize(
    ("rule", "outcome", "seen", "title", "kind"),
    [
        (
            "accuracy",
            "refused",
            "not measured, and the lever changes the arithmetic",
            "The accuracy was not measured",
            None,
        ),
        ("accuracy", "refused", "F1 70 and 69: the loss may exceed 1 %", "The accuracy is not shown to be", None),
        ("accuracy", "refused", "F1 70 and 60: a loss of more than 1 %", "The accuracy is below the limit", None),
        ("interval", "refused", "its own interval excludes 1, but that may be chance", "The difference may be", None),
        ("complete", "refused", "it was stopped after 9 pairs (by its user)", "The run was stopped", None),
        ("stable", "annotated", "not known: this run was stored before", "Not known whether", NoteKind.RESERVATION),
        ("fair-baseline", "annotated", "loops: not known", "Not known how fair", NoteKind.RESERVATION),
        ("best-with-best", "annotated", "both arms on one core only", "Raced on one core only", NoteKind.CONDITION),
        ("best-with-best", "annotated", "only 2 cores tried", "No other core count", NoteKind.RESERVATION),
        ("warm", "annotated", "the first run took 3 and 1 times the median", "The first call", NoteKind.CONDITION),
        ("warm", "annotated", "it took 3, and an arm was still getting faster", "Still warming", NoteKind.RESERVATION),
    ],
)
def test_the_title_of_an_old_finding_follows_what_was_seen(rule, outcome, seen, title, kind):
    finding = Finding.model_validate(complete_finding(OLD | {"rule": rule, "outcome": outcome, "seen": seen}))
    assert (finding.title.startswith(title), finding.kind) == (True, kind), finding.title


def contains(new: Any, old: Any) -> bool:
    """Whether `new` has every value of `old` at its place. Objects may have more fields."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(name in new and contains(new[name], old[name]) for name in old)
    if isinstance(old, list):
        return isinstance(new, list) and len(new) == len(old) and all(map(contains, new, old))
    return new == old


def test_records_of_version_2_lose_nothing_and_their_notes_get_kinds():
    records = read_version_2_records()
    assert {record["version"] for record in records.values()} == {2}
    assert not any("kind" in finding for finding in records["1" * 32]["claims"][0]["findings"])
    assert all("kind" in finding for finding in records["3" * 32]["claims"][0]["findings"])
    measurement = records.pop("4" * 32)
    record = MeasurementRecord.model_validate(upgrade_record(measurement))
    assert contains(record.model_dump(mode="json"), measurement | {"version": RECORD_VERSION})
    for stored in records.values():
        run = Run.model_validate(upgrade_record(stored))
        notes = [found for claim in run.claims for found in claim.findings if found.outcome is Outcome.ANNOTATED]
        assert notes and all(found.kind for found in notes)
        stored["version"] = RECORD_VERSION
        for found in (found for claim in stored["claims"] for found in claim["findings"]):
            del found["title"]  # The upgrade may change it.
        assert contains(run.model_dump(mode="json"), stored)


def test_a_claim_of_version_2_with_conditions_only_has_no_reservations():
    run = Run.model_validate(upgrade_record(read_version_2_records()["2" * 32]))
    assert {found.title for found in run.claim().conditions} >= {"Raced on one core only", "The first call is slower"}
    assert run.claim().state is ClaimState.MADE


def test_a_journal_of_version_2_becomes_the_record_that_was_stored():
    run = Run.from_events(JournalReader(VERSION_2_JOURNAL).read_new())
    assert run == Run.model_validate(upgrade_record(read_version_2_records()[run.id]))


def test_the_findings_in_a_journal_get_kinds():
    found = OLD | {"rule": "narrow", "outcome": "annotated"}
    event = {"type": "verdict", "at": 1.0, "claims": [{"step": "total", "findings": [found]}]}
    assert upgrade_event(event, 2)["claims"][0]["findings"][0]["kind"] == "reservation"
    assert upgrade_event({"type": "opened", "version": 2}, 2)["version"] == 3
    assert "version" not in upgrade_event(event, 2)
    old = Run.from_events(JournalReader(OLD_JOURNAL).read_new())
    notes = [finding for claim in old.claims for finding in claim.findings if finding.outcome == "annotated"]
    assert notes and all(finding.kind for finding in notes)


def test_conditions_alone_leave_a_claim_without_reservations():
    run = make_claim_run()
    run.machine = run.machine.model_copy(update={"logical_threads": 64})
    claims = {claim.step: claim for claim in decide_claims(run)}
    assert [finding.rule for finding in claims["total"].conditions] == ["whole-machine"]
    assert claims["total"].state is ClaimState.MADE
    assert claims["fit"].state is ClaimState.MADE, "it is a part of the total, which is a condition"
