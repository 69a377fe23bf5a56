"""Numbers in explanations are those of the code. The module imports no scipy, so it cannot format them itself."""

from __future__ import annotations

import pytest

from bench.claims import best_core_counts, interruption, processor_time, quality
from bench.formatting import format_percent
from bench.paths import ROOT
from bench.run.outcome import MIN_PAIRS
from bench.stats import comparison, ratio, significance, warmup
from bench.stats.explanations import EXPLANATIONS
from bench.stats.simulation import STEPS

WORDS = {3: "three", 5: "five"}


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("Warm-up", f"is more than {format_percent(warmup.MAX_IMPROVEMENT_SHARE, 0)} faster"),
        ("Median and quartiles", f"{comparison.FENCE_FACTOR} interquartile ranges"),
        ("Percentiles", f"from {comparison.MIN_P90_SAMPLES} samples on and the 99th from {comparison.MIN_P99_SAMPLES}"),
        ("Interval of the ratio", f"{format_percent(significance.CONFIDENCE, 0)} confidence"),
        ("Interval of the ratio", f"{WORDS[ratio.BLOCKS]} blocks"),
        ("Interval of the ratio", f"{format_percent(ratio.LAUNCH_SD, 0)} for the difference"),
        ("Interval of the ratio", f"Below {ratio.MIN_LONG_PAIRS} pairs, {format_percent(ratio.SHORT_RACE_SD, 0)} are"),
        ("No difference detected", f"p is {significance.SIGNIFICANCE:g} or more"),
        ("p", f"of {STEPS} steps"),
    ],
)
def test_the_explanations_have_the_numbers_of_the_code(term, words):
    assert words in dict(EXPLANATIONS)[term]


@pytest.mark.parametrize(
    "words",
    [
        f"in more than {format_percent(processor_time.MAX_WAIT_SHARE, 0)} of the time in which its threads could run",
        f"differs by more than {format_percent(processor_time.MAX_RATIO_CHANGE - 1, 0)} from the measured one",
        f"Between {100 * processor_time.MAX_QUIET_WAIT_SHARE:.0f} and {100 * processor_time.MAX_WAIT_SHARE:.0f} % it",
        f"ran in more than {format_percent(interruption.MAX_PAUSE_SHARE, 0)} of its time",
        f"changed by more than {format_percent(best_core_counts.MAX_CHANGE - 1, 0)}",
        f"Fewer than {quality.MIN_OBSERVATIONS} scores",
        f"it needs {MIN_PAIRS} rounds",
        f"up to {format_percent(ratio.SHORT_RACE_SD, 0)} for slow phases in races of fewer than {ratio.MIN_LONG_PAIRS}",
    ],
)
def test_the_documentation_has_the_numbers_of_the_code(words):
    assert words in " ".join((ROOT / "docs" / "measuring.md").read_text().split())
