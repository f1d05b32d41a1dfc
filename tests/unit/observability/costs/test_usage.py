"""Amounts in another currency, exported cells, and the slices of a re-rating job."""

import csv
import io
import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.costs.export import summary_csv, summary_json, summary_parquet
from mno.observability.costs.model import CurrencyRate
from mno.observability.costs.queries import COSTS, MEASURES
from mno.observability.costs.question import HOUR_US, MINUTE_US, UsageQuestion
from mno.observability.costs.rerate import MAX_SLICE_SPANS, slices
from mno.observability.costs.usage import Summary, in_currency
from mno.observability.spans.queries import Tenant
from mno.platform import money
from mno.platform.time_range import TimeRange, from_microseconds

nano = st.integers(0, 10**18)


@given(st.lists(nano, min_size=4, max_size=4), st.decimals("0.000001", "100000", places=6))
def test_an_amount_is_converted_exactly_and_its_parts_still_add_up(parts: list[int], rate: Decimal) -> None:
    row = tuple(money.usd(amount) for amount in (sum(parts), *parts))
    cost, *converted = in_currency(row, rate)
    assert cost == money.usd(round(sum(parts) * Fraction(rate)))
    assert sum(converted) == cost
    assert all(abs(part - amount * rate) < Decimal("1e-9") for part, amount in zip(converted, row[1:], strict=True))


def test_parts_that_never_added_up_are_converted_one_by_one() -> None:
    row = (Decimal("1.000000000"), *[Decimal("0.100000000")] * 4)
    assert in_currency(row, Decimal(2)) == [Decimal("2.000000000"), *[Decimal("0.200000000")] * 4]


def a_summary(user: str) -> Summary:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    question = UsageQuestion(Tenant("t", "p"), TimeRange(noon, noon + timedelta(hours=1)), dimensions=("user",))
    columns: dict[str, object] = {"bucket": pa.array([noon], pa.timestamp("us", "UTC")), "user": [user]}
    for name in MEASURES:
        columns[name] = pa.array([Decimal("1.5")], pa.decimal128(38, 9)) if name in COSTS else [7]
    table = pa.table({**columns, "latency_ms_p50": [1.25], "latency_ms_p95": pa.array([None], pa.float64())})
    return Summary(question, "CNY", CurrencyRate("CNY", Decimal("7.10"), date(2026, 11, 1)), 3, True, table)


def test_a_summary_as_json_has_strings_for_money_and_times() -> None:
    answer = orjson.loads(summary_json(a_summary("u")))
    assert (answer["currency"], answer["rate"], answer["rate_date"]) == ("CNY", "7.1", "2026-11-01")
    assert (answer["from"], answer["truncated"], answer["unpriced_calls"]) == ("2026-11-20T12:00:00.000000Z", True, 3)
    (row,) = answer["rows"]
    assert (row["bucket"], row["user"], row["cost"]) == ("2026-11-20T12:00:00Z", "u", "1.500000000")
    assert (row["latency_ms_p50"], row["latency_ms_p95"]) == (1.25, None)


def test_a_cell_that_a_spreadsheet_would_run_is_made_text() -> None:
    (row,) = csv.DictReader(io.StringIO(summary_csv(a_summary("=HYPERLINK(1)")).decode()))
    assert (row["user"], row["currency"], row["cost"]) == ("'=HYPERLINK(1)", "CNY", "1.500000000")


def test_parquet_keeps_types_and_names_the_currency() -> None:
    table = pq.read_table(io.BytesIO(summary_parquet(a_summary("u"))))
    assert table.schema.metadata[b"currency"] == b"CNY"
    assert table["cost"].to_pylist() == [Decimal("1.500000000")]
    assert table["bucket"].type == pa.timestamp("us", "UTC")


@given(
    st.dictionaries(st.integers(0, 40), st.sampled_from([1, MAX_SLICE_SPANS, MAX_SLICE_SPANS + 1]), max_size=5),
    st.integers(0, 20 * HOUR_US),
    st.integers(1, 20 * HOUR_US),
)
def test_slices_cover_every_hour_with_spans_inside_the_window_once(
    spans: dict[int, int], start: int, length: int
) -> None:
    window = TimeRange(from_microseconds(start), from_microseconds(start + length))
    hours = [(hour * HOUR_US, count) for hour, count in sorted(spans.items())]
    found = slices(hours, window)
    assert found == sorted(found)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))
    for hour_us, count in hours:
        inside = [part for part in found if hour_us <= part[0] < hour_us + HOUR_US]
        overlap = max(0, min(hour_us + HOUR_US, start + length) - max(hour_us, start))
        assert sum(last - first for first, last in inside) == overlap
        if count > MAX_SLICE_SPANS:
            assert all(last - first <= MINUTE_US for first, last in inside)
