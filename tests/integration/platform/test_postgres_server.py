"""The embedded Postgres under our supervisor: odd folders, killed parents, leftovers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from mno.platform.errors import Unavailable
from mno.platform.postgres_server import PostgresServer
from support.processes import alive, unshared_bytes

_PARENT = """
import sys, time
from pathlib import Path
from mno.platform.postgres_server import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
server.start()
print(server.pid, server.url, flush=True)
time.sleep(600)
"""


def ask(server: PostgresServer, question: str) -> object:
    with psycopg.connect(server.url) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def killed_parent(folder: Path) -> tuple[int, str]:
    """A program that started Postgres, wrote a row and was killed; the server's pid and address."""
    parent = subprocess.Popen([sys.executable, "-c", _PARENT, str(folder)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid, _, url = parent.stdout.readline().strip().partition(" ")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    parent.kill()
    parent.communicate()
    return int(pid), url


def test_a_server_that_is_killed_is_started_again_with_everything_committed(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    try:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while True:
            try:
                seven = ask(server, "SELECT seven FROM kept")
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "it does not come back"
                time.sleep(0.05)
        assert seven == 7
    finally:
        server.stop()
    assert server.pid is None


def test_its_log_is_for_its_owner_only(postgres_server: PostgresServer) -> None:
    log = postgres_server.folder.with_name("postgres.log")
    assert log.stat().st_mode & 0o777 == 0o600


def test_it_has_what_we_need_and_is_not_on_the_network(postgres_server: PostgresServer) -> None:
    assert str(ask(postgres_server, "SHOW server_version")).startswith("18")
    assert ask(postgres_server, "SHOW listen_addresses") == ""
    assert ask(postgres_server, "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'") == 1
    assert ask(postgres_server, "SHOW server_encoding") == "UTF8"


def test_it_does_not_run_as_root_nor_in_our_process_group(postgres_server: PostgresServer) -> None:
    assert postgres_server.pid is not None
    process = psutil.Process(postgres_server.pid)
    assert process.uids().effective != 0
    assert os.getpgid(process.pid) == process.pid


def test_it_needs_little_memory(postgres_server: PostgresServer) -> None:
    assert postgres_server.pid is not None
    process = psutil.Process(postgres_server.pid)
    family = [process, *process.children()]
    assert sum(unshared_bytes(one) for one in family) < 80_000_000


@pytest.mark.parametrize("name", ["with space", "it's", "x" * 90, "資料"])
def test_any_folder_will_do(tmp_path: Path, name: str) -> None:
    server = PostgresServer(tmp_path / name / "postgres")
    server.start()
    try:
        assert ask(server, "SELECT 1") == 1
    finally:
        server.stop()
    assert server.pid is None


def test_it_starts_again_with_what_was_committed(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    server.stop()
    server.start()
    assert ask(server, "SELECT seven FROM kept") == 7
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert ask(server, f"SHOW {setting}") == "on"
    server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_it_ends_with_a_killed_parent_and_the_next_start_finds_everything(tmp_path: Path) -> None:
    pid, _ = killed_parent(tmp_path / "postgres")
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    assert ask(server, "SELECT seven FROM kept") == 7
    server.stop()
    assert not alive(pid)


def test_a_server_that_was_itself_killed_recovers(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    pid = server.pid
    assert pid is not None
    family = psutil.Process(pid).children()
    os.kill(pid, signal.SIGKILL)
    while psutil.pid_exists(pid):
        time.sleep(0.01)
    psutil.wait_procs(family, 60)  # they see by themselves that they are alone
    server.stop()
    server.start()
    assert ask(server, "SELECT seven FROM kept") == 7
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert ask(server, f"SHOW {setting}") == "on"
    server.stop()


def test_a_pid_file_whose_pid_is_somebody_elses_by_now_does_not_stop_it(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    server.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n{tmp_path}/postgres\n")
    server.start()
    assert ask(server, "SELECT 1") == 1
    server.stop()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_an_interrupted_initialisation_begins_again(tmp_path: Path) -> None:
    draft = tmp_path / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    assert ask(server, "SELECT 1") == 1
    server.stop()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path / "postgres")
    server.start()
    server.stop()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(Unavailable, match="version"):
        server.start()
