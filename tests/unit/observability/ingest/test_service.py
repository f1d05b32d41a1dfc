"""Taking spans in: whoever waits hears of what became of the delivery, also when it never came to the journal."""

import asyncio
import threading
from typing import Any
from uuid import UUID

import pytest

from mno.observability.ingest.decoders import Decoders
from mno.observability.ingest.decoding import Kind, Sent
from mno.observability.ingest.meters import Meters
from mno.observability.ingest.promise import Promise, keep_all
from mno.observability.ingest.service import Ingest, Receipt
from mno.observability.spans.model import Owner, Span
from mno.platform.errors import Invalid, LimitExceeded, Unavailable
from mno.platform.redaction import Rules
from support.otlp import body
from support.promises import PATIENCE_S

OWNER = Owner(str(UUID(int=1)), str(UUID(int=2)), "otlp", "key")


class Journal:
    """In place of the pipeline: durable as soon as its gate is open, unless it is told to refuse."""

    def __init__(self) -> None:
        self.taken: list[Span] = []
        self.refusal: Exception | None = None
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def enter(self, owner: Owner, spans: list[Span], record: bytes, durable: Promise[Any]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.entered.set()
        assert self.gate.wait(PATIENCE_S)
        assert owner == OWNER
        assert record
        self.taken += spans
        keep_all([durable])


class Prices:
    def book(self, _team: UUID, _project: UUID) -> "Prices":
        return self

    def price(self, span: Span) -> None:
        span.price_source = "priced"


class Hub:
    def __init__(self) -> None:
        self.journal, self.meters, self.decoders = Journal(), Meters(), Decoders(processes=0)
        nothing: Any = None
        journal: Any = self.journal
        self.ingest = Ingest(journal, Prices(), self.meters, nothing, self.decoders, lambda _team, _project: Rules())

    async def take(self, *spans: dict[str, Any]) -> Receipt:
        return await self.ingest.take(OWNER, Sent(Kind.OTLP_PROTOBUF, body(*spans)))


@pytest.fixture
def hub() -> Any:
    hub = Hub()
    yield hub
    hub.ingest.close()


async def test_spans_are_priced_before_they_are_durable_and_refused_ones_are_named(hub: Hub) -> None:
    receipt = await hub.take({"name": "good"}, {"name": "bad", "span_id": b""})
    assert (receipt.accepted, [refusal.index for refusal in receipt.rejections]) == (1, [1])
    assert [(span.name, span.price_source) for span in hub.journal.taken] == [("good", "priced")]
    assert hub.meters.rejected_spans == 1


async def test_a_delivery_without_a_good_span_is_answered_without_the_journal(hub: Hub) -> None:
    hub.journal.refusal = AssertionError("nothing to write")
    assert (await hub.take({"name": "bad", "span_id": b""})).accepted == 0
    assert (await hub.take()).accepted == 0


async def test_what_cannot_be_read_and_what_the_backlog_refuses_is_raised_to_who_sent_it(hub: Hub) -> None:
    with pytest.raises(Invalid):
        await hub.ingest.take(OWNER, Sent(Kind.OTLP_PROTOBUF, b"hello"))
    hub.journal.refusal = LimitExceeded("The backlog is full.", retry_after_s=1)
    with pytest.raises(LimitExceeded, match="backlog is full"):
        await hub.take({"name": "one too many"})


async def test_who_waits_for_a_decoder_when_the_hub_stops_hears_so(hub: Hub) -> None:
    gate = threading.Event()
    busy = hub.decoders.submit(gate.wait)
    waiting = asyncio.ensure_future(hub.take({"name": "late"}))
    await asyncio.sleep(0)
    closing = asyncio.get_running_loop().run_in_executor(None, hub.ingest.close)
    with pytest.raises(Unavailable, match="stopping"):
        await waiting
    gate.set()
    await closing
    assert busy.result()


async def test_who_leaves_before_the_answer_loses_nothing_that_was_decoded(hub: Hub) -> None:
    hub.journal.gate.clear()
    waiting = asyncio.ensure_future(hub.take({"name": "left"}))
    assert await asyncio.to_thread(hub.journal.entered.wait, PATIENCE_S)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    hub.journal.gate.set()
    await asyncio.get_running_loop().run_in_executor(None, hub.ingest.close)
    assert [span.name for span in hub.journal.taken] == ["left"]
