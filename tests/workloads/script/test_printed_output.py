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
        ("1e999", "1e999", True),
        ("# 5", "5 5", False),
    ],
)
def test_equal_lines_have_the_same_words_and_nearly_the_same_numbers(one, other, equal):
    assert are_equal_lines(one, other) is equal


def test_lines_that_vary_in_the_stock_script_are_not_compared_and_counted():
    baseline = note("seed 17\naccuracy 0.9\n\n", "seed 4\naccuracy 0.9\n\n")
    comparison = compare_outputs(baseline, note("seed 99\naccuracy 0.8\n\n"))
    assert comparison.compared == 1 and comparison.differences == [("2", "accuracy 0.9", "accuracy 0.8")]
    assert (comparison.lines, comparison.varying) == (2, 1)
    assert "1 of 2 lines varies and was not compared" in comparison.selection


def test_a_line_that_varies_only_when_patched_is_a_difference():
    baseline = note("rows 10\nscore 0.98\n", "rows 10\nscore 0.98\n")
    comparison = compare_outputs(baseline, note("rows 10\nscore 0.5012\n", "rows 10\nscore 0.5013\n"))
    assert comparison.differences == [("2", "score 0.98", "score 0.5012")] and comparison.compared == 2
    comparison = compare_outputs(
        baseline, note("rows 10\nscore 0.98\n", "rows 10\nscore 0.98\n", "rows 10\nscore 0.5\n")
    )
    assert comparison.differences == [("2", "score 0.98", "score 0.5")]


def test_numbers_that_differ_by_less_than_the_tolerance_do_not_vary():
    baseline = note("score 0.980\n", "score 0.981\n")
    comparison = compare_outputs(baseline, note("score 0.50\n"))
    assert comparison.differences == [("1", "score 0.980", "score 0.50")]
    assert not compare_outputs(baseline, note("score 0.979\n", "score 0.982\n")).differences


def test_every_patched_run_is_compared_with_the_stock_script_and_not_only_with_the_first_patched_one():
    """Each of two numbers is within 1 % of the one before it, and the last is not within 1 % of the first."""
    patched = note("score 0.992\n", "score 0.985\n", "score 0.992\n")
    comparison = compare_outputs(note("score 1.000\n", "score 1.000\n"), patched)
    assert [difference[:2] for difference in comparison.differences] == [("1", "score 1.000")]


def test_a_missing_line_is_a_difference():
    assert compare_outputs(note("a 1\nb\n"), note("a 1\n")).differences == [("2", "b", "")]


def test_another_number_of_lines_in_some_patched_runs_is_a_difference():
    comparison = compare_outputs(note("a 1\n", "a 1\n"), note("a 1\n", "a 1\nwarning\n"))
    assert comparison.differences == [("", "1 line in every run", "1 to 2 lines")]
    assert comparison.compared == 2


@pytest.mark.parametrize(
    ("runs", "why_not"),
    [
        (("",), "prints nothing"),
        (("Loading…\n",), "prints no number"),
        (("Loading…\ntook 3 s\n",), "prints no number"),
        (("1\n", "2\n"), "every line with a number varies"),
        (("Loading…\nscore 0.9\n", "Loading…\nscore 0.8\n"), "every line with a number varies"),
        (("a\n", "a\na\n"), "number of lines"),
    ],
)
def test_output_that_cannot_be_compared_says_why(runs, why_not):
    comparison = compare_outputs(note(*runs), note(*runs))
    assert why_not in comparison.why_not


def test_words_that_differ_are_a_difference_also_without_a_number():
    comparison = compare_outputs(note("yes\n"), note("no\n"))
    assert comparison.differences == [("1", "yes", "no")] and not comparison.why_not


def test_it_survives_the_way_to_the_other_arm(tmp_path):
    output = note("a\nb 1\n", "a\nc 2\n")
    output.save(tmp_path)
    assert PrintedOutput.load(tmp_path) == output
