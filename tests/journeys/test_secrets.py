"""`mno secrets` as people use it, against a program that runs: values from standard input, never shown again."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from journeys.test_serve import serving
from support.coverage import UNMEASURED
from support.verbs import environment, mno

VALUE = "canary-on-the-command-line"


def started(folder: Path, *arguments: str, typed: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "mno", *arguments],
        env=environment(folder, **UNMEASURED), input=typed, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def secrets(folder: Path, *arguments: str, typed: str = "", run: Any = mno) -> str:
    done = run(folder, "secrets", *arguments, typed=typed)
    assert VALUE not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


@pytest.mark.slow
def test_a_secret_is_set_listed_rotated_and_deleted_by_hand(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder, **UNMEASURED):
        assert "is set" in secrets(folder, "set", "TOKEN", "--purpose", "for a test", typed=VALUE + "\n", run=started)
        secrets(folder, "set", "REGION", "--variable", "--purpose", "for a test", typed="eu\n")
        assert "eu" in secrets(folder, "list")
        region, token = sorted(json.loads(secrets(folder, "list", "--json")), key=lambda one: str(one["name"]))
        assert (token["name"], token["value"], region["value"]) == ("TOKEN", None, "eu")
        for which in (["rotate-data-key"], ["rotate-master-key"]):
            assert "has begun" in secrets(folder, *which)
        for _ in range(100):
            states = {one["state"] for one in json.loads(secrets(folder, "rotations", "--json"))}
            if states == {"done"}:
                break
            time.sleep(0.1)
        assert states == {"done"}
        assert "is deleted" in secrets(folder, "delete", token["id"])
        assert "TOKEN" not in secrets(folder, "list")
    assert (folder / "master.key").stat().st_mode & 0o777 == 0o600
