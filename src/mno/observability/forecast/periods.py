"""Periods of a calendar: the month that a moment lies in, on the clocks of a time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from mno.platform.time_range import TimeRange


def month_around(moment: datetime, zone: ZoneInfo) -> TimeRange:
    """From the first midnight of the month to the first of the next."""
    local = moment.astimezone(zone)
    first = datetime(local.year, local.month, 1, tzinfo=zone)
    following = datetime(local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=zone)
    return TimeRange(first.astimezone(UTC), following.astimezone(UTC))


def month_before(moment: datetime, zone: ZoneInfo) -> TimeRange:
    """The whole month before the one that a moment lies in."""
    this = month_around(moment, zone)
    local = this.start.astimezone(zone)
    first = datetime(local.year - (local.month == 1), (local.month - 2) % 12 + 1, 1, tzinfo=zone)
    return TimeRange(first.astimezone(UTC), this.start)
