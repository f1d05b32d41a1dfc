"""Taking spans in: decode and price beside the event loop, then hand over to the pipeline.

Decoding is pure computation and most of the work, so it runs in processes of its own (decoders.py). The threads that
wait for them price the spans and make the journal's record; the event loop keeps answering.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

import pyarrow as pa

from mno.observability.ingest import redacting
from mno.observability.ingest.decoders import Decoders
from mno.observability.ingest.decoding import Sent
from mno.observability.ingest.journal import record
from mno.observability.ingest.meters import Meters
from mno.observability.ingest.model import Decoded, Rejection, stopping
from mno.observability.ingest.pipeline import Pipeline
from mno.observability.ingest.promise import Promise, break_all, keep_all
from mno.observability.ingest.signal_writer import SignalWriter
from mno.observability.spans.model import Owner, Span
from mno.observability.spans.queries import Tenant
from mno.platform.ids import shown
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.redaction import Rules


class Pricer(Protocol):
    """Sets the cost fields of a span, in place."""

    def price(self, span: Span) -> None: ...


class Pricers(Protocol):
    """Every project has prices of its own."""

    def book(self, team_id: UUID, project_id: UUID) -> Pricer: ...


#: What is redacted of a project's data before it is stored, by team and project.
RulesOf = Callable[[UUID, UUID], Rules]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery: spans that are durable now, and items that were refused."""

    accepted: int
    rejections: list[Rejection]
    #: Repairs that the sender should know of.
    notes: list[str]


class Ingest:
    """Every way in ends here."""

    def __init__(
        self,
        pipeline: Pipeline,
        pricers: Pricers,
        meters: Meters,
        signals: SignalWriter,
        decoders: Decoders,
        rules_of: RulesOf,
    ) -> None:
        self._pipeline = pipeline
        self._pricers = pricers
        self._meters = meters
        self._signals = signals
        self._decoders = decoders
        self._rules_of = rules_of

    def close(self) -> None:
        self._decoders.close()

    async def take(self, owner: Owner, sent: Sent) -> Receipt:
        """Decodes, prices and stores; returns when the spans are durable.

        Raises Invalid for a body that cannot be read at all, TooLarge for one whose rows would be
        far larger, LimitExceeded while the backlog is full, Unavailable when its decoder died.
        """
        started = time.perf_counter()
        sent = sent._replace(rules=self._rules(owner))
        durable = Promise(Decoded())
        self._decoders.submit(partial(self._prepare, owner, sent, durable)).add_done_callback(partial(_told, durable))
        decoded = await durable.kept
        self._meters.answered(time.perf_counter() - started)
        return Receipt(len(decoded.spans), decoded.rejections, decoded.notes)

    async def take_signals(self, owner: Owner, table: str, decode: Callable[[], pa.Table]) -> int:
        """Stores logs or metrics, redacted; returns the rows when they are on the disk. Fails like `take`."""
        rules = self._rules(owner)
        rows = await asyncio.wrap_future(self._decoders.submit(lambda: redacting.redacted_rows(decode(), rules)))
        if rows.num_rows:
            await self._signals.write(table, Tenant(owner.team_id, owner.project_id), rows)
        return int(rows.num_rows)

    def _rules(self, owner: Owner) -> Rules:
        return self._rules_of(UUID(owner.team_id), UUID(owner.project_id))

    def _prepare(self, owner: Owner, sent: Sent, durable: Promise[Decoded]) -> None:
        """On a decoder thread, which hands over to the pipeline itself: the event loop hears only of the outcome."""
        decoded = durable.value = self._decoders.decode(sent)
        if decoded.rejections:
            self._meters.rejected(len(decoded.rejections))
        if not decoded.spans:
            keep_all([durable])
            return
        price = self._pricers.book(UUID(owner.team_id), UUID(owner.project_id)).price
        for span in decoded.spans:
            price(span)
        self._pipeline.enter(owner, decoded.spans, record(owner, decoded.spans), durable)


def _told(durable: Promise[Decoded], prepared: "Future[None]") -> None:
    """A delivery that did not come as far as the pipeline has no one else who answers for it."""
    if prepared.cancelled():
        break_all([durable], stopping())
    elif error := prepared.exception():
        break_all([durable], error)


def owner_of(principal: Principal, source: str) -> Owner:
    """Whose the delivery is; `source` is the way it came: otlp, grpc, native, sample."""
    key = shown("key", principal.id) if principal.kind is PrincipalKind.API_KEY else ""
    return Owner(str(principal.team_id), str(principal.project_id), source, key)
