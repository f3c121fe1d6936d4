"""DICOM dates (YYYYMMDD) moved by whole days, so that intervals stay and the calendar does not."""

from __future__ import annotations

import datetime
import re

DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})", re.ASCII)


def shift_date(text: str, days: int) -> str:
    """The date `days` later, as YYYYMMDD; an empty text where `text` does not begin with a date.

    Of a date with a time (DICOM's DT) the date alone is kept. The old form with points is read, too.
    """
    match = DATE.match(text)
    if match is None:
        return ""
    try:
        moved = datetime.date(*(int(part) for part in match.groups())) + datetime.timedelta(days=days)
    except (ValueError, OverflowError):
        return ""
    return f"{moved.year:04}{moved.month:02}{moved.day:02}"
