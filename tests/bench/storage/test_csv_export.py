"""CSV of runs: what a spreadsheet reads is what the run holds, to the last digit."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from statistics import median

import pytest

from bench.run.record import Run
from bench.storage.csv_export import (
    ATTEMPT_COLUMNS,
    FINDING_COLUMNS,
    JOB_COLUMNS,
    SAMPLE_COLUMNS,
    jobs_csv,
    samples_csv,
)
from bench.storage.store import Store
from bench.values.base import Arm
from bench.values.claims import Speed
from tests.support.runs import make_opening


def parse_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_sample_has_a_row_for_the_whole_and_for_each_step(finished):
    rows = parse_csv(samples_csv(finished))
    assert list(rows[0]) == list(SAMPLE_COLUMNS)
    assert len(rows) == sum(1 + len(sample.repetition.steps) for sample in finished.samples)
    assert {row["run"] for row in rows} == {finished.id}
    assert {row["step"] for row in rows} == {"total", "spin", "nothing"}
    first, sample = rows[0], finished.samples[0]
    assert (first["arm"], first["phase"], first["pair"]) == (sample.arm, sample.phase, str(sample.pair))
    assert float(first["began"]) == sample.repetition.began
    assert {row["inputs"] for row in rows} == {"Loops: 2,000 of a trial"}


@pytest.mark.parametrize("step", ["total", "spin", "nothing"])
@pytest.mark.parametrize("arm", list(Arm))
def test_the_medians_of_the_page_follow_from_the_rows(finished, step, arm):
    times = [
        float(row["seconds_per_call"])
        for row in parse_csv(samples_csv(finished))
        if (row["step"], row["arm"], row["phase"]) == (step, arm, "race")
    ]
    assert median(times) == pytest.approx(getattr(finished.comparison(step), arm).median, rel=1e-12)


def test_effective_cores_are_processor_time_over_time_and_unknown_where_there_was_none(finished):
    sample = finished.samples[0]
    timed = sample.repetition.steps[0]
    still = sample.repetition.model_copy(update={"steps": [timed.model_copy(update={"seconds": 0.0})]})
    run = finished.model_copy(update={"samples": [sample.model_copy(update={"repetition": still})]})
    step = parse_csv(samples_csv(run))[1]
    assert step["effective_cores"] == ""
    step = parse_csv(samples_csv(finished))[1]
    assert float(step["effective_cores"]) == pytest.approx(timed.cpu_s / timed.seconds)


def test_a_run_without_samples_is_a_header_alone():
    assert samples_csv(Run.open(make_opening())) == ",".join(SAMPLE_COLUMNS) + "\n"


def test_the_list_keeps_order_digits_and_awkward_text(finished):
    store = Store()
    store.save(finished)
    row = store.rows()[0]
    awkward = replace(row, id="other", sentence='He said "2x",\nand left', ratio=None, claimed=None)
    rows = parse_csv(jobs_csv([awkward, row], store.summarize_attempts_of_all([awkward, row])))
    assert list(rows[0]) == [*JOB_COLUMNS, *ATTEMPT_COLUMNS, *FINDING_COLUMNS]
    # `awkward` is not stored, so it is no attempt before or after the other run.
    assert (rows[1]["attempt"], rows[1]["attempts"], rows[1]["neighbours"]) == ("1", "1", "0")
    assert [found["run"] for found in rows] == ["other", finished.id]
    assert rows[0]["sentence"] == awkward.sentence
    assert rows[1]["inputs"] == row.inputs == "Loops: 2,000 of a trial"
    assert (rows[0]["ratio"], rows[0]["claim_made"]) == ("", "")
    assert float(rows[1]["ratio"]) == row.ratio
    assert rows[1]["claim_made"] == str(row.claimed).lower()
    assert rows[1]["started"] == row.started.isoformat()


def test_the_list_carries_what_the_rules_found(finished):
    store = Store()
    store.save(finished)
    (row,) = parse_csv(jobs_csv(store.rows(), {}))
    claim = finished.claim()
    effects = {"refused_by": claim.refusals, "reservations": claim.reservations, "conditions": claim.conditions}
    assert list(effects) == list(FINDING_COLUMNS)
    for column, found in effects.items():
        assert row[column] == " | ".join(f"{finding.title}: {finding.seen}" for finding in found)
    assert row["conditions"], "a synthetic workload always has one"
    assert not any(f"{f.title}:" in row[column] for f in claim.passed for column in effects)
    assert row["edited_after_it_was_stored"] == "false"


@pytest.mark.parametrize("damaged", ["no JSON", "{}", "[1]", '[{"rule": "x"}]'])
def test_findings_that_cannot_be_read_break_no_list(finished, damaged):
    store = Store()
    store.save(finished)
    row = replace(store.rows()[0], findings=damaged)
    (row,) = parse_csv(jobs_csv([row], {}))
    assert {row[column] for column in FINDING_COLUMNS} == {""}


def test_findings_that_an_earlier_version_stored_after_the_migration_get_kinds(finished):
    store = Store()
    store.save(finished)
    noise = {"rule": "quiet", "outcome": "annotated", "title": "A quiet machine", "seen": "a lot"}
    part = {"rule": "part-of-whole", "outcome": "annotated", "title": "Part of the whole", "seen": "50 %"}
    chance = {"rule": "interval", "outcome": "refused", "title": "The interval excludes 1", "seen": "0.9 to 1.1"}
    row = replace(store.rows()[0], findings=json.dumps([noise, part, chance]))
    (row,) = parse_csv(jobs_csv([row], {}))
    assert {column: row[column] for column in FINDING_COLUMNS} == {
        "refused_by": "The interval contains 1: 0.9 to 1.1",
        "reservations": "Noisy machine: a lot",
        "conditions": "Part of the total: 50 %",
    }


def test_without_a_claim_no_row_says_that_an_arm_is_faster(finished):
    claim = finished.claim()
    verdict = claim.verdict.model_copy(update={"speed": Speed.FASTER})
    store = Store()
    for name, made in (("made", True), ("refused", False)):
        decided = claim.model_copy(update={"made": made, "verdict": verdict})
        store.save(finished.model_copy(update={"id": name, "claims": [decided]}))
    rows = {row["run"]: row for row in parse_csv(jobs_csv(store.rows(), {}))}
    assert (rows["made"]["speed"], rows["made"]["claim_made"]) == ("faster", "true")
    assert (rows["refused"]["speed"], rows["refused"]["claim_made"]) == ("", "false")
