"""`mno secrets` as people use it, against a program that runs: values from standard input, never shown again."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from journeys.test_serve import environment, serving
from support.coverage import UNMEASURED

VALUE = "canary-on-the-command-line"


def mno(folder: Path, *arguments: str, typed: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mno", "secrets", *arguments],
        env=environment(folder), input=typed, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert VALUE not in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_secret_is_set_listed_rotated_and_deleted_by_hand(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder, **UNMEASURED):
        assert "is set" in mno(folder, "set", "TOKEN", "--purpose", "for a test", typed=VALUE + "\n")
        mno(folder, "set", "REGION", "--variable", "--purpose", "for a test", typed="eu\n")
        assert "eu" in mno(folder, "list")
        region, token = sorted(json.loads(mno(folder, "list", "--json")), key=lambda one: str(one["name"]))
        assert (token["name"], token["value"], region["value"]) == ("TOKEN", None, "eu")
        for which in (["rotate-data-key"], ["rotate-master-key"]):
            assert "has begun" in mno(folder, *which)
        for _ in range(100):
            states = {one["state"] for one in json.loads(mno(folder, "rotations", "--json"))}
            if states == {"done"}:
                break
            time.sleep(0.1)
        assert states == {"done"}
        assert "is deleted" in mno(folder, "delete", token["id"])
        assert "TOKEN" not in mno(folder, "list")
    assert (folder / "master.key").stat().st_mode & 0o777 == 0o600
