"""The live stream over a real socket."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from mno.bootstrap import Services
from mno.events.facts import SENT
from mno.events.following.coalescing import COALESCED_S
from mno.events.following.service import EventFeed
from mno.events.model import EventFilter
from mno.identity.model import Home
from mno.platform import live
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown
from mno.platform.versions import Versions
from support.engines import ADMIN_KEY
from support.promises import PATIENCE_S
from support.served import served

HEADERS = {"authorization": f"Bearer {ADMIN_KEY}"}


class Stream:
    """What one viewer is told."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.last_id = ""

    async def next(self, name: str) -> Any:
        """The data of the next message of this name."""
        return await asyncio.wait_for(self._next(name), PATIENCE_S)

    async def titles(self, count: int) -> list[tuple[str, int]]:
        """Of the next cards: what the newest event says, and how many there were."""
        cards = [await self.next("card") for _ in range(count)]
        return [(card["event"]["data"]["title"], card["count"]) for card in cards]

    async def _next(self, wanted: str) -> Any:
        name = ""
        async for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                self.last_id = value
            elif field == "data" and name == wanted:
                return orjson.loads(value)
        raise AssertionError("the stream ended")


@asynccontextmanager
async def followed(address: str, headers: dict[str, str] | None = None, **query: Any) -> AsyncIterator[Stream]:
    """From when everything is sent."""
    async with (
        httpx.AsyncClient(base_url=address, headers=HEADERS | (headers or {}), timeout=PATIENCE_S) as client,
        client.stream("GET", "/api/agent/events", params=query) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        if not headers:
            await stream.next("ready")
        yield stream


async def send(client: httpx.AsyncClient, title: str, subject: str = "import", **more: Any) -> None:
    said = {"kind": "task.progress.milestone", "subject": subject, "title": title, **more}
    assert (await client.post("/api/events", json=said)).status_code == 202


async def test_the_first_comes_at_once_and_what_follows_comes_as_one_card(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    async with served(app) as address, followed(address, language="zh-Hans") as told:
        await send(client, "1")
        first = await told.next("card")
        assert (first["count"], first["event"]["summary"]) == (1, "bootstrap 达成里程碑：1")
        began = time.monotonic()
        for number in range(2, 8):
            await send(client, str(number))
        cards: list[tuple[str, int]] = []
        while sum(count for _, count in cards) < 6:
            cards += await told.titles(1)
        assert cards[-1][0] == "7"
        assert len(cards) <= 2 + (time.monotonic() - began) / COALESCED_S, "one in such a time"


async def test_a_viewer_is_told_only_what_it_asked_for(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with served(app) as address, followed(address, severity="critical", subject="b") as told:
        await send(client, "quiet", "b")
        await send(client, "other", "a", severity="critical")
        await send(client, "this", "b", severity="critical")
        assert await told.titles(1) == [("this", 1)]


async def test_who_comes_back_is_sent_what_it_missed(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with served(app) as address:
        async with followed(address) as told:
            await send(client, "1", "a")
            assert await told.titles(1) == [("1", 1)]
        for subject in "bcd":
            await send(client, "2", subject)
        await history(client, 4)
        async with followed(address, {"last-event-id": told.last_id}) as again:
            cards = [await again.next("card") for _ in range(3)]
        assert sorted(card["event"]["subject"] for card in cards) == ["b", "c", "d"]


async def test_who_missed_too_much_is_told_to_read_the_history(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mno.events.following.service.MAX_RESUMED_EVENTS", 2)
    for subject in "abc":
        await send(client, "1", subject)
    await history(client, 3)
    async with served(app) as address, followed(address, {"last-event-id": "0"}) as told:
        await told.next("reread")
        await send(client, "2", "d")
        assert await told.titles(1) == [("2", 1)]


async def test_a_viewer_who_is_owed_too_much_is_told_to_read_the_history(
    app: FastAPI, client: httpx.AsyncClient, services: Services, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What commits together is offered together."""
    monkeypatch.setattr("mno.events.following.service.MAX_OWED_CARDS", 3)
    said = {"project": shown("prj", home.project.id), "kind": "task.receipt", "severity": "info", "trace": ""}
    data = {"agent": "Clerk", "title": "Done", "status": "done"}
    facts = [
        Fact(home.team.id, f"subject {number}", SENT, said | {"id": new_id().hex, "data": data}) for number in range(8)
    ]
    async with served(app) as address, followed(address) as told:
        async with services.engines.database.transaction(home.team.id) as tx:
            await services.outbox.publish_all(tx, facts)
        await told.next("reread")
        await send(client, "after", "another")
        assert await told.titles(1) == [("after", 1)]
    assert len(await history(client, 9)) == 9


async def test_a_browser_that_sleeps_holds_nobody_up(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with served(app) as address, followed(address), followed(address) as told:  # the first reads no further
        for number in range(40):
            await send(client, str(number), f"subject {number}", data={"text": "x" * 4_000})
        titles = {title for title, _ in await told.titles(40)}
    assert titles == {str(number) for number in range(40)}


async def test_another_process_is_woken(services: Services, app: FastAPI, client: httpx.AsyncClient) -> None:
    """What this one writes is told by a topic, not found by looking."""
    versions, woken = Versions(services.engines.database), asyncio.Event()
    versions.watch("events", lambda _: woken.set())
    async with versions.running():
        woken.clear()
        await send(client, "1")
        await asyncio.wait_for(woken.wait(), PATIENCE_S)


async def test_a_stream_too_many_is_refused_and_so_is_a_place_that_is_none(
    services: Services, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/api/agent/events", params={"after": "x"})).status_code == 400
    services.events.feed._audience._max_readers = 0
    assert (await client.get("/api/agent/events")).status_code == 429
    services.events.feed._audience._max_readers = live.MAX_READERS


async def test_a_stream_ends_when_its_reader_may_not_read_any_more(services: Services) -> None:
    async def gone() -> None:
        return None

    feed = EventFeed(services.engines.database, services.versions)
    told = [chunk async for chunk in feed.follow(new_id(), EventFilter(), gone, lambda _: b"x", None)]
    assert told == [live.OPENING]


async def test_a_websocket_tells_the_same_and_resumes_after_an_id(app: FastAPI, client: httpx.AsyncClient) -> None:
    async with served(app) as address:
        url = f"{address.replace('http', 'ws')}/api/agent/events"
        async with connect(url, additional_headers=HEADERS, open_timeout=PATIENCE_S) as socket:
            ready = orjson.loads(await socket.recv())
            assert ready["event"] == "ready"
            await send(client, "1", "a")
            card = orjson.loads(await socket.recv())
            assert (card["event"], card["data"]["count"]) == ("card", 1)
            assert card["data"]["event"]["data"]["title"] == "1"
        await send(client, "2", "b")
        await history(client, 2)
        async with connect(f"{url}?after={card['id']}", additional_headers=HEADERS) as socket:
            again = orjson.loads(await socket.recv())
            assert again["data"]["event"]["data"]["title"] == "2"
            async with asyncio.timeout(PATIENCE_S):
                await socket.send("x" * 100)  # nobody listens, and nobody minds


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 401),
        ({"authorization": "Bearer mno_wrong"}, "", 401),
        (HEADERS, "?after=x", 400),
        # a session's cookie that another page sends along
        ({"cookie": "mno_session=some", "origin": "https://evil.example"}, "", 403),
    ],
)
async def test_a_websocket_is_refused_before_it_is_open(
    app: FastAPI, headers: dict[str, str], query: str, status: int
) -> None:
    async with served(app) as address:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(f"{address.replace('http', 'ws')}/api/agent/events{query}", additional_headers=headers):
                pass
    assert refused.value.response.status_code == status
    assert refused.value.response.headers["content-type"] == "application/problem+json"


async def test_where_there_is_no_websocket_none_opens(app: FastAPI) -> None:
    async with served(app) as address:
        for path in ("/", "/api/events", "/mcp", "/llm/openai/v1/models"):
            with pytest.raises(InvalidStatus):
                async with connect(address.replace("http", "ws") + path, additional_headers=HEADERS):
                    pass


async def history(client: httpx.AsyncClient, count: int) -> list[Any]:
    async with asyncio.timeout(PATIENCE_S):
        while len(found := (await client.get("/api/events")).json()["items"]) < count:
            await asyncio.sleep(0.02)
    return list(found)
