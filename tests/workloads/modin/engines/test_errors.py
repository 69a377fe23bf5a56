"""TODO: tests.workloads.modin.engines.test_errors."""

from workloads.modin.engines.errors import summarize_error


def test_what_a_call_says_is_its_first_line_or_that_of_its_cause():
    brought = RuntimeError("\x1b[36mray::work()\x1b[39m\n  many\n  lines")
    brought.cause = ValueError("no number\nat all")
    assert summarize_error(brought) == "no number"
    assert summarize_error(AssertionError()) == "AssertionError"
