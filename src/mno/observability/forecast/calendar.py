"""The calendar that people live by: hours of the week in their time zone, and public holidays of their country.

Holidays come from the package `holidays`; it is imported when a country is named, and one country takes
milliseconds.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from mno.platform.errors import Invalid

_HOURS_OF_WEEK = 168


@dataclass(frozen=True, slots=True)
class Calendar:
    """`country` is an ISO 3166 code of two letters, empty for no holidays."""

    zone: ZoneInfo
    country: str = ""

    def hours_of_week(self, start: datetime, hours: int) -> NDArray[np.int64]:
        """For each hour from `start` on: 0 is Monday 00:00 to 01:00 on the zone's clocks, 167 the last of Sunday."""
        days, clock = _local(self.zone, start, hours)
        # day 0 of the epoch, 1970-01-01, was a Thursday
        return (days + 3) % 7 * 24 + clock

    def holidays(self, start: datetime, hours: int) -> NDArray[np.bool_]:
        """Whether each hour from `start` on belongs to a public holiday."""
        if not self.country:
            return np.zeros(hours, dtype=bool)
        days, _ = _local(self.zone, start, hours)
        epoch = date(1970, 1, 1)
        first, last = int(days[0]), int(days[-1])
        known = holidays_of(self.country, range((epoch + timedelta(first)).year, (epoch + timedelta(last)).year + 1))
        free = np.array([epoch + timedelta(day) in known for day in range(first, last + 1)], dtype=bool)
        return free[days - first]


@lru_cache(maxsize=64)
def _local(zone: ZoneInfo, start: datetime, hours: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(days since 1970, hour of the day) on the zone's clocks; offsets are asked for once a day."""
    seconds = np.int64(start.timestamp()) + np.arange(hours, dtype=np.int64) * 3600
    offsets = np.empty(hours, dtype=np.int64)
    before = _offset(zone, int(seconds[0])) if hours else 0
    for first in range(0, hours, 24):
        last = min(first + 24, hours)
        after = _offset(zone, int(seconds[last - 1]))
        if before == after:
            offsets[first:last] = before
        else:
            offsets[first:last] = [_offset(zone, int(second)) for second in seconds[first:last]]
        before = after
    local = seconds + offsets
    return local // 86_400, local % 86_400 // 3600


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset() or timedelta(0)
    return int(offset.total_seconds())


def holidays_of(country: str, years: range) -> Set[date]:
    """Public holidays of a country; `Invalid` for a code that is not known."""
    return frozenset().union(*(_of_year(country, year) for year in years))


def known_country(code: str) -> bool:
    """Whether public holidays are known for an ISO 3166 code of two letters."""
    import holidays

    return code in holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=512)
def _of_year(country: str, year: int) -> frozenset[date]:
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        raise Invalid(
            f"No holidays are known for '{country[:10]}'; write an ISO 3166 code of two letters such as TW, or nothing."
        ) from None
