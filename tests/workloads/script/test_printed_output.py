"""Which lines of a script's output are compared, and which count as equal."""

import pytest

from workloads.script import printed_output
from workloads.script.printed_output import (
    COMPARED_END_BYTES,
    LeftOut,
    PrintedOutput,
    are_equal_lines,
    compare_outputs,
    make_left_out_note,
)
from workloads.script.script_process import KeptOutput


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


def print_much(middle: str, head: str = "first 1", tail: str = "last 2", end_bytes: int = 100) -> PrintedOutput:
    """The output of a run whose middle was left out, in the middle of two lines."""
    kept = KeptOutput(end_bytes)
    kept.add(f"{head}\n{'-' * end_bytes}{middle}{'-' * end_bytes}\n{tail}\n".encode())
    assert kept.left_out
    output = PrintedOutput()
    output.add(kept.text, kept.left_out)
    return output


def test_output_without_a_limit_to_its_size_is_compared_line_by_line():
    """15,000 lines, 4,000 in the middle differ."""
    lines = [f"row {number} score 0.{number:05}" for number in range(15_000)]
    other = [f"{line} wrong" if 5_000 <= number < 9_000 else line for number, line in enumerate(lines)]
    outputs: list[PrintedOutput] = []
    for texts in (lines, other):
        kept = KeptOutput(COMPARED_END_BYTES)
        kept.add("\n".join(texts).encode())
        outputs.append(note(kept.text))
    comparison = compare_outputs(*outputs)
    assert comparison.compared == 15_000 and len(comparison.differences) == 4_000


def test_the_middle_of_very_long_output_must_be_exactly_the_same():
    same = compare_outputs(print_much("x 0.5" * 100), print_much("x 0.5" * 100))
    assert not same.why_not and not same.differences and same.compared == 3
    comparison = compare_outputs(print_much("x 0.5" * 100), print_much("x 0.6" * 110))
    assert comparison.why_not.startswith("the middle of the long output, 702 B and 752 B in the two arms, is not")
    assert not comparison.differences and "print less" in comparison.remedy


def test_the_lines_that_are_cut_belong_to_the_middle():
    outputs: list[PrintedOutput] = []
    for score in (0.9, 0.8):
        output = PrintedOutput()
        output.add(f"first 1\nscore {score}\n{make_left_out_note(1_000)}\nrest\nlast 2\n", LeftOut(1_000, "digest"))
        outputs.append(output)
    comparison = compare_outputs(*outputs)
    assert not comparison.differences and "is not the same in every run" in comparison.why_not


def test_lines_beyond_the_limit_must_be_exactly_the_same(monkeypatch):
    monkeypatch.setattr(printed_output, "MAX_COMPARED_LINES", 4)
    one, other = (f"a 1\nb 2\n{middle}\nd 4\ne 5\n" for middle in ("c 3.000\nc 3", "c 3.001\nc 3"))
    assert "is not the same in every run" in compare_outputs(note(one), note(other)).why_not
    assert "is not the same in every run" in compare_outputs(note(one, other), note(one, other)).why_not
    same = compare_outputs(note(one, one), note(one, one))
    assert not same.why_not and same.compared == 5
    assert compare_outputs(note(one), note(other.replace("e 5", "e 6"))).differences == [("5", "e 5", "e 6")]


def test_the_size_of_output_that_was_left_out_is_no_number_of_the_script():
    outputs = [print_much("x" * 900, head="first", tail="last") for _ in range(2)]
    assert compare_outputs(*outputs).why_not == "the script prints no number, apart from times"


def test_a_script_that_prints_a_note_of_its_own_has_all_lines_compared():
    text = f"a 1\nscore %s\n{make_left_out_note(3_000_000)}\nb 2\n"
    comparison = compare_outputs(note(text % 0.9), note(text % 0.8))
    assert comparison.differences == [("2", "score 0.9", "score 0.8")]


def test_it_survives_the_way_to_the_other_arm_with_its_middle(tmp_path):
    output = print_much("x" * 900)
    output.save(tmp_path)
    assert PrintedOutput.load(tmp_path) == output
