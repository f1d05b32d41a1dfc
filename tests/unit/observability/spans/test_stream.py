import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from mno.observability.spans.filters import Status, StreamFilter
from mno.observability.spans.model import Span, UsageKind
from mno.observability.spans.queries import Tenant
from mno.observability.spans.stream import SpanFeed
from mno.platform import live
from mno.platform.errors import LimitExceeded
from support.promises import PATIENCE_S

TENANT = Tenant("team", "project")
EVERYTHING = StreamFilter()


@pytest.fixture(autouse=True)
def short_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "EVENT_INTERVAL_S", 0.1)


async def always() -> bool:
    return True


def span(number: int = 1, **fields: Any) -> Span:
    return Span(
        trace_id=bytes(16), span_id=number.to_bytes(8, "big"), start_ns=0, duration_ns=1_500_000, name="n", **fields
    )


async def opened(feed: SpanFeed, asked: StreamFilter = EVERYTHING, tenant: Tenant = TENANT) -> AsyncIterator[bytes]:
    events = feed.subscribe(tenant, asked, always)
    assert (await anext(events)).startswith(b"retry:")
    return events


async def next_event(events: AsyncIterator[bytes]) -> tuple[str, Any]:
    name, data, *_ = (await asyncio.wait_for(anext(events), PATIENCE_S)).decode().split("\n")
    return name.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))


async def test_a_span_published_by_a_thread_reaches_a_reader() -> None:
    feed = SpanFeed()
    events = await opened(feed)
    published = span(7, cost=1_500_000_000, usage_kind=UsageKind.CALL, counted=True, user_id="ann")
    thread = threading.Thread(target=feed.publish, args=("team", "project", [published]))
    thread.start()
    thread.join()
    feed.settled()
    name, event = await next_event(events)
    assert name == "spans"
    assert event["total"] == 1
    assert event["skipped"] == 0
    (item,) = event["items"]
    assert item | {"span_id": "0000000000000007", "cost": "1.500000000", "usage_kind": "call", "user": "ann"} == item
    assert item | {"start_time": "1970-01-01T00:00:00.000000Z", "duration_ms": 1.5, "counted": True} == item


async def test_a_second_s_spans_are_one_event_with_the_newest() -> None:
    feed = SpanFeed()
    events = await opened(feed)
    feed.publish("team", "project", [span(0)])
    feed.settled()
    await next_event(events)
    for first in range(1, 501, 100):
        feed.publish("team", "project", [span(number) for number in range(first, first + 100)])
    feed.settled()
    started = time.monotonic()
    _, event = await next_event(events)
    assert time.monotonic() - started >= 0.09
    assert (event["total"], event["skipped"], len(event["items"])) == (500, 300, 200)
    assert int(event["items"][-1]["span_id"], 16) == 500


async def test_spans_are_told_when_the_figures_know_of_them_and_each_burst_is_told_to_its_end() -> None:
    feed = SpanFeed()
    events = await opened(feed)
    feed.publish("team", "project", [span(1)])
    feed.settled()
    feed.publish("team", "project", [span(2)])
    assert [item["span_id"] for item in (await next_event(events))[1]["items"]] == ["0000000000000001"]
    following = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0.15)
    assert not following.done(), "the figures do not know of the second span yet"
    feed.settled()
    assert b"0000000000000002" in await asyncio.wait_for(following, PATIENCE_S)


async def test_a_reader_gets_what_it_asked_for_only() -> None:
    feed = SpanFeed()
    events = await opened(feed, StreamFilter(providers=frozenset({"openai"}), status=Status.ERROR))
    feed.publish("team", "project", [span(1, provider="openai"), span(2, status="error")])
    feed.publish("another", "project", [span(3, provider="openai", status="error")])
    feed.publish("team", "another", [span(4, provider="openai", status="error")])
    feed.publish("team", "project", [span(5, provider="openai", status="error")])
    feed.settled()
    _, event = await next_event(events)
    assert [item["span_id"] for item in event["items"]] == ["0000000000000005"]


async def test_silence_is_broken_by_a_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PING_INTERVAL_S", 0.3)
    assert (await next_event(await opened(SpanFeed())))[0] == "ping"


async def test_a_reader_who_may_not_read_any_more_gets_neither_an_event_nor_a_ping() -> None:
    async def never() -> bool:
        return False

    feed = SpanFeed()
    told = feed.subscribe(TENANT, EVERYTHING, never)
    assert await anext(told) == live.OPENING
    feed.publish("team", "project", [span()])
    feed.settled()
    assert [event async for event in told] == []
    assert [event async for event in feed.subscribe(TENANT, EVERYTHING, never)] == [live.OPENING]
    assert feed.subscribers == 0


async def test_too_many_readers_are_refused_and_a_place_is_free_again_when_one_leaves() -> None:
    feed = SpanFeed(max_subscribers=1)
    async with aclosing(feed.subscribe(TENANT, EVERYTHING, always)) as first:  # type: ignore[type-var]
        await anext(first)
        with pytest.raises(LimitExceeded, match="limit"):
            feed.check_room()
        with pytest.raises(LimitExceeded):
            await opened(feed)
    feed.check_room()
    assert feed.subscribers == 0


async def test_every_stream_ends_at_shutdown() -> None:
    feed = SpanFeed()
    waiting, sending = await opened(feed), await opened(feed)
    feed.publish("team", "project", [span()])
    feed.settled()
    await next_event(sending)
    feed.close()
    rest = [[event async for event in events] for events in (waiting, sending)]
    assert [len(events) <= 1 for events in rest] == [True, True]
    assert feed.subscribers == 0
    assert [event async for event in feed.subscribe(TENANT, EVERYTHING, always)] == []


async def test_a_stream_ends_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_STREAM_S", 0.0)
    assert [event async for event in SpanFeed().subscribe(TENANT, EVERYTHING, always)] == [live.OPENING]


def test_publishing_after_the_loop_has_ended_does_no_harm() -> None:
    feed = SpanFeed()

    async def leave_without_closing() -> AsyncIterator[bytes]:
        return await opened(feed)

    loop = asyncio.new_event_loop()
    events = loop.run_until_complete(leave_without_closing())
    loop.close()
    feed.publish("team", "project", [span()])
    feed.settled()
    assert events is not None
