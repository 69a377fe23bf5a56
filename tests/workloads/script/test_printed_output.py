"""Which lines of a script's output are compared, and which count as equal."""

import pytest

from workloads.script.printed_output import PrintedOutput, are_equal_lines, compare_outputs


def note(*runs: str) -> PrintedOutput:
    output = PrintedOutput()
    for run in runs:
        output.add(run)
    return output


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("accuracy 0.961", "accuracy 0.962", True),
        ("accuracy 0.96", "accuracy 0.90", False),
        ("accuracy 0.96", "precision 0.96", False),
        ("done in 0.123s", "done in 12.5s", True),
        ("fit took 3 ms for 10 rows", "fit took 40 ms for 10 rows", True),
        ("fit took 3 ms for 10 rows", "fit took 3 ms for 11 rows", False),
        ("-1e-3", "1e-3", False),
        ("[[ 88   0]", "[[88 0]", True),
    ],
)
def test_equal_lines_have_the_same_words_and_nearly_the_same_numbers(one, other, equal):
    assert are_equal_lines(one, other) is equal


def test_lines_that_differ_from_run_to_run_are_not_compared():
    baseline = note("seed 17\naccuracy 0.9\n", "seed 4\naccuracy 0.9\n")
    comparison = compare_outputs(baseline, note("seed 99\naccuracy 0.8\n"))
    assert comparison.compared == 1 and comparison.differences == [(2, "accuracy 0.9", "accuracy 0.8")]


def test_a_missing_line_is_a_difference():
    assert compare_outputs(note("a\nb\n"), note("a\n")).differences == [(2, "b", "")]


@pytest.mark.parametrize(
    ("runs", "why_not"),
    [(("",), "prints nothing"), (("1\n", "2\n"), "differs from run to run"), (("a\n", "a\na\n"), "number of lines")],
)
def test_output_that_cannot_be_compared_says_why(runs, why_not):
    comparison = compare_outputs(note(*runs), note(*runs))
    assert comparison.compared == 0 and why_not in comparison.why_not


def test_it_survives_the_way_to_the_other_arm(tmp_path):
    output = note("a\nb\n", "a\nc\n")
    output.save(tmp_path)
    assert PrintedOutput.load(tmp_path) == output
