"""CSV of runs: what a spreadsheet reads is what the run holds, to the last digit."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from statistics import median

import pytest

from bench.run.record import Run
from bench.storage.csv_export import ATTEMPT_COLUMNS, JOB_COLUMNS, SAMPLE_COLUMNS, jobs_csv, samples_csv
from bench.storage.store import Store
from bench.values import Arm
from tests.support.runs import make_opening, run_trial_race


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Run:
    return run_trial_race(tmp_path_factory.mktemp("race")).record


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
    assert list(rows[0]) == [*JOB_COLUMNS, *ATTEMPT_COLUMNS]
    # `awkward` is not stored, so it is no attempt before or after the other run.
    assert (rows[1]["attempt"], rows[1]["attempts"], rows[1]["neighbours"]) == ("1", "1", "0")
    assert [found["run"] for found in rows] == ["other", finished.id]
    assert rows[0]["sentence"] == awkward.sentence
    assert (rows[0]["ratio"], rows[0]["claim_made"]) == ("", "")
    assert float(rows[1]["ratio"]) == row.ratio
    assert rows[1]["claim_made"] == str(row.claimed).lower()
    assert rows[1]["started"] == row.started.isoformat()
