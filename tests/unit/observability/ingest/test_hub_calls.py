"""Calls of the hub itself: none is lost while the journal takes nothing, and none is begun that could be."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

import orjson
import pytest

from mno.llm_gateway.model import Call, Caller, Usage
from mno.observability.costs import catalogue
from mno.observability.costs.pricing import PriceBook
from mno.observability.ingest import hub_calls
from mno.observability.ingest.hub_calls import HubCalls
from mno.observability.spans.model import Owner, Span, UsageKind
from mno.platform import clock
from mno.platform.errors import LimitExceeded, Unavailable
from mno.platform.redaction import Rules
from support.promises import PATIENCE_S

TEAM, PROJECT = UUID(int=1), UUID(int=2)


@dataclass
class Journal:
    """Takes deliveries, but not the first ones."""

    refuses: int = 0
    taken: list[tuple[Owner, list[Span]]] = field(default_factory=list)

    async def accept(self, owner: Owner, spans: list[Span], record: bytes) -> None:
        assert record
        if self.refuses:
            self.refuses -= 1
            raise LimitExceeded("full") if self.refuses % 2 else Unavailable("away")
        self.taken.append((owner, list(spans)))

    @property
    def ids(self) -> list[int]:
        return [int.from_bytes(span.span_id) for _, spans in self.taken for span in spans]


class Books:
    """The same prices for everybody."""

    def __init__(self) -> None:
        self._book = PriceBook(catalogue.bundled())

    def book(self, team_id: UUID, project_id: UUID) -> PriceBook:
        assert team_id != project_id
        return self._book


def calls_into(journal: Journal, *detectors: str) -> HubCalls:
    return HubCalls(journal, Books(), lambda team, project: Rules(detectors))


def call(number: int = 1, *, key: str = "key_1", usage: Usage | None = None) -> Call:
    return Call(
        caller=Caller(TEAM, PROJECT, key, "name"),
        trace_id=bytes(15) + b"\1",
        span_id=number.to_bytes(8),
        parent_span_id=bytes(8),
        start_ns=clock.now_ns(),
        operation="chat",
        metered=True,
        provider="openai",
        model="gpt-4o-mini",
        request_model="gpt-4o-mini",
        response_id="chatcmpl-1",
        usage=usage or Usage(input_tokens=1000, output_tokens=100),
    )


async def test_what_gathers_goes_on_together_and_by_its_key() -> None:
    journal = Journal()
    calls = calls_into(journal)
    async with calls.running():
        for number in range(1, 51):
            calls.record(call(number, key=f"key_{number % 2}"))
        async with asyncio.timeout(PATIENCE_S):
            while len(journal.ids) < 50:
                await asyncio.sleep(0.01)
    assert len(journal.taken) == 2
    assert sorted(journal.ids) == list(range(1, 51))
    assert {owner.api_key_id for owner, _ in journal.taken} == {"key_0", "key_1"}
    assert {owner.source for owner, _ in journal.taken} == {"gateway"}


async def test_while_the_journal_takes_nothing_calls_wait_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_calls, "RETRY_S", 0.01)
    journal = Journal(refuses=5)
    calls = calls_into(journal)
    async with calls.running():
        for number in range(1, 8):
            calls.record(call(number))
            await asyncio.sleep(0.01)
        async with asyncio.timeout(PATIENCE_S):
            while len(journal.ids) < 7:
                await asyncio.sleep(0.01)
    assert journal.ids == list(range(1, 8))
    calls.check_room()


async def test_no_call_is_begun_that_might_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_calls, "MAX_WAITING_CALLS", 3)
    calls = calls_into(Journal())
    for number in range(3):
        calls.check_room()
        calls.record(call(number))
    with pytest.raises(LimitExceeded, match="the limit is 3"):
        calls.check_room()


async def test_what_waits_at_the_end_is_handed_on() -> None:
    journal = Journal()
    calls = calls_into(journal)
    async with calls.running():
        calls.record(call())
    assert journal.ids == [1]


async def test_a_call_is_priced_and_one_from_memory_says_what_it_saved() -> None:
    journal = Journal()
    calls = calls_into(journal)
    cached = call(2)
    cached.cached = True
    async with calls.running():
        calls.record(call(1))
        calls.record(cached)
    charged, saved = journal.taken[0][1]
    # 1000 × 0.15 + 100 × 0.60 for a million
    assert charged.cost == 210_000
    assert charged.usage_kind is UsageKind.CALL
    assert (saved.cost, saved.usage_kind, saved.input_tokens) == (0, UsageKind.NONE, 0)
    assert Decimal(orjson.loads(saved.attributes)["mno.gateway.saved_usd"]) == Decimal("0.00021")
    assert calls.cost_of(call(), Usage(input_tokens=2000)) == 300_000


async def test_a_call_without_usage_is_unpriced_and_not_free() -> None:
    journal = Journal()
    calls = calls_into(journal)
    unknown = call()
    unknown.usage = None
    async with calls.running():
        calls.record(unknown)
    (span,) = journal.taken[0][1]
    assert (span.cost, span.price_source) == (None, "no_usage")


async def test_what_a_project_redacts_is_redacted_here_as_well() -> None:
    journal = Journal()
    calls = calls_into(journal, "provider_key")
    failed = call()
    failed.failed, failed.status_message = True, "Incorrect API key provided: sk-" + "a" * 40
    async with calls.running():
        calls.record(failed)
    (span,) = journal.taken[0][1]
    assert "aaaa" not in span.status_message
    assert span.status_message.startswith("Incorrect API key provided")
