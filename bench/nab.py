"""The Numenta Anomaly Benchmark: reads its published layout, runs a detector over every file, and scores it.

The scoring is that of A. Lavin and S. Ahmad, "Evaluating Real-Time Anomaly Detection Algorithms: the Numenta Anomaly
Benchmark", 2015, section II, as the benchmark's version 1.1 applies it:

- A labelled window is worth what its earliest detection is worth: a sigmoid from +1 at its left edge to 0 at its
  right one. A window without a detection costs the profile's weight of false negatives.
- Every detection outside costs by the same sigmoid of its distance behind the window before it, in widths of that
  window: next to nothing just behind it, the full weight of false positives from three widths on or before any.
- The first 15 % of a file (of 5,000 rows at most) are probation: nothing there counts.
- One threshold serves all files, the one that scores best; 0 is what a silent detector gets, 100 a perfect one.

The product's detection wants a week of hours, and these files are two weeks of five minutes. So `row_scores` asks the
same question of rows: how far are one row, and the means of several, from what this time of day usually has, in
multiples of how far they usually are.
"""

import csv
import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

PROBATION, PROBATION_ROWS = 0.15, 5_000
#: (row of a detector's score, worth of a detection there, window or None)
Point = tuple[float, float, str | None]


@dataclass(frozen=True)
class Profile:
    """What kinds of mistakes cost."""

    name: str
    true_positive: float
    false_positive: float
    false_negative: float


PROFILES = (
    Profile("standard", 1.0, 0.11, 1.0),
    Profile("low false positives", 1.0, 0.22, 1.0),
    Profile("low false negatives", 1.0, 0.11, 2.0),
)


@dataclass(frozen=True)
class Labelled:
    """One file: its times, its values, and its windows as (first row, last row)."""

    name: str
    times: list[datetime]
    values: np.ndarray
    windows: list[tuple[int, int]]


def read(folder: Path) -> list[Labelled]:
    """Every file under `data/` that `labels/combined_windows.json` names."""
    labels: dict[str, list[list[str]]] = json.loads((folder / "labels" / "combined_windows.json").read_text())
    return [_read_one(folder / "data" / name, name, windows) for name, windows in sorted(labels.items())]


def _read_one(file: Path, name: str, windows: list[list[str]]) -> Labelled:
    with file.open(newline="") as lines:
        rows = [(datetime.fromisoformat(row["timestamp"]), float(row["value"])) for row in csv.DictReader(lines)]
    times = [time for time, _ in rows]
    bounds = [(datetime.fromisoformat(first), datetime.fromisoformat(last)) for first, last in windows]
    within = [[n for n, time in enumerate(times) if first <= time <= last] for first, last in bounds]
    return Labelled(name, times, np.array([value for _, value in rows]), [(one[0], one[-1]) for one in within if one])


def worth(position: float) -> float:
    """The scaled sigmoid: -1 is a window's left edge, 0 its right one; 3 and more is far behind it."""
    return -1.0 if position >= 3.0 else 2.0 / (1.0 + math.exp(5.0 * position)) - 1.0


def points(file: Labelled, scores: np.ndarray, profile: Profile) -> list[Point]:
    """Every row after probation with what a detection there is worth."""
    probation = min(math.floor(PROBATION * len(scores)), PROBATION * PROBATION_ROWS)
    found: list[Point] = []
    for row, score in enumerate(scores):
        if row < probation:
            continue
        window = next(((first, last) for first, last in file.windows if first <= row <= last), None)
        if window:
            width = window[1] - window[0] + 1
            value = worth(-(window[1] - row + 1) / width) / worth(-1.0) * profile.true_positive
            found.append((float(score), value, f"{file.name} {window[0]}"))
        else:
            behind = [(first, last) for first, last in file.windows if last < row]
            position = (row - behind[-1][1]) / max(behind[-1][1] - behind[-1][0], 1e-9) if behind else 3.0
            found.append((float(score), worth(position) * profile.false_positive, None))
    return found


def best(all_points: list[Point], profile: Profile) -> tuple[float, float]:
    """(normalised score, threshold) of the threshold that scores best."""
    windows = {window: -profile.false_negative for _, _, window in all_points if window}
    null = sum(windows.values())
    perfect = profile.true_positive * len(windows)
    outside, highest, at = 0.0, null, 1.1
    ordered = sorted(all_points, key=lambda point: -point[0])
    for place, (score, value, window) in enumerate(ordered):
        if window is None:
            outside += value
        else:
            windows[window] = max(windows[window], value)
        if place + 1 == len(ordered) or ordered[place + 1][0] != score:
            total = outside + sum(windows.values())
            if total > highest:
                highest, at = total, score
    return 100.0 * (highest - null) / (perfect - null), at


def row_scores(times: list[datetime], values: np.ndarray) -> np.ndarray:
    """A score from 0 to 1 for each row, from the rows before it alone."""
    step_s = float(np.median(np.diff([time.timestamp() for time in times]))) if len(times) > 1 else 300.0
    per_day = max(4, round(86_400 / max(step_s, 1.0)))
    turn = max(1, per_day // 8)
    scores = np.zeros(len(values))
    for first in range(min(per_day // 2, len(values)), len(values), turn):
        last = min(first + turn, len(values))
        scores[first:last] = _turn(values[:last], last - first, per_day)
    calm = scores.copy()
    for row in range(1, len(scores)):
        # one detection is enough; the rows after it say nothing new unless they are farther still
        if scores[row] <= scores[max(0, row - turn) : row].max():
            calm[row] *= 0.5
    return 1.0 - np.exp2(-calm)


def _turn(values: np.ndarray, fresh: int, per_day: int) -> np.ndarray:
    kept = values[-(7 * per_day + fresh) :]
    past = len(kept) - fresh
    expected = np.full(len(kept), np.median(kept[max(0, past - per_day) : past]))
    if past >= 3 * per_day:
        clock = np.arange(len(kept)) % per_day
        usual = np.array([np.median(kept[:past][clock[:past] == one]) for one in range(per_day)])
        level = np.median((kept[:past] - usual[clock[:past]])[-per_day // 2 :])
        seasonal = usual[clock] + level
        if np.abs(kept[:past] - seasonal[:past]).mean() < 0.9 * np.abs(kept[:past] - expected[:past]).mean():
            expected = seasonal
    away = kept - expected
    best_of = np.zeros(fresh)
    for rows, far in ((1, 6.0), (max(2, per_day // 48), 5.0), (max(3, per_day // 12), 4.5)):
        summed = np.concatenate([[0.0], np.cumsum(away)])
        ends = np.arange(1, len(away) + 1)
        starts = np.maximum(ends - rows, 0)
        means = (summed[ends] - summed[starts]) / (ends - starts)
        usual_means = np.abs(means[:past])
        floor = 0.01 * (float(np.ptp(kept[:past])) + 1e-9)
        scale = max(float(np.median(usual_means)) * 1.4826, float(np.quantile(usual_means, 0.98)) / 2.33, floor)
        best_of = np.maximum(best_of, np.abs(means[past:]) / (scale * far))
    return best_of


def run(folder: Path) -> dict[str, Any]:
    """The three scores of a folder, and of how much they were made."""
    files = read(folder)
    scores = [row_scores(file.times, file.values) for file in files]
    found: dict[str, Any] = {"files": len(files), "windows": sum(len(file.windows) for file in files)}
    for profile in PROFILES:
        every = [point for file, one in zip(files, scores, strict=True) for point in points(file, one, profile)]
        found[profile.name], _ = best(every, profile)
    return found
