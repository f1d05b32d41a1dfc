"""A trace's rows as the JSON of its waterfall, and its totals.

A trace may have 100,000 spans, so members are written a column at a time by Arrow, which does not hold the
interpreter. The engine could write them too, but to understand such a query takes it longer than to answer it.
"""

from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from mno.observability.spans.waterfall import waterfall

_TEXTS = ("kind", "operation", "status", "provider", "model", "agent", "tool", "service")
_SUMS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def waterfall_spans(table: pa.Table, first_us: int) -> bytes:
    """The JSON array of `WaterfallSpan`s of rows of `SpanQueries.spans_of_trace`; empty members are left out."""
    if table.num_rows == 0:
        return b"[]"
    span_ids, parent_ids = table["span_id"].to_pylist(), table["parent_span_id"].to_pylist()
    members = _members(table.combine_chunks(), first_us).to_pylist()
    parents = [f',"parent_span_id":"{parent.hex()}"' if any(parent) else "" for parent in parent_ids]
    spans = [
        f'{{"depth":{depth},"span_id":"{span_ids[span].hex()}"{parents[span]}{members[span]}}}'
        for span, depth in waterfall(span_ids, parent_ids)
    ]
    return f"[{','.join(spans)}]".encode()


def totals(table: pa.Table) -> dict[str, Any]:
    """Sums over rows of `SpanQueries.spans_of_trace`; tokens and cost of the counted spans only."""
    counted = table.filter(pc.equal(table["counted"], 1))
    return {
        "spans": table.num_rows,
        "errors": pc.sum(pc.equal(table["status"], "error")).as_py() or 0,
        "calls": counted.num_rows,
        "unpriced_calls": counted["cost"].null_count,
        **{name: pc.sum(counted[name]).as_py() or 0 for name in _SUMS},
        "cost": pc.sum(counted["cost"]).as_py() or Decimal(0),
    }


def _members(table: pa.Table, first_us: int) -> pa.Array:
    """All members but those of the span's place, each with a comma before it."""
    has_usage = pc.not_equal(table["usage_kind"], "none")
    return pc.binary_join_element_wise(
        _text(table, "name", unless=None),
        _number("start_offset_ns", pc.multiply(pc.subtract(table["start_us"], first_us), 1000), given=None),
        _number("duration_ns", table["duration_ns"], given=None),
        *(_text(table, name) for name in _TEXTS),
        *(_number(name, table[name], given=pc.not_equal(table[name], 0)) for name in ("input_tokens", "output_tokens")),
        _text(table, "usage_kind", unless="none"),
        _either(has_usage, _either(pc.equal(table["counted"], 1), ',"counted":true', ',"counted":false'), ""),
        _either(has_usage, _cost(table["cost_text"]), ""),
        _either(pc.equal(table["without_messages"], 1), "", ',"has_messages":true'),
        "",
    )


def _text(table: pa.Table, name: str, unless: str | None = "") -> pa.Array:
    """A text member, left out where the text is `unless`; every distinct text is written once."""
    words = table[name].combine_chunks().dictionary_encode()
    written = [
        "" if word == unless else f',"{name}":{orjson.dumps(word).decode()}' for word in words.dictionary.to_pylist()
    ]
    return pa.array(written, pa.string()).take(words.indices)


def _number(name: str, values: Any, *, given: Any) -> Any:
    written = pc.binary_join_element_wise(f',"{name}":', pc.cast(values, pa.string()), "")
    return written if given is None else _either(given, written, "")


def _cost(texts: Any) -> Any:
    return pc.coalesce(pc.binary_join_element_wise(',"cost":"', texts, '"', ""), ',"cost":null')


def _either(condition: Any, this: Any, that: Any) -> Any:
    return pc.if_else(condition, this, that)
