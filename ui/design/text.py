"""Values as text for pages."""

from __future__ import annotations

from datetime import datetime

from ui.design.browser import detect_time_zone


def format_date_time(moment: datetime) -> str:
    """A date and time in the browser's time zone, '24 Nov 2025, 02:25'."""
    return f"{moment.astimezone(detect_time_zone()):%-d %b %Y, %H:%M}"
