"""Restatement: the one way in which a span that is already stored gets other figures.

A row is never changed. Its reversal (the same row, sign -1) and the new row (sign +1, next revision) are
added in one block, so every sum over `sign` and every rollup follows by itself. Two things restate: a span
that counted until a descendant with usage arrived, and a new price (docs/decisions/0004).
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from mno.observability.spans.columns import COST_PARTS, amounts, nano_amounts, optional_amounts, priceable
from mno.observability.spans.model import Span, SpanKey
from mno.observability.spans.store import SpanStore, restatement


class Restatements:
    """Builds restating blocks; runs on the store thread."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store

    def uncount(self, keys: Sequence[SpanKey], now_us: int) -> list[pa.Table]:
        """Blocks after which these spans count no longer."""
        return [
            restatement(rows, {"counted": pa.array(np.zeros(rows.num_rows, np.uint8))}, now_us)
            for rows in self._store.current_rows(keys)
            if rows.num_rows
        ]

    def reprice(self, rows: pa.Table, price: Callable[[Span], None], now_us: int) -> pa.Table | None:
        """The block that gives `rows` today's price, or None when no price differs."""
        spans = priceable(rows)
        before = nano_amounts(rows["cost"])
        versions = rows["price_version"].to_pylist()
        changed = []
        for index, span in enumerate(spans):
            price(span)
            if span.cost != before[index] or span.price_version != versions[index]:
                changed.append(index)
        if not changed:
            return None
        priced = [spans[index] for index in changed]
        columns = {
            name: amounts(np.array([getattr(span, name) for span in priced], np.int64)) for name in COST_PARTS
        }
        columns["cost"] = optional_amounts([span.cost for span in priced])
        columns["price_source"] = pa.array([span.price_source for span in priced])
        columns["price_version"] = pa.array([span.price_version for span in priced])
        return restatement(rows.take(pa.array(changed)), columns, now_us)
