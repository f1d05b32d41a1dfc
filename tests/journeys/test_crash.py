"""The program is killed in the middle of a load, again and again: what it acknowledged is there, once.

The load behaves as exporters do: a request that was not answered is sent again, to the program's next run.
Parents repeat their children's usage and come in a later request, so restatements are under way as well.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from support import otlp, stored
from support.coverage import UNMEASURED
from support.ports import free_port
from support.promises import PATIENCE_S

KEY = "mno_crash-0123456789-abcdefgh"
KILLS = 3
CONNECTIONS = 4
TRACES_PER_REQUEST = 5
CALLS_PER_TRACE = 4
#: A run is killed this long after it acknowledged so many spans, in seconds.
SPANS_BEFORE = 100
EARLIEST_S, LATEST_S = 0.0, 1.2

_numbers = count(1)


class Exporters:
    """Threads that send new requests to the hub, and unanswered ones again."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.calls = 0
        self._waiting: deque[tuple[list[str], bytes]] = deque()
        self._lock = threading.Lock()

    def send_until(self, url: str, stop: threading.Event) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._send, args=(url, stop)) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        return threads

    def wait_for(self, spans: int, senders: list[threading.Thread]) -> None:
        """Until so many are acknowledged in all."""
        while len(self.acknowledged) < spans:
            assert any(sender.is_alive() for sender in senders), "The hub ended by itself."
            time.sleep(0.01)

    def send_what_waits(self, url: str) -> None:
        with _client(url) as hub:
            while self._waiting:
                self._send_one(hub, self._waiting.popleft())

    def _send(self, url: str, stop: threading.Event) -> None:
        with _client(url) as hub:
            while not stop.is_set():
                with self._lock:
                    if not self._waiting:
                        self._waiting.extend(self._new_requests())
                    waiting = self._waiting.popleft()
                try:
                    self._send_one(hub, waiting)
                except httpx.TransportError:
                    with self._lock:
                        self._waiting.appendleft(waiting)
                    return

    def _send_one(self, hub: httpx.Client, waiting: tuple[list[str], bytes]) -> None:
        ids, body = waiting
        answer = hub.post("/otlp/v1/traces", content=body)
        assert answer.status_code == 200, answer.text
        with self._lock:
            self.acknowledged.update(ids)

    def _new_requests(self) -> Iterator[tuple[list[str], bytes]]:
        """Calls of some traces, then the agents above them in a request of their own."""
        traces = [next(_numbers) for _ in range(TRACES_PER_REQUEST)]
        self.calls += TRACES_PER_REQUEST * CALLS_PER_TRACE
        yield _request([_call(trace, position) for trace in traces for position in range(CALLS_PER_TRACE)])
        yield _request([_agent(trace) for trace in traces])


def _client(url: str) -> httpx.Client:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/x-protobuf"}
    return httpx.Client(base_url=url, headers=headers, timeout=PATIENCE_S)


def _request(spans: list[dict[str, object]]) -> tuple[list[str], bytes]:
    ids = [span["span_id"].hex() for span in spans if isinstance(span["span_id"], bytes)]
    return ids, otlp.body(*spans)


def _agent(trace: int) -> dict[str, object]:
    return {
        "trace_id": trace.to_bytes(16, "big"),
        "span_id": _span_id(trace, 99),
        "name": "invoke_agent",
        "attributes": {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 400},
    }


def _call(trace: int, position: int) -> dict[str, object]:
    return {
        "trace_id": trace.to_bytes(16, "big"),
        "span_id": _span_id(trace, position),
        "parent_span_id": _span_id(trace, 99),
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.response.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 100 + trace % 7,
            "gen_ai.usage.output_tokens": 10,
        },
    }


def _span_id(trace: int, position: int) -> bytes:
    return (trace * 100 + position + 1).to_bytes(8, "big")


@contextmanager
def hub(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A run of the program on this folder; killed at the end if it is still there."""
    port = free_port()
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MNO_")}
    ours |= {"MNO_DATA_DIR": str(folder), "MNO_BOOTSTRAP_API_KEY": KEY, "MNO_OTLP_GRPC_PORT": "0"} | UNMEASURED
    process = subprocess.Popen(
        [sys.executable, "-m", "mno", "serve", "--quiet", "--host", "127.0.0.1", "--port", str(port)], env=ours
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str) -> None:
    while process.poll() is None:
        try:
            httpx.get(f"{url}/api/health", timeout=PATIENCE_S)
            return
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError(f"The hub ended with {process.returncode} instead of starting.")


def test_every_acknowledged_span_is_there_once_after_kills_at_random_moments(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    chance = random.Random()
    exporters = Exporters()
    for kill in range(KILLS):
        with hub(folder) as (process, url):
            _wait_until_it_answers(process, url)
            stop = threading.Event()
            before = len(exporters.acknowledged)
            senders = exporters.send_until(url, stop)
            exporters.wait_for(before + SPANS_BEFORE, senders)
            time.sleep(chance.uniform(EARLIEST_S, LATEST_S))
            process.kill()
            stop.set()
            for sender in senders:
                sender.join()
        if kill == 1:
            _kill_during_the_start(folder, chance)

    with hub(folder) as (process, url):
        _wait_until_it_answers(process, url)
        exporters.send_what_waits(url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0

    found = _stored(folder)
    assert len(exporters.acknowledged) >= KILLS * SPANS_BEFORE
    assert {span: times for span, times in found["times"].items() if times != 1} == {}
    assert found["times"].keys() == exporters.acknowledged
    assert found["counted"] == exporters.calls
    assert found["differences"] == 0


def _kill_during_the_start(folder: Path, chance: random.Random) -> None:
    """A crash while the one before is being repaired."""
    with hub(folder):
        time.sleep(chance.uniform(1.0, 4.0))


def _stored(folder: Path) -> dict[str, Any]:
    read = subprocess.run(
        [sys.executable, str(stored.__file__), str(folder / "clickhouse")], capture_output=True, text=True, check=False
    )
    assert read.returncode == 0, read.stderr
    found: dict[str, Any] = json.loads(read.stdout)
    return found
