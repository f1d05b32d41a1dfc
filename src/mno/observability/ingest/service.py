"""Taking spans in: decode and price beside the event loop, then hand over to the pipeline.

Decoding is pure computation and most of the work, so it runs in processes of its own (decoders.py). The threads that
wait for them price the spans and make the journal's record; the event loop keeps answering.
"""

import asyncio
import time
from collections.abc import Callable
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
from mno.observability.ingest.model import Decoded, Rejection
from mno.observability.ingest.pipeline import Pipeline
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
        decoded, journal_record = await asyncio.wrap_future(self._decoders.submit(partial(self._prepare, owner, sent)))
        if decoded.rejections:
            self._meters.rejected(len(decoded.rejections))
        await self._pipeline.accept(owner, decoded.spans, journal_record)
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

    def _prepare(self, owner: Owner, sent: Sent) -> tuple[Decoded, bytes]:
        decoded = self._decoders.decode(sent)
        price = self._pricers.book(UUID(owner.team_id), UUID(owner.project_id)).price
        for span in decoded.spans:
            price(span)
        return decoded, record(owner, decoded.spans) if decoded.spans else b""


def owner_of(principal: Principal, source: str) -> Owner:
    """Whose the delivery is; `source` is the way it came: otlp, grpc, native, sample."""
    key = shown("key", principal.id) if principal.kind is PrincipalKind.API_KEY else ""
    return Owner(str(principal.team_id), str(principal.project_id), source, key)
