"""Values as text for pages."""

from __future__ import annotations

from datetime import datetime

from bench.formatting import format_ratio_with_interval
from bench.values import Interval
from ui.design.browser import detect_time_zone


def format_optional_ratio(ratio: float | None, low: float | None, high: float | None) -> str:
    """A ratio with its interval, '2.37x (2.31 to 2.44)'; empty if it is missing."""
    if ratio is None or low is None or high is None:
        return ""
    return format_ratio_with_interval(Interval(value=ratio, low=low, high=high))


def format_date_time(moment: datetime) -> str:
    """A date and time in the browser's time zone, '24 Nov 2025, 02:25'."""
    return f"{moment.astimezone(detect_time_zone()):%-d %b %Y, %H:%M}"
