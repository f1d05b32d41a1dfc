"""Blocks: whatever the size of the deliveries, a row a span, in their order, each with its owner."""

import pytest

from mno.observability.spans import columns
from mno.observability.spans.model import Owner, Span

SMALL = 3


def spans(first: int, count: int) -> list[Span]:
    return [
        Span(
            number.to_bytes(16), number.to_bytes(8), number * 1000, 5, f"step {number % 4}", model=f"model {number % 3}"
        )
        for number in range(first, first + count)
    ]


@pytest.mark.parametrize(
    "sizes", [(1,), (SMALL,), (SMALL + 1,), (2 * SMALL,), (1, 1, 1, 1), (2, 2, 7, 1, 3), (SMALL, 0, 1)]
)
def test_a_block_holds_each_span_once_in_order_with_its_owner(
    sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "_SHARE_SPANS", SMALL)
    deliveries = [
        (Owner("team", f"project {place % 2}", "otlp", f"key {place}"), spans(100 * place, size))
        for place, size in enumerate(sizes)
    ]

    rows = columns.block(deliveries, 7).select(["span_id", "name", "model", "project_id", "api_key_id"])

    assert [
        (row["span_id"], row["name"], row["model"], row["project_id"], row["api_key_id"]) for row in rows.to_pylist()
    ] == [
        (span.span_id, span.name, span.model, owner.project_id, owner.api_key_id)
        for owner, delivered in deliveries
        for span in delivered
    ]
    assert all(column.num_chunks == 1 for column in rows.columns)
