"""The live stream over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from mno.bootstrap import Services
from mno.observability.logs import stream
from mno.observability.logs.cursor import Place, arrival_of, arrival_text
from mno.platform import live
from mno.platform.clock import now
from mno.platform.time_range import microseconds
from support.engines import ADMIN_KEY
from support.promises import PATIENCE_S
from support.served import served

HEADERS = {"authorization": f"Bearer {ADMIN_KEY}"}


@pytest.fixture(autouse=True)
def short_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVENT_INTERVAL_S", 0.01)


class Stream:
    """What one reader hears."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.last_id = ""

    async def next_bodies(self) -> list[str]:
        """Of the next event with lines."""
        return await asyncio.wait_for(self._next(), PATIENCE_S)

    async def _next(self) -> list[str]:
        async for line in self._lines:
            if line.startswith("id: "):
                self.last_id = line.removeprefix("id: ")
            if line.startswith('data: {"items"'):
                return [each["body"] for each in orjson.loads(line.removeprefix("data: "))["items"]]
        raise AssertionError("the stream ended")


@asynccontextmanager
async def followed(address: str, headers: dict[str, str] | None = None, **query: Any) -> AsyncIterator[Stream]:
    async with (
        httpx.AsyncClient(base_url=address, headers=HEADERS | (headers or {}), timeout=PATIENCE_S) as client,
        client.stream("GET", "/api/logs/stream", params=query) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer)


async def test_lines_reach_a_reader_and_only_those_asked_for(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with served(app) as address, followed(address, level="warn", q="CARD") as heard:
        await client.post("/api/logs", json=[{"body": "card", "level": "info"}, {"body": "else", "level": "error"}])
        await client.post("/api/logs", json=[{"body": "a card", "level": "error"}])
        assert await heard.next_bodies() == ["a card"]


async def test_who_comes_back_gets_what_was_missed_once(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mno.observability.logs.service.MAX_LINES_PER_EVENT", 2)
    async with served(app) as address:
        async with followed(address) as heard:
            await client.post("/api/logs", json=[{"body": "1"}])
            assert await heard.next_bodies() == ["1"]
        await client.post("/api/logs", json=[{"body": str(number)} for number in range(2, 7)])
        found: list[str] = []
        async with followed(address, {"last-event-id": heard.last_id}) as again:
            while len(found) < 5:
                bodies = await again.next_bodies()
                assert len(bodies) <= 2
                found += bodies
        assert sorted(found) == ["2", "3", "4", "5", "6"]


async def test_a_reader_who_was_away_for_long_is_sent_the_last_hour(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mno.observability.logs.service.MAX_RESUMED_US", 0)
    await client.post("/api/logs", json=[{"body": "long ago"}])
    ancient = arrival_text(Place(microseconds(now() - timedelta(days=2)), bytes(16)))
    async with served(app) as address, followed(address, after=ancient) as heard:
        await client.post("/api/logs", json=[{"body": "now"}])
        assert await heard.next_bodies() == ["now"]
    assert stream.MAX_RESUMED_US > 0


async def test_a_reader_who_does_not_read_holds_nobody_up(app: FastAPI, client: httpx.AsyncClient) -> None:
    large = [{"body": "x" * 10_000} for _ in range(200)]
    async with served(app) as address, followed(address), followed(address) as reader:  # the first never reads
        for _ in range(5):
            assert (await client.post("/api/logs", json=large)).status_code == 200
        read = 0
        while read < 1_000:
            read += len(await reader.next_bodies())
        assert read == 1_000


async def test_a_stream_too_many_is_refused(services: Services, client: httpx.AsyncClient) -> None:
    services.logs.feed._audience._max_readers = 0
    answer = await client.get("/api/logs/stream")
    assert answer.status_code == 429
    services.logs.feed._audience._max_readers = live.MAX_READERS


async def test_the_id_of_an_event_is_a_cursor_for_polling(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with served(app) as address, followed(address) as heard:
        await client.post("/api/logs", json=[{"body": "1"}])
        assert await heard.next_bodies() == ["1"]
        arrival_of(heard.last_id)
        await client.post("/api/logs", json=[{"body": "2"}])
        page = (await client.get("/api/logs", params={"after": heard.last_id})).json()
        assert [line["body"] for line in page["items"]] == ["2"]
