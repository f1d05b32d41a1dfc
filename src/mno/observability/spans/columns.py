"""Spans as Arrow columns: how a batch of `Span` becomes one block of the table `spans`, and back.

Columns, not rows: every field is gathered over the whole batch by one C loop and handed to Arrow at once,
which is what makes the ingest fast. The table is migrations/clickhouse/0001_spans.sql.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from mno.observability.spans.model import Owner, Span, UsageKind

_TIME = pa.timestamp("us", "UTC")
_COST = pa.decimal128(18, 9)
_WORD = pa.dictionary(pa.int32(), pa.string())

#: Columns of few distinct values, which travel and stand as dictionaries.
WORDS = (
    "name", "kind", "status", "service", "scope", "convention", "operation", "provider", "model", "request_model",
    "agent", "tool", "environment", "finish_reason", "service_tier", "price_source", "price_version", "resource",
)  # fmt: skip
TEXTS = (
    "status_message", "user_id", "session_id", "input_messages", "output_messages", "attributes", "events", "links",
)  # fmt: skip
TOKENS = (
    "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "input_audio_tokens",
    "output_tokens", "reasoning_tokens", "output_audio_tokens",
)  # fmt: skip
NUMBERS = ("duration_ns", *TOKENS, "time_to_first_token_ns")
COST_PARTS = ("cost_input", "cost_cache_read", "cost_cache_write", "cost_output")

#: A row of the table `usage_entries`. Rows that were read from the store have their words as plain text, new ones as
#: dictionaries.
USAGE_ENTRY = pa.schema(
    [
        *((name, _WORD) for name in ("team_id", "project_id", "api_key_id")),
        *((name, _WORD) for name in ("status", "provider", "model", "agent", "environment")),
        ("user_id", pa.string()),
        ("session_id", pa.string()),
        ("tags", pa.list_(pa.string())),
        ("start_time", _TIME),
        ("sign", pa.int8()),
        ("duration_ns", pa.int64()),
        *((name, pa.int64()) for name in TOKENS),
        ("cost", _COST),
        *((name, _COST) for name in COST_PARTS),
    ]
)
_USAGE_COLUMNS = ("counted", *USAGE_ENTRY.names)

#: Spans whose fields are gathered at once. With more, a single call keeps the interpreter from the other threads for
#: tens of milliseconds; with fewer, this thread stands aside too often.
_SHARE_SPANS = 2_500

Deliveries = Sequence[tuple[Owner, Sequence[Span]]]

#: What a block is keyed and grouped by, filled for a whole delivery at once.
OWNERS = ("team_id", "project_id", "source", "api_key_id")


def block(deliveries: Deliveries, ingested_at_us: int) -> pa.Table:
    """One block for the table `spans`: new rows, so `sign` is 1 and `revision` 0."""
    shares = [_share(share, ingested_at_us) for share in _shares(deliveries)]
    return pa.concat_tables(shares).unify_dictionaries().combine_chunks()


def _shares(deliveries: Deliveries) -> Iterator[Deliveries]:
    """The same spans in the same order, `_SHARE_SPANS` at a time at most."""
    share: list[tuple[Owner, Sequence[Span]]] = []
    room = _SHARE_SPANS
    for owner, spans in deliveries:
        for first in range(0, len(spans), _SHARE_SPANS):
            part = spans[first : first + _SHARE_SPANS]
            if len(part) > room:
                yield share
                share, room = [], _SHARE_SPANS
            share.append((owner, part))
            room -= len(part)
    if share:
        yield share


def _share(deliveries: Deliveries, ingested_at_us: int) -> pa.Table:
    spans = [span for _, delivered in deliveries for span in delivered]
    count = len(spans)
    gathered: dict[str, Sequence[Any]] = dict(
        zip(Span.__struct_fields__, zip(*map(astuple, spans), strict=True), strict=True)
    )
    columns: dict[str, pa.Array] = _owners(deliveries)
    columns["start_time"] = _times(np.array(gathered["start_ns"], np.int64) // 1000)
    columns["ingested_at"] = _times(np.full(count, ingested_at_us, np.int64))
    columns["sign"] = pa.array(np.ones(count, np.int8))
    columns["revision"] = pa.array(np.zeros(count, np.uint32))
    for name, width in (("trace_id", 16), ("span_id", 8), ("parent_span_id", 8)):
        columns[name] = _binaries(gathered[name], width)
    for name in WORDS:
        columns[name] = _words(gathered[name])
    for name in TEXTS:
        columns[name] = pa.array(gathered[name], pa.string())
    for name in NUMBERS:
        columns[name] = pa.array(np.array(gathered[name], np.int64))
    for name in COST_PARTS:
        columns[name] = amounts(np.array(gathered[name], np.int64))
    columns["cost"] = optional_amounts(gathered["cost"])
    for name in ("counted", "metered"):
        columns[name] = pa.array(np.array(gathered[name], np.uint8))
    columns["usage_kind"] = pa.array(np.array(gathered["usage_kind"], np.int8))
    columns["tags"] = pa.array(gathered["tags"], pa.list_(pa.string()))
    return pa.table(columns)


def usage_part(rows: pa.Table) -> pa.Table:
    """What the usage rollups need of a block of `spans`; shares its memory and lets its texts go."""
    return rows.select(_USAGE_COLUMNS)


def usage_entries(parts: Sequence[pa.Table]) -> pa.Table:
    """The block for the table `usage_entries` that these parts make: their counted rows."""
    counted = [part.filter(pc.equal(part["counted"], 1)) for part in parts]
    alike = [part.select(USAGE_ENTRY.names).cast(USAGE_ENTRY) for part in counted]
    return pa.concat_tables(alike).unify_dictionaries().combine_chunks()


def amounts(nano: "np.ndarray[Any, np.dtype[np.int64]]", mask: Any = None) -> pa.Array:
    """Nano-dollars as Decimal(18, 9); `mask` is true where there is no amount."""
    wide = np.empty((len(nano), 2), np.int64)
    wide[:, 0] = nano
    wide[:, 1] = nano >> 63
    validity = None if mask is None else pa.py_buffer(np.packbits(~mask, bitorder="little"))
    return pa.Array.from_buffers(_COST, len(nano), [validity, pa.py_buffer(wide)])


def nano_amounts(column: pa.ChunkedArray) -> list[int | None]:
    """A Decimal(18, 9) column as nano-dollars."""
    return [None if amount is None else int(amount.scaleb(9)) for amount in column.to_pylist()]


def optional_amounts(costs: Sequence[int | None]) -> pa.Array:
    """Nano-dollars or None as nullable Decimal(18, 9)."""
    if None not in costs:
        return amounts(np.array(costs, np.int64))
    mask = np.array([cost is None for cost in costs])
    return amounts(np.array([cost or 0 for cost in costs], np.int64), mask)


#: What a price depends on.
_PRICED_BY = (
    "trace_id", "span_id", "name", "provider", "model", "request_model", "service_tier", "status",
    *TOKENS,
)  # fmt: skip

#: What `priceable` and a comparison of prices need of a stored row.
PRICE_COLUMNS = (*_PRICED_BY, "start_time", "usage_kind", "metered", "cost", "price_source", "price_version")


def priceable(rows: pa.Table) -> list[Span]:
    """Stored rows as spans with just the fields that a price depends on."""
    columns = {name: rows[name].to_pylist() for name in _PRICED_BY}
    starts = rows["start_time"].cast(pa.int64()).to_pylist()
    kinds = rows["usage_kind"].cast(pa.int64()).to_pylist()
    metered = rows["metered"].to_pylist()
    return [
        Span(
            start_ns=starts[index] * 1000,
            duration_ns=0,
            usage_kind=UsageKind(kinds[index]),
            metered=bool(metered[index]),
            **{name: column[index] for name, column in columns.items()},
        )
        for index in range(rows.num_rows)
    ]


def _owners(deliveries: Deliveries) -> dict[str, pa.Array]:
    sizes = [len(delivered) for _, delivered in deliveries]
    columns = {}
    for name in OWNERS:
        given = [getattr(owner, name) for owner, _ in deliveries]
        distinct = {value: code for code, value in enumerate(dict.fromkeys(given))}
        codes = np.repeat(np.array([distinct[value] for value in given], np.int32), sizes)
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list(distinct)))
    return columns


def _times(microseconds: "np.ndarray[Any, np.dtype[np.int64]]") -> pa.Array:
    return pa.array(microseconds).cast(_TIME)


def _words(values: Sequence[str]) -> pa.Array:
    first = values[0]
    if values.count(first) == len(values):
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(values), np.int32)), pa.array([first]))
    return pa.array(values, pa.string()).dictionary_encode()


def _binaries(values: Sequence[bytes], width: int) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(width), len(values), [None, pa.py_buffer(b"".join(values))])
