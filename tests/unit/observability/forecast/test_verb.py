"""`mno forecast backtest`, on the synthetic set and on a file."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mno.entry.cli.verbs import app
from mno.platform.errors import Invalid


def a_file(folder: Path, days: int) -> Path:
    """An hour of 3 USD by day and 1 by night, with a little noise."""
    file = folder / "spend.csv"
    start, rng = datetime(2026, 1, 1, tzinfo=UTC), np.random.default_rng(1)
    rows = [
        f"{(start + timedelta(hours=hour)).isoformat()},{(3 if 8 <= hour % 24 < 18 else 1) * rng.uniform(0.9, 1.1)}"
        for hour in range(days * 24)
    ]
    file.write_text("\n".join(["timestamp,value", *rows]) + "\n")
    return file


def test_a_file_of_real_series_is_backtested_with_the_library_named(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["forecast", "backtest", "--csv", str(a_file(tmp_path, 40))])
    assert ran.exit_code == 0, ran.output
    for said in ("MASE (seasonal-naive)", "within 80 % and 95 %", "library", "numpy", "over 1 series"):
        assert said in ran.output


def test_scripts_get_the_figures_as_json(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["forecast", "backtest", "--csv", str(a_file(tmp_path, 40)), "--json"])
    figures = json.loads(ran.output)
    assert figures["forecasts"] >= 4
    assert 0 < figures["mase"] < 1
    assert 0 <= figures["total_80"] <= 100


def test_a_file_that_is_too_short_is_refused_with_its_reason(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["forecast", "backtest", "--csv", str(a_file(tmp_path, 20))])
    assert isinstance(ran.exception, Invalid)
    assert "four weeks" in str(ran.exception)


@pytest.mark.slow
def test_without_a_file_the_synthetic_series_stand_in() -> None:
    ran = CliRunner().invoke(app, ["forecast", "backtest", "--seed", "5"])
    assert ran.exit_code == 0, ran.output
    assert "synthetic series, seed 5" in ran.output
