"""A race as text."""

from __future__ import annotations

from bench.claims.verdict import decide_claims
from bench.cli.console import make_console
from bench.cli.race_report import print_run
from bench.formatting import format_estimate, format_median
from bench.run.events import State
from bench.run.snapshot import ParameterSnapshot
from bench.values.arms import Failure, RacedInput
from bench.values.base import Arm
from bench.values.samples import TOTAL
from tests.support.attempts import summarize_alone
from tests.support.runs import make_claim_run, make_psnr_quality, remove_samples
from tests.support.timelines import SKIPPED, make_timeline_run


def test_a_report_has_times_ratios_and_the_claim(capsys):
    run = make_claim_run()
    print_run(make_console(), run, summarize_alone(run))
    text = capsys.readouterr().out
    assert run.id[:8] in text and run.machine.short in text
    for arm in Arm:
        assert run.snapshot.arms[arm] in text
    total = run.comparison()
    assert format_median(total.baseline) in text and format_median(total.accelerated) in text
    assert format_estimate(total.ratio) in text
    assert f"{total.baseline.count} pairs" in text
    assert text.count("p90 needs 64 samples and p99 needs 662 samples, there are 20") == 2


def test_a_run_without_a_claim_says_why_and_what_to_do(capsys):
    run = remove_samples(make_claim_run(pairs=2))
    run.state, run.why = State.STOPPED, "Stop was pressed"
    print_run(make_console(), run, summarize_alone(run))
    text = " ".join(capsys.readouterr().out.split())
    assert "No claim: the run was stopped before the first sample (Stop was pressed). Let the run finish." in text


def test_a_run_that_is_not_stored_says_that_attempts_are_not_known(capsys):
    print_run(make_console(), make_claim_run(), None)
    assert "Other attempts at this plan are not known" in " ".join(capsys.readouterr().out.split())


def test_accuracy_has_its_number_of_observations_and_the_interval(capsys):
    run = make_claim_run()
    print_run(make_console(), run, summarize_alone(run))
    assert "number of observations not known" in capsys.readouterr().out
    run.quality = make_psnr_quality()
    print_run(make_console(), run, summarize_alone(run))
    text = capsys.readouterr().out
    assert "273,280 pixels" in text
    assert "mean squared error -3.00 %, 95 % interval -5.00 % to -2.00 %" in text
    assert "answers that agree: 90.00 % (10 questions on 4 passages, 95 % interval 55.50 to 99.75 %)" in text


def test_long_labels_are_complete(capsys):
    run = make_claim_run()
    labels = {arm: f"{arm} with a label that is longer than twenty characters" for arm in Arm}
    run.snapshot = run.snapshot.model_copy(update={"arms": labels})
    print_run(make_console(), run, summarize_alone(run))
    text = capsys.readouterr().out
    assert all(label in text for label in labels.values())


def test_an_arm_against_itself_has_two_columns(capsys):
    run = make_claim_run()
    run.snapshot = run.snapshot.model_copy(update={"arms": dict.fromkeys(Arm, "stock")})
    print_run(make_console(), run, summarize_alone(run))
    assert "stock (again)" in capsys.readouterr().out


def test_what_was_raced_is_printed_with_the_claim(capsys):
    run = make_claim_run()
    run.prepared = [
        ready.model_copy(update={"inputs": [RacedInput(label="Table", text="sales.csv, 20,000 rows")]})
        for ready in run.prepared
    ]
    run.claims = decide_claims(run)
    print_run(make_console(), run, None)
    text = capsys.readouterr().out
    assert "\nTable: sales.csv, 20,000 rows\n" in text
    assert text.index("Table: sales.csv") < text.index("Colour quantization, total: 5.00 s")


def test_the_times_of_a_single_pair_are_printed_without_a_ratio(capsys):
    run = make_claim_run(pairs=2, jitter=0)
    run.samples, run.statistics = run.samples[:2], []
    timed = [step for step in run.snapshot.steps if step.name in ("fit", "predict")]
    run.snapshot = run.snapshot.model_copy(update={"steps": timed})
    print_run(make_console(), run, None)
    text = " ".join(capsys.readouterr().out.split())
    assert f"{timed[0].label} 4.00 s 1.00 s" in text
    assert "medians of 1 pair, too few for a ratio with an interval" in text
    assert "No claim: only 1 pair" in text


def test_the_times_of_few_pairs_leave_out_a_step_that_the_samples_lack(capsys):
    """As in a record of another version: the snapshot has the step, the samples have no time of it."""
    run = make_claim_run(pairs=2, jitter=0)
    run.statistics = []
    labels = run.snapshot.labels()
    timed = set(run.samples[0].list_steps())
    assert timed < set(labels)
    print_run(make_console(), run, None)
    text = capsys.readouterr().out
    assert "medians of 2 pairs" in text
    rows = [line.split("  ")[0].strip() for line in text.splitlines()]
    assert {labels[step] for step in labels if labels[step] in rows} == {labels[step] for step in timed}


def test_a_failure_is_printed_with_its_remedy_and_the_end_of_the_log(capsys):
    run = make_claim_run()
    log = [f"line {number}" for number in range(30)]
    run.failure = Failure(what="The arm failed.", remedy="Do something else.", log=log)
    print_run(make_console(), run, summarize_alone(run))
    text = capsys.readouterr().out
    assert "The arm failed.\nDo something else.\n" in text
    assert "line 29" in text and "line 19\n" not in text


def test_the_label_of_the_total_is_that_of_the_snapshot(capsys):
    run = make_claim_run()
    print_run(make_console(), run, summarize_alone(run))
    assert run.snapshot.labels()[TOTAL] in capsys.readouterr().out


def test_the_report_says_where_the_time_went_and_which_core_counts_were_not_tried(capsys):
    run = make_timeline_run()
    print_run(make_console(), run, summarize_alone(run))
    text = capsys.readouterr().out
    assert "12.0 s from the start of the run to its end; the first pair began after 3.0 s" in text
    assert "preparing 2.0 s, warming up 1.0 s, racing 4.0 s, checking the results 3.0 s" in text
    assert f"4 cores not tried: {SKIPPED}" in text


def test_parameters_calls_and_notes_are_named_as_on_the_page(capsys):
    run = make_claim_run(used=1.0, target=0.0001)
    parameters = [ParameterSnapshot(name="side", label="side", value="255", is_default=True)]
    run.snapshot = run.snapshot.model_copy(update={"parameters": parameters})
    step = run.statistics[1]
    run.statistics[1] = step.model_copy(update={"baseline": step.baseline.model_copy(update={"calls": 1200})})
    run.claims = decide_claims(run)
    print_run(make_console(), run, summarize_alone(run))
    text = " ".join(capsys.readouterr().out.split())
    assert "side 255" in text
    assert f"calls inside each sample: {run.snapshot.labels()['fit']} 1,200" in text
    assert " reservation " in text and " condition " in text and "annotated" not in text
