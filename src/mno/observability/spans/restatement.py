"""Restatement: the one way in which a span that is already stored gets other figures.

A row is never changed. Its reversal (the same row, sign -1) and the new row (sign +1, next revision) are
added in one block, so every sum over `sign` and every rollup follows by itself. Two things restate: a span
that counted until a descendant with usage arrived, and a new price (docs/decisions/0004).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from mno.observability.spans.columns import COST_PARTS, amounts, nano_amounts, optional_amounts, priceable
from mno.observability.spans.model import Span, SpanKey, TraceKey
from mno.observability.spans.store import SpanStore, restatement

#: Spans looked at in one go on the store thread.
STEP_SPANS = 5_000

#: Sets a span's cost fields in place.
Price = Callable[[Span], None]


Outcome = TypeVar("Outcome")


class Repriced(NamedTuple):
    """Spans that were looked at, and those that got another price."""

    total: int
    changed: int


class Step(NamedTuple):
    """One step of a repricing: what it saw and changed, and the moment at which the next one begins."""

    seen: int
    changed: int
    next_us: int


class Restatements:
    """Builds restating blocks; runs on the store thread."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store

    def recount(self, keys: Sequence[SpanKey], *, counted: bool) -> list[pa.Table]:
        """Blocks after which these spans count, or count no longer."""
        return [
            restatement(rows, {"counted": pa.array(np.full(rows.num_rows, counted, np.uint8))})
            for rows in self._store.current_rows(keys)
            if rows.num_rows
        ]

    def reprice(self, rows: pa.Table, price: Price) -> pa.Table:
        """The block that gives these whole rows today's price."""
        priced = priceable(rows)
        for span in priced:
            price(span)
        columns = {name: amounts(np.array([getattr(span, name) for span in priced], np.int64)) for name in COST_PARTS}
        columns["cost"] = optional_amounts([span.cost for span in priced])
        columns["price_source"] = pa.array([span.price_source for span in priced])
        columns["price_version"] = pa.array([span.price_version for span in priced])
        return restatement(rows, columns)


class StoreThread(Protocol):
    """Runs an errand on the thread that alone writes spans, between two blocks."""

    async def run(self, errand: Callable[[], Outcome]) -> Outcome: ...


class Repricing:
    """Prices stored spans again, a few thousand at a time so that the ingest hardly waits."""

    def __init__(self, store: SpanStore, thread: StoreThread) -> None:
        self._store = store
        self._thread = thread
        self._restatements = Restatements(store)

    async def reprice(self, team_id: str, project_id: str, first_us: int, last_us: int, price: Price) -> Repriced:
        """Restates every span in the range whose price differs now; reported costs stay. The rollups follow.

        Run again it changes nothing. Should the program die inside, `repair` comes before the next run.
        """
        total = changed = 0
        while first_us < last_us:
            step = await self._thread.run(partial(self._step, team_id, project_id, first_us, last_us, price))
            total += step.seen
            changed += step.changed
            first_us = step.next_us
        await self._thread.run(self._store.settle)
        return Repriced(total, changed)

    async def repair(self, team_id: str, project_id: str, first_us: int, last_us: int) -> None:
        """Makes the rollups of the range whole: a run that was killed may have left spans restated and a rollup not."""
        await self._thread.run(partial(self._repair, team_id, project_id, first_us, last_us))

    def _repair(self, team_id: str, project_id: str, first_us: int, last_us: int) -> None:
        self._store.doubt(team_id, project_id, first_us, last_us)
        self._store.settle()

    def _step(self, team_id: str, project_id: str, first_us: int, last_us: int, price: Price) -> "Step":
        rows = self._store.priced_rows(team_id, project_id, first_us, last_us, STEP_SPANS)
        starts = rows["start_time"].cast(pa.int64()).to_pylist()
        keys = [
            SpanKey(TraceKey(team_id, project_id, trace_id), span_id, start_us)
            for trace_id, span_id, start_us, differs in zip(
                rows["trace_id"].to_pylist(), rows["span_id"].to_pylist(), starts, _differs(rows, price), strict=True
            )
            if differs
        ]
        for current in self._store.current_rows(keys):
            self._store.insert(self._restatements.reprice(current, price))
        # The last moment may be shared by spans beyond the limit: begin with it again unless it is all there is.
        exhausted = rows.num_rows < STEP_SPANS
        following = last_us if exhausted else max(starts[-1], starts[0] + 1)
        repeated = 0 if exhausted else sum(start == following for start in starts)
        return Step(rows.num_rows - repeated, len(keys), following)


def _differs(rows: pa.Table, price: Price) -> list[bool]:
    before = zip(
        nano_amounts(rows["cost"]), rows["price_source"].to_pylist(), rows["price_version"].to_pylist(), strict=True
    )
    verdicts = []
    for span, stood in zip(priceable(rows), before, strict=True):
        price(span)
        verdicts.append((span.cost, span.price_source, span.price_version) != stood)
    return verdicts
