"""`mno serve` as a benchmark sees it: started on a folder of its own, watched for memory, stopped in order."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from client import Target

KEY = "mno_bench0123456789abcdefghijklmnopqrstuvwxyz"
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a program and all its children; `proportional` shares out what several processes map."""

    resident: int
    proportional: int


@dataclass(frozen=True, slots=True)
class Server:
    """A running program that takes OTLP."""

    target: Target
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def port(self) -> int:
        return int(self.target.url.rpartition(":")[2])

    def memory(self) -> Memory:
        """Of the program and all its children, Postgres included."""
        resident = proportional = 0
        for process in self._family():
            try:
                with Path(f"/proc/{process.pid}/smaps_rollup").open() as rollup:
                    sizes = {line.split(":")[0]: line.split() for line in rollup}
            except (FileNotFoundError, ProcessLookupError):
                continue
            resident += int(sizes["Rss"][1]) * 1024
            proportional += int(sizes["Pss"][1]) * 1024
        return Memory(resident, proportional)

    def processor_s(self) -> float:
        """Seconds of processor that the program and its children have used."""
        times = [process.cpu_times() for process in self._family()]
        return sum(time.user + time.system for time in times)

    def _family(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


@contextmanager
def mno(folder: Path | None = None, environment: dict[str, str] | None = None) -> Iterator[Server]:
    """The hub on a free port, in `folder` or in a new one that is removed afterwards."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="mno-bench-") as name, mno(Path(name), environment) as server:
            yield server
        return
    folder.chmod(0o711)
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("mno")),
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--quiet",
    ]
    own = {
        "MNO_DATA_DIR": str(folder),
        "MNO_BOOTSTRAP_API_KEY": KEY,
        "MNO_OTLP_GRPC_PORT": "0",
        **(environment or {}),
    }
    target = Target(f"http://127.0.0.1:{port}", "/otlp/v1/traces", {"authorization": f"Bearer {KEY}"})
    with running(command, own, target, "/api/health", folder) as server:
        yield server


@contextmanager
def running(
    command: list[str], environment: dict[str, str], target: Target, health_path: str, folder: Path
) -> Iterator[Server]:
    """Any server, from its command until it has stopped; its output goes to `folder`/server.log."""
    signal.signal(signal.SIGTERM, _leave)
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**inherited, **environment}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_until_up(process, target, health_path, folder / "server.log")
        yield Server(target, process, folder)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _leave(number: int, _frame: object) -> None:
    """Told to stop, a benchmark stops what it started."""
    sys.exit(128 + number)


def _wait_until_up(process: subprocess.Popen[bytes], target: Target, path: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            connection = target.connection()
            status, _ = connection.get(path)
            connection.close()
            if status < 500:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-3000:]}")


def stored_spans(folder: Path) -> int:
    """How many different spans lie in the span store of a hub that has stopped."""
    from mno.platform.clickhouse import ClickHouse

    clickhouse = ClickHouse(folder / "clickhouse")
    clickhouse.open()
    try:
        rows = clickhouse.read_now("SELECT count() AS spans FROM (SELECT 1 FROM spans GROUP BY trace_id, span_id)")
        return int(rows["spans"][0].as_py())
    finally:
        clickhouse.close()


@contextmanager
def beside(program: str) -> Iterator[int]:
    """A program of this folder in a process of its own, told the free port that it is to listen on."""
    port = free_port()
    process = subprocess.Popen([sys.executable, str(Path(__file__).with_name(program)), str(port)])
    try:
        time.sleep(0.5)
        yield port
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
