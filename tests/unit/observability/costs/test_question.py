"""Reading a question about usage, and cutting its range into pieces."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.costs.question import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    Interval,
    Table,
    UsageFilter,
    UsageQuestion,
    parsed_dimensions,
    pieces,
)
from mno.observability.spans.queries import Tenant
from mno.platform.errors import Invalid
from mno.platform.time_range import TimeRange, from_microseconds

TENANT = Tenant("t", "p")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


def question(start: datetime = NOON, length: timedelta = timedelta(hours=3), **fields: Any) -> UsageQuestion:
    return UsageQuestion(TENANT, TimeRange(start, start + length), **fields)


def tables(asked: UsageQuestion) -> list[Table]:
    return [piece.table for piece in pieces(asked)]


@given(st.integers(0, 10**15), st.integers(1, 10**13), st.sampled_from([(), ("user",), ("session",)]))
def test_the_pieces_cover_the_range_once_and_each_fits_its_table(
    start: int, length: int, dimensions: tuple[str, ...]
) -> None:
    window = TimeRange(from_microseconds(start), from_microseconds(start + length))
    found = pieces(UsageQuestion(TENANT, window, dimensions=dimensions))
    ranges = sorted(range_ for piece in found for range_ in piece.ranges)
    assert ranges[0][0] == start
    assert ranges[-1][1] == start + length
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ranges))
    grain = {
        Table.SPANS: 1,
        Table.MINUTE: MINUTE_US,
        Table.HOUR: HOUR_US,
        Table.DAY: DAY_US,
    }
    assert all(edge % grain[piece.table] == 0 for piece in found for range_ in piece.ranges for edge in range_)
    in_spans = sum(end - begin for piece in found if piece.table is Table.SPANS for begin, end in piece.ranges)
    assert in_spans < 2 * MINUTE_US


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [Table.HOUR]),
        ({"interval": Interval.DAY, "timezone": "Asia/Taipei"}, [Table.HOUR]),
        ({"dimensions": ("user",)}, [Table.DAY]),
        ({"asked": UsageFilter({"user": ("ann",)})}, [Table.DAY]),
        ({"dimensions": ("user",), "interval": Interval.DAY}, [Table.DAY]),
        ({"dimensions": ("user",), "interval": Interval.DAY, "timezone": "Asia/Taipei"}, [Table.MINUTE]),
        ({"dimensions": ("user",), "interval": Interval.HOUR}, [Table.MINUTE]),
        ({"interval": Interval.MINUTE}, [Table.MINUTE]),
        ({"dimensions": ("session",)}, [Table.MINUTE]),
        ({"dimensions": ("tag:team",)}, [Table.MINUTE]),
        ({"asked": UsageFilter({"session": ("s",)})}, [Table.MINUTE]),
        # Days of Kathmandu begin at 18:15 UTC, in the middle of an hour of ours.
        ({"interval": Interval.DAY, "timezone": "Asia/Kathmandu"}, [Table.MINUTE]),
        ({"timezone": "Asia/Kathmandu"}, [Table.HOUR]),
    ],
)
def test_the_coarsest_table_that_knows_enough_is_read(fields: dict[str, Any], expected: list[Table]) -> None:
    assert tables(question(MIDNIGHT, timedelta(days=2), **fields)) == expected


def test_the_ends_of_a_range_are_read_from_finer_tables() -> None:
    start = NOON + timedelta(minutes=7, seconds=3)
    assert tables(question(start)) == [Table.SPANS, Table.MINUTE, Table.HOUR]
    by_user = question(start, timedelta(days=3), dimensions=("user",))
    assert tables(by_user) == [Table.SPANS, Table.MINUTE, Table.DAY]


def test_filters_are_read_from_a_query_string() -> None:
    parameters = [("model", "a"), ("model", "b"), ("tag:team", "x"), ("limit", "5"), ("project", "p")]
    assert UsageFilter.from_parameters(parameters).accepted == {"model": ("a", "b"), "tag:team": ("x",)}


def test_dimensions_are_read_from_a_list() -> None:
    assert parsed_dimensions(" provider, tag:team ,,") == ("provider", "tag:team")


@pytest.mark.parametrize(
    "fields",
    [
        {"dimensions": ("colour",)},
        {"dimensions": ("model", "model")},
        {"dimensions": ("tag:",)},
        {"dimensions": tuple(f"tag:{number}" for number in range(9))},
        {"timezone": "Mars/Olympus"},
        {"timezone": "'; DROP TABLE spans"},
        {"timezone": "../../etc/passwd"},
        {"limit": 0},
        {"interval": Interval.MINUTE, "length": timedelta(days=90)},
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        question(**fields)


def test_too_many_filter_values_are_refused() -> None:
    with pytest.raises(Invalid, match="200"):
        UsageFilter({"model": tuple(str(number) for number in range(201))})
