"""Synthetic hourly spend, for measuring forecasts and anomaly detection where no real series can be published.

Nothing here was recorded anywhere. A scope is made of what real spend is made of, each part drawn from the seed:

- a level, in USD an hour, log-normal between scopes (a few cents to some ten dollars);
- a daily profile: office hours of the scope's time zone, or a flat service, or a nightly batch;
- a weekly profile: weekends at 15 to 100 % of a weekday, and each weekday a little different;
- a trend of -2 to +5 % a week, which begins and ends;
- public holidays of one country (or none), at which office-like scopes fall to their weekend;
- none to two changes of level in the whole range, by -45 to +90 %, at moments that nothing announces;
- noise: a slow part that carries over from hour to hour and from day to day, a quick one, and now and then an hour
  that is several times as dear. Quiet scopes make so few calls that some hours are empty.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.model import Floats, Series

#: Where scopes are at home: the time zone of their people and the country of their holidays.
HOMES = (
    ("America/New_York", "US"),
    ("Europe/Berlin", "DE"),
    ("Asia/Taipei", "TW"),
    ("Asia/Shanghai", "CN"),
    ("UTC", ""),
)
#: A stretch with many public holidays in every one of these countries.
START = datetime(2025, 11, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Synthetic:
    """One scope: its series and the calendar that its people live by."""

    series: Series
    calendar: Calendar


def scopes(
    seed: int, *, count: int = 30, weeks: int = 12, start: datetime = START, calm: bool = False
) -> list[Synthetic]:
    """`count` scopes of `weeks` weeks of hours; the same seed gives the same figures.

    `calm` ones have no changes of level and no dear hours: what an alarm would rightly tell of.
    """
    return [_scope(np.random.default_rng((seed, number)), number, weeks, start, calm) for number in range(count)]


def _scope(rng: np.random.Generator, number: int, weeks: int, start: datetime, calm: bool) -> Synthetic:
    zone, country = HOMES[number % len(HOMES)]
    calendar = Calendar(ZoneInfo(zone), country)
    hours = weeks * 7 * 24
    hour_of_week = calendar.hours_of_week(start, hours)
    away = calendar.holidays(start, hours)
    kind = ("office", "office", "flat", "batch")[int(rng.integers(4))]
    days = _weekly(rng, kind)
    day_of_week = np.where(away & (kind != "flat"), 6, hour_of_week // 24)
    shape = _daily(rng, kind)[hour_of_week % 24] * days[day_of_week]
    level = float(np.exp(rng.normal(0.0, 1.3)))
    steps = _steps(rng, hours)
    expected = level * shape * _trend(rng, hours) * (1.0 if calm else steps)
    values = expected * _noise(rng, hours, 0.0 if calm else 0.003)
    if number % 10 == 9:
        calls = rng.poisson(np.maximum(expected / level * 4.0, 0.0))
        values = np.asarray(calls * level / 4.0 * np.exp(rng.normal(0.0, 0.4, hours)), dtype=np.float64)
    return Synthetic(Series(f"synthetic {number:02d} {kind}", start, values), calendar)


def _daily(rng: np.random.Generator, kind: str) -> Floats:
    hours = np.arange(24)
    if kind == "flat":
        swing = np.cos((hours - rng.uniform(10, 20)) / 24 * 2 * np.pi)
        return np.asarray(1.0 + rng.uniform(0.05, 0.35) * swing, dtype=np.float64)
    if kind == "batch":
        profile = np.full(24, rng.uniform(0.2, 0.5))
        first = int(rng.integers(0, 5))
        profile[first : first + int(rng.integers(2, 5))] += rng.uniform(1.5, 4.0)
        return profile
    rising, falling = rng.uniform(7.5, 9.5), rng.uniform(16.5, 20.0)
    day = 1 / (1 + np.exp(-(hours - rising) * 1.6)) - 1 / (1 + np.exp(-(hours - falling) * 1.2))
    lunch = 1 - rng.uniform(0.0, 0.3) * np.exp(-((hours - 12.5) ** 2))
    busy: Floats = np.asarray(day * lunch * rng.uniform(1.2, 2.2), dtype=np.float64)
    return rng.uniform(0.05, 0.3) + busy


def _weekly(rng: np.random.Generator, kind: str) -> Floats:
    days = np.exp(rng.normal(0.0, 0.07, 7))
    days[5:] *= rng.uniform(0.8, 1.0) if kind == "flat" else rng.uniform(0.15, 0.7)
    return days


def _trend(rng: np.random.Generator, hours: int) -> Floats:
    a_week = rng.uniform(-0.02, 0.05)
    begins, ends = sorted(rng.uniform(-0.3, 1.3, 2) * hours)
    grown = np.clip(np.arange(hours), begins, ends) - max(begins, 0)
    trend: Floats = np.exp(np.log1p(a_week) * grown / 168)
    return trend


def _steps(rng: np.random.Generator, hours: int) -> Floats:
    level = np.ones(hours)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.45, 0.4, 0.15]))):
        level[int(rng.integers(hours // 10, hours)) :] *= rng.uniform(0.55, 1.9)
    return level


def _noise(rng: np.random.Generator, hours: int, dear: float) -> Floats:
    slow = _carried(rng, hours, carry=0.97, spread=rng.uniform(0.04, 0.12))
    quick = rng.normal(0.0, rng.uniform(0.08, 0.3), hours)
    bursts = np.where(rng.random(hours) < dear, rng.uniform(2.0, 5.0, hours), 1.0)
    return np.exp(slow + quick) * bursts


def _carried(rng: np.random.Generator, hours: int, *, carry: float, spread: float) -> Floats:
    """A slow wandering around zero with a standard deviation of `spread`."""
    steps = rng.normal(0.0, spread * np.sqrt(1 - carry**2), hours)
    wander = np.empty(hours)
    value = rng.normal(0.0, spread)
    for hour in range(hours):
        value = carry * value + steps[hour]
        wander[hour] = value
    return wander
