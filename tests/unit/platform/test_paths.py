"""The data folder belongs to one program at a time, and the command line finds that program."""

import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mno.platform import paths
from mno.platform.errors import Conflict
from mno.platform.paths import DataFolder, RunningServer, packaged

HUB = RunningServer("http://localhost:1", os.getpid(), "mno_token")


def test_a_second_program_is_told_who_has_the_folder(tmp_path: Path) -> None:
    first = DataFolder(tmp_path / "data")
    first.claim()
    first.announce(HUB)
    with pytest.raises(Conflict, match=r"http://localhost:1 \(process \d+\).*MNO_DATA_DIR"):
        DataFolder(tmp_path / "data").claim()
    first.release()
    DataFolder(tmp_path / "data").claim()


def test_a_second_program_during_the_start_is_refused_too(tmp_path: Path) -> None:
    DataFolder(tmp_path).claim()
    with pytest.raises(Conflict, match="starting or stopping"):
        DataFolder(tmp_path).claim()


def test_whoever_looks_at_the_moment_of_a_start_does_not_prevent_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DataFolder(tmp_path)
    folder.claim()
    folder.release()
    with (tmp_path / "mno.lock").open() as looking, monkeypatch.context() as patched:
        fcntl.flock(looking, fcntl.LOCK_SH)
        patched.setattr(paths, "_LOOK_S", 60.0)
        patched.setattr("time.sleep", lambda _: looking.close())
        folder.claim()
        assert looking.closed
    assert DataFolder(tmp_path).is_held()


def test_what_the_server_leaves_for_the_command_line_is_private(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.claim()
    folder.announce(HUB)
    assert stat.S_IMODE(folder.server_file.stat().st_mode) == 0o600
    assert DataFolder(tmp_path).running_server() == HUB
    assert "mno_token" not in repr(HUB)


def test_a_server_that_stopped_is_not_found(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.claim()
    folder.announce(HUB)
    folder.release()
    folder.release()
    assert DataFolder(tmp_path).running_server() is None
    assert DataFolder(tmp_path / "never").running_server() is None


_HOLD = """
import os, sys
from pathlib import Path
from mno.platform.paths import DataFolder, RunningServer
folder = DataFolder(Path(sys.argv[1]))
folder.claim()
folder.announce(RunningServer("http://localhost:1", os.getpid(), "mno_token"))
os.kill(os.getpid(), 9)
"""


def test_a_server_that_was_killed_leaves_the_folder_free(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", _HOLD, str(tmp_path)], check=False)
    assert killed.returncode == -9
    folder = DataFolder(tmp_path)
    assert folder.server_file.exists()
    assert folder.running_server() is None
    folder.claim()


def test_a_spoiled_announcement_is_as_good_as_none(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.claim()
    folder.server_file.write_text('{"url": 1')
    assert folder.running_server() is None


def test_what_ships_inside_the_package_is_there() -> None:
    assert packaged("migrations", "postgres", "0001_identity.sql").is_file()
    assert packaged("observability", "ingest", "sample", "data", "ATTRIBUTION").is_file()
