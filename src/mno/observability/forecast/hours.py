"""Hourly series out of the answers of the usage tables: one value for each hour of a range, 0 where there is none."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mno.observability.forecast.model import HOUR, Floats
from mno.platform.time_range import TimeRange


def whole_hour(moment: datetime) -> datetime:
    """The start of the hour in UTC that a moment lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hours_back(end: datetime, hours: int) -> TimeRange:
    """The hours before `end`, which is a whole hour."""
    return TimeRange(end - timedelta(hours=hours), end)


def hourly(table: pa.Table, window: TimeRange, columns: Sequence[str]) -> Floats:
    """The sum of `columns` in each hour of a range of whole hours; null counts as 0."""
    values = np.zeros(int((window.end - window.start).total_seconds()) // HOUR)
    if table.num_rows:
        places = (table["bucket"].cast(pa.int64()).to_numpy() - int(window.start.timestamp())) // HOUR
        inside = (places >= 0) & (places < len(values))
        for column in columns:
            found = pc.fill_null(table[column].cast(pa.float64()), 0.0).to_numpy()
            np.add.at(values, places[inside], found[inside])
    return values
