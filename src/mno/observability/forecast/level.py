"""The level of a series: what is left without its shape, in blocks of 24 hours and in logarithms.

It is smoothed exponentially, as quickly as would have forecast this very series best. What stands before a change of
level is brought to the level after it, and a trend goes on at half its slope and fades.
"""

from dataclasses import dataclass

import numpy as np

from mno.observability.forecast.model import Floats

#: How quickly the level may follow; the one with the smallest errors is taken.
_FOLLOWING = (0.08, 0.15, 0.25, 0.4, 0.6)
#: A trend loses this share of itself every day.
_FADING = 0.97


@dataclass(frozen=True, slots=True)
class Level:
    """The smoothed level in each block, and what follows from it. Logarithms throughout."""

    #: After each block; what the next is expected to be.
    expected: Floats
    #: A block's logarithm less what was expected of it.
    errors: Floats
    following: float
    slope: float
    spread: float
    #: What was added to each block to bring it to the level after a change.
    moved: Floats


def level_of(logs: Floats) -> Level:
    """The level of each block and how it goes on."""
    calm = _without_outliers(logs)
    moved = _steps(calm)
    steady = calm + moved
    slope = _slope(steady[-42:])
    best: tuple[float, Floats, Floats, float] | None = None
    for following in _FOLLOWING:
        expected, errors = _smoothed(steady, following, slope / 2)
        # how well a level serves a week ahead matters as much as tomorrow
        later = steady[7:] - expected[:-7] if len(steady) > 14 else errors
        cost = float(np.mean(np.abs(errors[3:]))) + float(np.mean(np.abs(later))) if len(errors) > 3 else 0.0
        if best is None or cost < best[3]:
            best = following, expected, errors, cost
    assert best is not None
    following, expected, errors, _ = best
    return Level(expected, errors, following, slope, spread_of(errors[-56:]), moved)


def _smoothed(logs: Floats, following: float, drift: float) -> tuple[Floats, Floats]:
    expected, errors = np.empty(len(logs)), np.empty(len(logs))
    level = float(np.median(logs[:5]))
    for block, value in enumerate(logs):
        errors[block] = value - level
        # the first blocks set the level as a mean would
        level += max(following, 1.0 / (block + 1) if block < 5 else 0.0) * errors[block] + drift
        expected[block] = level
    return expected, errors


def _without_outliers(logs: Floats) -> Floats:
    """Single blocks far from both neighbours' median are brought in: a spike is no level."""
    if len(logs) < 7:
        return logs
    padded = np.concatenate([logs[:3][::-1], logs, logs[-3:][::-1]])
    medians = np.median(np.lib.stride_tricks.sliding_window_view(padded, 7), axis=1)
    bound = 4.0 * spread_of(logs - medians)
    calm: Floats = medians + np.clip(logs - medians, -bound, bound)
    return calm


def _steps(logs: Floats) -> Floats:
    """What brings the blocks before a change of level to the level after it."""
    moved = np.zeros(len(logs))
    for _ in range(3):
        found = _step(logs + moved)
        if found is None:
            break
        at, size = found
        moved[:at] += size
    return moved


def _step(logs: Floats) -> tuple[int, float] | None:
    """(first block after it, its size) of the clearest change of level."""
    spread = max(spread_of(np.diff(logs)) / np.sqrt(2), 0.02)
    best: tuple[int, float, float] | None = None
    for at in range(5, len(logs) - 1):
        before, after = logs[max(0, at - 10) : at], logs[at : at + 10]
        size = float(np.median(after) - np.median(before))
        error = spread * np.sqrt(1.6 / len(before) + 1.6 / len(after))
        clear = abs(size) / error
        if clear > 5.0 and abs(size) > 0.2 and (best is None or clear > best[2]):
            best = at, size, clear
    return (best[0], best[1]) if best else None


def _slope(logs: Floats) -> float:
    """The trend a block (Theil-Sen), or 0 while there are too few, and no more than 2 % a day."""
    if len(logs) < 14:
        return 0.0
    first, second = np.triu_indices(len(logs), 7)
    slopes = (logs[second] - logs[first]) / (second - first)
    return float(np.clip(np.median(slopes), -0.02, 0.02))


def spread_of(errors: Floats) -> float:
    """A robust standard deviation: half from the quartiles, half from the errors within four of them."""
    if len(errors) == 0:
        return 0.1
    quartiles = float(np.median(np.abs(errors - np.median(errors)))) * 1.4826
    near = errors[np.abs(errors) <= 4 * quartiles + 1e-9]
    return max(0.5 * quartiles + 0.5 * float(np.std(near)) if len(near) else quartiles, 0.01)


def drift(slope: float, days: int) -> Floats:
    """What half the trend, fading, adds to the level in each coming block."""
    drifts: Floats = slope / 2 * np.cumsum(_FADING ** np.arange(days))
    return drifts
