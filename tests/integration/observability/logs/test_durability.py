"""What was acknowledged is there: after a kill at a random moment, and by what the engine says of its syncs."""

import random
import threading
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from journeys.test_crash import KEY, hub
from mno.platform.clickhouse import ClickHouse
from support.promises import PATIENCE_S

HEADERS = {"authorization": f"Bearer {KEY}"}
LINES_PER_REQUEST = 5
SENDERS = 3
MOMENT = datetime.now(UTC).isoformat()

_numbers = count()


class Senders:
    """Threads that publish lines with ids, and the unanswered ones again."""

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self._unanswered: list[list[dict[str, Any]]] = []
        self._lock = threading.Lock()

    def send_until(self, url: str, stop: threading.Event) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._send, args=(url, stop)) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        return threads

    def send_what_waits(self, url: str) -> None:
        with httpx.Client(base_url=url, headers=HEADERS, timeout=PATIENCE_S) as client:
            for lines in self._unanswered:
                self._send_one(client, lines)

    def _send(self, url: str, stop: threading.Event) -> None:
        with httpx.Client(base_url=url, headers=HEADERS, timeout=PATIENCE_S) as client:
            while not stop.is_set():
                names = [str(next(_numbers)) for _ in range(LINES_PER_REQUEST)]
                lines = [{"id": name, "time": MOMENT, "body": name} for name in names]
                try:
                    self._send_one(client, lines)
                except httpx.TransportError:
                    with self._lock:
                        self._unanswered.append(lines)
                    return

    def _send_one(self, client: httpx.Client, lines: list[dict[str, Any]]) -> None:
        answer = client.post("/api/logs", json=lines)
        assert answer.json() == {"accepted": len(lines), "rejected": []}, answer.text
        with self._lock:
            self.acknowledged.update(line["body"] for line in lines)


def wait_until_it_answers(url: str) -> None:
    while True:
        try:
            httpx.get(f"{url}/api/health", timeout=PATIENCE_S)
            return
        except httpx.ConnectError:
            time.sleep(0.05)


def every_line(url: str) -> list[str]:
    found: list[str] = []
    cursor = ""
    with httpx.Client(base_url=url, headers=HEADERS, timeout=PATIENCE_S) as client:
        while True:
            page = client.get("/api/logs", params={"limit": 500, "cursor": cursor}).json()
            found += [line["body"] for line in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return found


def test_every_acknowledged_line_is_there_once_after_a_kill(tmp_path: Path) -> None:
    senders = Senders()
    with hub(tmp_path / "data") as (process, url):
        wait_until_it_answers(url)
        stop = threading.Event()
        threads = senders.send_until(url, stop)
        while len(senders.acknowledged) < 50:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.5))
        process.kill()
        stop.set()
        for thread in threads:
            thread.join()
    with hub(tmp_path / "data") as (_, url):
        wait_until_it_answers(url)
        senders.send_what_waits(url)
        found = every_line(url)
    assert sorted(found) == sorted(senders.acknowledged)


async def test_an_answer_waits_for_the_disk(client: httpx.AsyncClient, clickhouse: ClickHouse) -> None:
    async def syncs() -> int:
        rows = await clickhouse.rows_of_all("SELECT sum(value) AS n FROM system.events WHERE event = 'FileSync'")
        return int(rows[0]["n"])

    before = await syncs()
    assert (await client.post("/api/logs", json=[{"body": "x"}])).status_code == 200
    assert await syncs() > before
