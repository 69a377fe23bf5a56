"""Percentages have one style, that of `format_percent`: with a space before the sign."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PERCENT_FORMAT = re.compile(r":[+.,0-9]*%}")
"""A format of Python or Plotly that multiplies by 100 and appends the sign without a space."""


def test_percentages_are_formatted_by_one_function():
    files = [file for folder in ("bench", "ui", "workloads", "pages") for file in (ROOT / folder).rglob("*.py")]
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if PERCENT_FORMAT.search(line)
    ]
    assert len(files) > 300 and not found, f"Use bench.formatting.format_percent: {', '.join(found)}"
