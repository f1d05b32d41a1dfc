"""The Numenta Anomaly Benchmark's scoring, against figures worked out by hand."""

import importlib.util
import json
import subprocess
import sys
from datetime import datetime, timedelta
from math import exp
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def nab() -> ModuleType:
    """bench/nab.py, which is a script beside the package."""
    spec = importlib.util.spec_from_file_location("nab", ROOT / "bench" / "nab.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["nab"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty rows, one window of five (rows 10 to 14); the first three rows are probation."""
    (tmp_path / "data" / "art").mkdir(parents=True)
    (tmp_path / "labels").mkdir()
    start = datetime(2015, 1, 1)  # noqa: DTZ001 - the benchmark's times have no zone
    times = [start + timedelta(minutes=5 * row) for row in range(20)]
    lines = [f"{time:%Y-%m-%d %H:%M:%S},{100 if row == 11 else 1}" for row, time in enumerate(times)]
    (tmp_path / "data" / "art" / "one.csv").write_text("\n".join(["timestamp,value", *lines]) + "\n")
    window = [f"{times[row]:%Y-%m-%d %H:%M:%S}.000000" for row in (10, 14)]
    (tmp_path / "labels" / "combined_windows.json").write_text(json.dumps({"art/one.csv": [window]}))
    return tmp_path


def sigmoid(position: float) -> float:
    return 2 / (1 + exp(5 * position)) - 1


def scores_at(*rows: int) -> np.ndarray:
    scores = np.zeros(20)
    scores[list(rows)] = 0.9
    return scores


def test_the_published_sigmoid_goes_through_its_published_points(nab: ModuleType) -> None:
    assert nab.worth(-1.0) == pytest.approx(0.98661, abs=1e-5)
    assert nab.worth(-0.5) == pytest.approx(0.84828, abs=1e-5)
    assert nab.worth(0.0) == 0.0
    assert nab.worth(1.0) == pytest.approx(-0.98661, abs=1e-5)
    assert nab.worth(3.0) == -1.0


def test_a_detection_at_the_left_edge_is_perfect_and_silence_is_nothing(nab: ModuleType, folder: Path) -> None:
    [file] = nab.read(folder)
    assert file.windows == [(10, 14)]
    for profile in nab.PROFILES:
        assert nab.best(nab.points(file, scores_at(10), profile), profile)[0] == pytest.approx(100.0)
        assert nab.best(nab.points(file, scores_at(), profile), profile)[0] >= 0.0


def test_late_and_false_detections_cost_what_was_worked_out_by_hand(nab: ModuleType, folder: Path) -> None:
    [file] = nab.read(folder)
    # row 12 stands 3 of 5 rows before the end: worth(-0.6) / worth(-1); row 5 is before any window: -1;
    # row 16 is 2 rows behind a window that is 4 rows from edge to edge: worth(0.5)
    inside, before, behind = sigmoid(-0.6) / sigmoid(-1.0), -1.0, sigmoid(0.5)
    standard, low_fp, low_fn = nab.PROFILES
    for profile, weight, missed in ((standard, 0.11, 1.0), (low_fp, 0.22, 1.0), (low_fn, 0.11, 2.0)):
        by_hand = inside + weight * (before + behind)
        expected = 100 * (by_hand + missed) / (1 + missed)
        found, threshold = nab.best(nab.points(file, scores_at(12, 5, 16), profile), profile)
        assert threshold == 0.9
        assert found == pytest.approx(expected)


def test_only_the_earliest_detection_of_a_window_counts_and_none_in_probation(nab: ModuleType, folder: Path) -> None:
    [file] = nab.read(folder)
    profile = nab.PROFILES[0]
    alone = nab.best(nab.points(file, scores_at(11), profile), profile)[0]
    assert nab.best(nab.points(file, scores_at(11, 12, 14), profile), profile)[0] == pytest.approx(alone)
    assert nab.best(nab.points(file, scores_at(0, 1, 2, 11), profile), profile)[0] == pytest.approx(alone)


def test_the_program_prints_three_scores_of_a_folder(folder: Path) -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "bench" / "anomalies.py", "--nab", folder, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(ran.stdout)
    assert (printed["files"], printed["windows"]) == (1, 1)
    assert set(printed) == {"files", "windows", "standard", "low false positives", "low false negatives"}


def test_a_step_in_a_steady_series_is_seen_at_once(nab: ModuleType) -> None:
    rng = np.random.default_rng(3)
    times = [datetime(2015, 1, 1) + timedelta(minutes=5 * row) for row in range(2000)]  # noqa: DTZ001
    values = rng.normal(10, 1, 2000)
    values[1500:] += 12
    over = np.flatnonzero(nab.row_scores(times, values) > 0.5)
    assert 1500 <= int(over[0]) <= 1503
