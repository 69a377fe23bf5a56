"""Texts of errors."""

from typing import Any

from workloads.modin.engines.errors import summarize_error


def test_a_summary_is_the_first_line_of_the_error_or_of_its_cause():
    error: Any = RuntimeError("\x1b[36mray::work()\x1b[39m\n  many\n  lines")
    error.cause = ValueError("no number\nat all")
    assert summarize_error(error) == "no number"
    assert summarize_error(AssertionError()) == "AssertionError"
