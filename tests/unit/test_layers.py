"""The layer check is not decoration: each kind of violation, put into a scratch copy, fails it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).parent / "lint-imports"

VIOLATIONS = {
    "platform knows a feature": ("platform/clock.py", "import mno.identity.model"),
    "a feature knows the entry": ("identity/model.py", "import mno.entry.web"),
    "observability asks identity": ("observability/spans/model.py", "import mno.identity.service"),
    "spans knows ingest": ("observability/spans/model.py", "import mno.observability.ingest.model"),
    "costs knows ingest": ("observability/costs/pricing.py", "import mno.observability.ingest.model"),
    "rules speak to Postgres": ("identity/model.py", "import mno.platform.database"),
    "rules speak to ClickHouse": ("observability/costs/pricing.py", "import mno.platform.clickhouse"),
    "a service imports a driver": ("identity/service.py", "import psycopg"),
    "a sender connects past the guard": ("notifications/senders.py", "import apprise"),
    "a service knows the web framework": ("identity/service.py", "import fastapi"),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT), "--no-cache", "--no-logo"]
    environment = {"PYTHONPATH": str(folder / "src"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_code_as_it_is_keeps_its_layers(copy: Path) -> None:
    result = check(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_deliberate_violation_fails_the_check(copy: Path, violation: str) -> None:
    module, line = VIOLATIONS[violation]
    file = copy / "src" / "mno" / module
    file.write_text(f"{file.read_text()}\n{line}\n")
    result = check(copy)
    assert result.returncode == 1, result.stdout
    assert line.split()[-1] in result.stdout
