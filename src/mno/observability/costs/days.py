"""Ranges of time as people call them: yesterday, this month. Pure."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from mno.platform.time_range import TimeRange


class Days(StrEnum):
    """Whole days of a time zone; what is not over ends now."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    LAST_7_DAYS = "last_7_days"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"


def range_of(days: Days, zone: ZoneInfo, now: datetime) -> TimeRange:
    """The last seven days are those before today."""
    today = now.astimezone(zone).date()
    month = today.replace(day=1)
    match days:
        case Days.TODAY:
            first, last = today, None
        case Days.YESTERDAY:
            first, last = today - timedelta(days=1), today
        case Days.LAST_7_DAYS:
            first, last = today - timedelta(days=7), today
        case Days.THIS_MONTH:
            first, last = month, None
        case Days.LAST_MONTH:
            first, last = (month - timedelta(days=1)).replace(day=1), month
    start = datetime.combine(first, time(), zone).astimezone(UTC)
    end = now if last is None else datetime.combine(last, time(), zone).astimezone(UTC)
    return TimeRange(start, max(end, start + timedelta(microseconds=1)))
