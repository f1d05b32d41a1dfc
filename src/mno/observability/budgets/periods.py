"""When periods begin and end: calendar ones by the clock on the team's wall, rolling ones by whole parts.

Pure rules. A calendar period begins at the first instant whose local time is its first; where the clock leaps over
that (a zone that moves it at midnight) it begins with the leap, and an hour that comes twice is two periods.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mno.observability.budgets.model import ROLLING_PARTS, Cycle, Period, Window

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)


def window_at(period: Period, zone: ZoneInfo, at: datetime) -> Window:
    """The window that a call at this moment belongs to; all its times are UTC."""
    if period.cycle is Cycle.ROLLING:
        return _rolling(period.rolling_s, at)
    if period.cycle is Cycle.HOUR:
        start, end = _hour(zone, at)
    else:
        first, following = _days(period.cycle, at.astimezone(zone).date())
        start, end = _midnight(zone, first), _midnight(zone, following)
    return Window(head=start, part=start, since=start, until=end, resets_at=end)


def part_s(rolling_s: int) -> int:
    """The length of one part of a rolling window: whole minutes."""
    return max(60, -(-rolling_s // ROLLING_PARTS // 60) * 60)


def _rolling(rolling_s: int, at: datetime) -> Window:
    length = part_s(rolling_s)
    now_s = (at - EPOCH) // timedelta(seconds=1)
    part = now_s // length * length
    since = (now_s - rolling_s) // length * length
    leaves = since + length + rolling_s
    return Window(EPOCH, _at(part), _at(since), _at(min(part + length, leaves)), _at(leaves))


def _days(cycle: Cycle, day: date) -> tuple[date, date]:
    """The first day of the period, and of the one after. Weeks begin on Monday."""
    match cycle:
        case Cycle.WEEK:
            first = day - timedelta(days=day.weekday())
            return first, first + timedelta(days=7)
        case Cycle.MONTH:
            first = day.replace(day=1)
            return first, (first + timedelta(days=32)).replace(day=1)
        case _:
            return day, day + timedelta(days=1)


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    """The first instant of a local day. The first of two midnights; the leap where the clock leaps over it."""
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def _hour(zone: ZoneInfo, at: datetime) -> tuple[datetime, datetime]:
    start = _hour_start(zone, at)
    later = start + _HOUR
    while (end := _hour_start(zone, later)) == start:  # an hour that the clock makes longer
        later += _QUARTER
    return start, end


def _hour_start(zone: ZoneInfo, at: datetime) -> datetime:
    local = at.astimezone(zone)
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def _at(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=seconds)
