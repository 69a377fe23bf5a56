"""Records of measurements: the sum of their events, and the digest that decides which results can be shown."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bench.plan.validation import make_plan
from bench.run import measurement
from bench.run.events import RunFailed, State, StateChanged
from bench.run.measurement import ProgressReported, ValueReported, measurement_digest
from bench.values.arms import Failure
from tests.support.measurements import make_measurement
from tests.support.trial.measurements import CountArguments, Counted, CountResult

RESULT = CountResult(pid=1, done=1, cores=1, threads="1", affinity=[0], loops=1, variable="")


def make_running(**fields):
    """A measurement that has reported one progress line."""
    return make_measurement("trial", "count", {"to": 2}, state=State.MEASURING, **fields)


def test_reports_and_result_are_read_through_their_models():
    record = make_measurement("trial", "count", {"to": 2}, reports=[("counted", Counted(number=1))], result=RESULT)
    assert record.reports_as("counted", Counted) == [Counted(number=1)]
    assert record.first_report_as("counted", Counted) == Counted(number=1)
    assert record.reports_as("other", Counted) == [] and record.first_report_as("other", Counted) is None
    assert record.arguments_as(CountArguments) == CountArguments(to=2)
    assert record.result_as(CountResult) == RESULT
    with pytest.raises(ValidationError):
        record.reports_as("counted", CountResult)


def test_a_growing_share_replaces_the_previous_progress_line():
    record = make_running()
    for text, share in (
        ("counting: 1 of 3", 1 / 3),
        ("counting: 2 of 3", 2 / 3),
        ("counting: 3 of 3", 1.0),
        ("writing", None),
        ("counting: 1 of 2", 0.5),
        ("counting: 1 of 9", 0.1),
    ):
        record.apply(ProgressReported(at=1.0, text=text, share=share))
    texts = [line.text for line in record.progress]
    assert texts == [
        "importing the libraries",
        "counting: 1 of 3",
        "counting: 3 of 3",
        "writing",
        "counting: 1 of 2",
        "counting: 1 of 9",
    ]


def test_the_oldest_progress_lines_are_dropped(monkeypatch):
    monkeypatch.setattr(measurement, "MAX_PROGRESS_LINES", 3)
    record = make_running()
    for number in range(5):
        record.apply(ProgressReported(at=1.0, text=str(number)))
    assert [line.text for line in record.progress] == ["2", "3", "4"]


def test_a_failed_measurement_keeps_what_it_reported():
    record = make_running(reports=[("counted", Counted(number=1))])
    record.apply(ValueReported(at=8.0, name="counted", value={"number": 2}))
    record.apply(RunFailed(at=9.0, failure=Failure(what="it broke", remedy="Mend it.")))
    record.apply(StateChanged(at=9.0, state=State.FAILED))
    assert [report.number for report in record.reports_as("counted", Counted)] == [1, 2]
    assert record.failure is not None and record.failure.what == "it broke"
    assert record.result_as(CountResult) is None
    assert (record.seconds, (record.ended - record.started).total_seconds()) == (9.0, 9.0)


def test_a_record_survives_json():
    record = make_measurement("trial", "count", {"to": 2}, reports=[("counted", Counted(number=1))], result=RESULT)
    assert type(record).model_validate_json(record.model_dump_json()) == record


def digest(arguments=None, depends_on=("loops",), **fields) -> str:
    plan = make_plan("trial", **({"cores": 1} | fields))
    return measurement_digest(plan, "count", arguments or {"to": 2}, depends_on)


def test_the_digest_covers_the_settings_that_the_result_depends_on():
    assert digest() == digest(budget_s=7) == digest(batch=3), "other settings do not change the result"
    different = [
        digest(parameters={"loops": 7}),
        digest(seed=7),
        digest(arguments={"to": 3}),
        digest(depends_on=("loops", "batch")),
        measurement_digest(make_plan("trial", cores=1), "stay", {"to": 2}, ("loops",)),
    ]
    assert len({digest(), *different}) == 1 + len(different)
    assert digest(depends_on=("batch",)) != digest(depends_on=("batch",), batch=3)
    assert digest(depends_on=("no_such",)) == digest(depends_on=())
