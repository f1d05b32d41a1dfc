"""Summaries are exact: any question gives what a recount of the single spans gives."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil
from random import Random
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mno.observability.costs import usage
from mno.observability.costs.queries import UsageQueries
from mno.observability.costs.question import Interval, UsageFilter, UsageQuestion
from mno.observability.spans.model import Span, UsageKind
from mno.observability.spans.queries import Tenant
from mno.platform import money
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import TimeRange
from support.arriving import T0_NS, a_span, arrive, restate
from support.examples import ONE_FIXTURE, examples

T0 = datetime.fromtimestamp(T0_NS // 10**9, UTC)
DAYS = 3


@dataclass(frozen=True)
class Stored:
    """Spans as the store holds them now, after all restatements."""

    tenant: Tenant
    counted: list[Span]


def a_call(random: Random, number: int) -> Span:
    parts = [random.randrange(10**7) for _ in range(4)]
    priced = random.random() < 0.9
    read, write = random.randrange(50), random.randrange(50)
    return a_span(
        number,
        number,
        at_s=random.choice([0, 60, 3600, 86_400, random.uniform(0, DAYS * 86_400)]),
        duration_ns=int(10 ** random.uniform(2, 11)),
        status="error" if random.random() < 0.1 else "ok",
        provider=random.choice(["openai", "anthropic"]),
        model=random.choice(["m-1", "m-2", "m-3"]),
        agent=random.choice(["", "planner"]),
        environment=random.choice(["prod", "dev"]),
        user_id=random.choice(["", "ann", "bob", "陳"]),
        session_id=f"s{random.randrange(5)}",
        tags=tuple(sorted({f"team={random.choice(['red', 'blue'])}", "vip=true"}, key=str))[: random.randrange(3)],
        usage_kind=UsageKind.CALL,
        counted=True,
        metered=True,
        input_tokens=100 + read + write,
        cache_read_tokens=read,
        cache_write_5m_tokens=write // 2,
        cache_write_1h_tokens=write - write // 2,
        output_tokens=random.randrange(500),
        reasoning_tokens=random.randrange(10),
        cost=sum(parts) if priced else None,
        cost_input=parts[0] if priced else 0,
        cost_cache_read=parts[1] if priced else 0,
        cost_cache_write=parts[2] if priced else 0,
        cost_output=parts[3] if priced else 0,
    )


@pytest.fixture(scope="module")
def stored(clickhouse: ClickHouse) -> Stored:
    random = Random(7)
    tenant = Tenant(str(uuid4()), str(uuid4()))
    calls = [a_call(random, number) for number in range(1, 801)]
    arrive(clickhouse, tenant, calls[:500])
    arrive(clickhouse, tenant, calls[500:])
    arrive(clickhouse, tenant, [a_span(9_000 + number, 1, model="m-1") for number in range(20)])  # uncounted
    uncounted, repriced = calls[:60], calls[40:130]
    restate(clickhouse, tenant, repriced, cost=Decimal("0.5"), cost_input=Decimal("0.5"))
    for span in repriced:
        span.cost, span.cost_input = 500_000_000, 500_000_000
    restate(clickhouse, tenant, uncounted, counted=0)
    return Stored(tenant, calls[60:])


def accepted(span: Span, asked: UsageFilter) -> bool:
    return all(value_matches(span, name, values) for name, values in asked.accepted.items())


def value_matches(span: Span, name: str, values: tuple[str, ...]) -> bool:
    if name.startswith("tag:"):
        return any(f"{name.removeprefix('tag:')}={value}" in span.tags for value in values)
    return value_of(span, name) in values


def value_of(span: Span, name: str) -> str:
    if name.startswith("tag:"):
        prefix = f"{name.removeprefix('tag:')}="
        return next((tag.removeprefix(prefix) for tag in span.tags if tag.startswith(prefix)), "")
    return str(getattr(span, {"user": "user_id", "session": "session_id"}.get(name, name)))


def bucket_of(span: Span, interval: Interval, timezone: str) -> datetime | None:
    moment = (T0 + timedelta(microseconds=(span.start_ns - T0_NS) // 1000)).astimezone(ZoneInfo(timezone))
    moment = moment.replace(second=0, microsecond=0)
    match interval:
        case Interval.NONE:
            return None
        case Interval.HOUR:
            moment = moment.replace(minute=0)
        case Interval.DAY:
            moment = moment.replace(hour=0, minute=0)
    return moment.astimezone(UTC)


def recount(stored: Stored, question: UsageQuestion) -> dict[tuple[Any, ...], dict[str, Any]]:
    groups: dict[tuple[Any, ...], list[Span]] = defaultdict(list)
    for span in stored.counted:
        if question.window.start_us <= span.start_ns // 1000 < question.window.end_us and accepted(
            span, question.asked
        ):
            bucket = bucket_of(span, question.interval, question.timezone)
            groups[(bucket, *(value_of(span, name) for name in question.dimensions))].append(span)
    if not question.dimensions and question.interval is Interval.NONE and not groups:
        return {}
    return {key: sums(spans) for key, spans in groups.items()}


def sums(spans: list[Span]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(getattr(span, name) or 0 for span in spans)

    return {
        "calls": len(spans),
        "errors": sum(span.status == "error" for span in spans),
        "unpriced_calls": sum(span.cost is None for span in spans),
        "input_tokens": total("input_tokens"),
        "output_tokens": total("output_tokens"),
        "cache_read_tokens": total("cache_read_tokens"),
        "cache_write_tokens": total("cache_write_5m_tokens") + total("cache_write_1h_tokens"),
        "reasoning_tokens": total("reasoning_tokens"),
        **{name: money.usd(total(name)) for name in ("cost", "cost_input", "cost_cache_read", "cost_output")},
        "latencies": sorted(span.duration_ns / 1e6 for span in spans),
    }


def near(shown: float, latencies: list[float], quantile: float) -> bool:
    """Within 1 % of the exact nearest-rank quantile; below a microsecond all are one."""
    exact = max(latencies[ceil(quantile * len(latencies)) - 1], 0.001)
    return abs(shown - exact) <= 0.01 * exact + 0.0005


DIMENSIONS = ["provider", "model", "agent", "environment", "user", "session", "tag:team", "tag:vip"]
FILTERS = [
    {},
    {"model": ("m-1", "m-3")},
    {"user": ("陳",), "environment": ("prod",)},
    {"session": ("s1", "s2")},
    {"tag:team": ("red",)},
    {"model": ("no such",)},
]
seconds = st.one_of(
    st.integers(0, DAYS * 24).map(lambda hour: hour * 3600.0),
    st.integers(0, DAYS * 1440).map(lambda minute: minute * 60.0),
    st.integers(0, DAYS * 86_400 * 10**6).map(lambda us: us / 10**6),
)


@settings(
    max_examples=examples(40, 1_000),
    suppress_health_check=ONE_FIXTURE,
)
@given(
    ends=st.lists(seconds, min_size=2, max_size=2, unique=True).map(sorted),
    interval=st.sampled_from(Interval),
    dimensions=st.lists(st.sampled_from(DIMENSIONS), max_size=3, unique=True).map(tuple),
    asked=st.sampled_from(FILTERS),
    timezone=st.sampled_from(["UTC", "Asia/Taipei", "America/New_York", "Asia/Kathmandu"]),
)
async def test_a_summary_is_what_a_recount_of_the_spans_gives(
    clickhouse: ClickHouse,
    stored: Stored,
    ends: list[float],
    interval: Interval,
    dimensions: tuple[str, ...],
    asked: dict[str, tuple[str, ...]],
    timezone: str,
) -> None:
    window = TimeRange(*(T0 + timedelta(microseconds=round(end * 10**6)) for end in ends))
    question = UsageQuestion(stored.tenant, window, interval, dimensions, UsageFilter(asked), timezone)
    raw = await UsageQueries(clickhouse).summary(question)
    answer = usage._summary(question, "USD", None, raw)
    rows = {(row.get("bucket"), *(row[name] for name in dimensions)): row for row in answer.table.to_pylist()}
    expected = recount(stored, question)
    assert rows.keys() == expected.keys()
    assert len(rows) == answer.table.num_rows
    assert answer.unpriced_calls == sum(group["unpriced_calls"] for group in expected.values())
    for key, group in expected.items():
        latencies = group.pop("latencies")
        assert {name: rows[key][name] for name in group} == group
        assert near(rows[key]["latency_ms_p50"], latencies, 0.5)
        assert near(rows[key]["latency_ms_p95"], latencies, 0.95)


def whole(stored: Stored, **fields: Any) -> UsageQuestion:
    return UsageQuestion(stored.tenant, TimeRange(T0, T0 + timedelta(days=DAYS)), **fields)


async def test_the_dearest_groups_come_first_and_the_rest_is_said_to_be_missing(
    clickhouse: ClickHouse, stored: Stored
) -> None:
    queries = UsageQueries(clickhouse)
    every = usage._summary(q := whole(stored, dimensions=("user", "model")), "USD", None, await queries.summary(q))
    costs = every.table["cost"].to_pylist()
    assert costs == sorted(costs, reverse=True)
    assert not every.truncated
    cut = whole(stored, dimensions=("user", "model"), limit=3)
    some = usage._summary(cut, "USD", None, await queries.summary(cut))
    assert some.truncated
    assert some.table["cost"].to_pylist() == costs[:3]
    assert some.unpriced_calls == every.unpriced_calls


async def test_a_trend_keeps_all_intervals_of_the_dearest_groups(clickhouse: ClickHouse, stored: Stored) -> None:
    queries = UsageQueries(clickhouse)
    cut = whole(stored, dimensions=("user",), interval=Interval.DAY, limit=2)
    answer = usage._summary(cut, "USD", None, await queries.summary(cut))
    totals = whole(stored, dimensions=("user",))
    by_user = (await queries.summary(totals)).to_pylist()
    dearest = {row["d0"]: row["cost"] for row in by_user[:2]}
    shown: dict[str, Decimal] = defaultdict(Decimal)
    for row in answer.table.to_pylist():
        shown[row["user"]] += row["cost"]
    assert shown == dearest
    assert answer.table["bucket"].to_pylist() == sorted(answer.table["bucket"].to_pylist())


async def test_latency_may_be_left_out(clickhouse: ClickHouse, stored: Stored) -> None:
    queries = UsageQueries(clickhouse)
    full = (await queries.summary(whole(stored, dimensions=("user",)))).drop_columns(list(usage.LATENCIES))
    quick = await queries.summary(whole(stored, dimensions=("user",), latency=False))
    assert {quick[name].null_count for name in usage.LATENCIES} == {quick.num_rows}
    assert quick.drop_columns(list(usage.LATENCIES)) == full


async def test_another_team_sees_nothing(clickhouse: ClickHouse, stored: Stored) -> None:
    for stranger in (Tenant(str(uuid4()), stored.tenant.project_id), Tenant(stored.tenant.team_id, str(uuid4()))):
        question = UsageQuestion(stranger, TimeRange(T0, T0 + timedelta(days=DAYS)))
        queries = UsageQueries(clickhouse)
        assert (await queries.summary(question)).num_rows == 0
        assert await queries.menu(stranger, question.window, "model") == []
        assert await queries.unpriced(stranger, question.window) == []


async def test_menus_name_what_occurs_the_most_used_first(clickhouse: ClickHouse, stored: Stored) -> None:
    queries, window = UsageQueries(clickhouse), TimeRange(T0, T0 + timedelta(days=DAYS))
    assert set(await queries.menu(stored.tenant, window, "user")) == {"ann", "bob", "陳"}
    assert set(await queries.menu(stored.tenant, window, "tag")) == {"team", "vip"}
    assert await queries.menu(stored.tenant, window, "agent") == ["planner"]
    assert set(await queries.menu(stored.tenant, window, "session")) == {f"s{number}" for number in range(5)}


async def test_unpriced_models_are_listed_with_their_reason_until_they_are_priced(
    clickhouse: ClickHouse, tenant: Tenant
) -> None:
    fields: dict[str, Any] = {"usage_kind": UsageKind.CALL, "counted": True, "provider": "acme", "input_tokens": 5}
    first = a_span(1, 1, at_s=10, model="m", price_source="unknown_model", **fields)
    second = a_span(2, 2, at_s=90, model="m", price_source="unknown_model", **fields)
    silent = a_span(3, 3, at_s=5, model="n", price_source="no_usage", **fields)
    priced = a_span(4, 4, at_s=5, model="m", price_source="custom", cost=1, **fields)
    arrive(clickhouse, tenant, [first, second, silent, priced])
    queries, window = UsageQueries(clickhouse), TimeRange(T0, T0 + timedelta(days=1))
    found = await queries.unpriced(tenant, window)
    assert [(row.model, row.reason, row.calls, row.input_tokens) for row in found] == [
        ("m", "unknown_model", 2, 10),
        ("n", "no_usage", 1, 5),
    ]
    assert (found[0].first_us, found[0].last_us) == (first.start_ns // 1000, second.start_ns // 1000)
    restate(clickhouse, tenant, [first], cost=Decimal(1), price_source="custom")
    (row, _) = await queries.unpriced(tenant, window)
    assert (row.calls, row.first_us) == (1, second.start_ns // 1000)


async def test_text_of_a_reader_is_never_sql(clickhouse: ClickHouse, stored: Stored) -> None:
    evil = "x' OR 1=1 --{team:String}\\"
    question = whole(stored, dimensions=(f"tag:{evil}",), asked=UsageFilter({"model": (evil,), f"tag:{evil}": (evil,)}))
    assert (await UsageQueries(clickhouse).summary(question)).num_rows == 0
