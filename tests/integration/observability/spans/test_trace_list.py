import asyncio
import json
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mno.observability.spans import queries
from mno.observability.spans.filters import SpanFilter, Status
from mno.observability.spans.model import Span, UsageKind
from mno.observability.spans.queries import SpanQueries, Tenant
from mno.observability.spans.service import Traces
from mno.platform.clickhouse import ClickHouse
from mno.platform.errors import Invalid, LimitExceeded
from mno.platform.time_range import TimeRange, from_microseconds
from support.arriving import MONTH, T0_NS, a_span, arrive, restate, span_id, trace_id
from support.examples import ONE_FIXTURE, examples

ANYTHING = SpanFilter()


@pytest.fixture
def traces(clickhouse: ClickHouse) -> Traces:
    return Traces(SpanQueries(clickhouse))


async def listed(
    traces: Traces, tenant: Tenant, asked: SpanFilter = ANYTHING, *, window: TimeRange = MONTH
) -> list[int]:
    page = await traces.page(tenant, window, asked, limit=200)
    return [int(row.trace_id, 16) for row in page.items]


async def test_traces_come_newest_first_with_their_totals(
    traces: Traces, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    call = {"usage_kind": UsageKind.CALL, "counted": True, "model": "gpt-4o", "input_tokens": 7, "output_tokens": 3}
    arrive(
        clickhouse,
        tenant,
        [
            a_span(1, 1, name="root", user_id="ann", session_id="s", agent="bot", environment="prod", service="shop"),
            a_span(1, 2, at_s=1, parent=1, cost=1_500_000_000, **call),
            a_span(1, 3, at_s=2, parent=1, cost=None, status="error", duration_ns=2_500_000_000, **call),
            a_span(2, 4, at_s=60, name="later"),
        ],
    )
    page = await traces.page(tenant, MONTH, ANYTHING)
    assert [row.name for row in page.items] == ["later", "root"]
    assert page.next_cursor is None
    assert page.items[1].model_dump() == {
        "trace_id": trace_id(1).hex(),
        "name": "root",
        "start_time": "2026-11-01T00:00:00.000000Z",
        "duration_ms": 4500.0,
        "spans": 3,
        "errors": 1,
        "calls": 2,
        "unpriced_calls": 1,
        "input_tokens": 14,
        "output_tokens": 6,
        "cost": "1.500000000",
        "models": ["gpt-4o"],
        "user": "ann",
        "session": "s",
        "agent": "bot",
        "environment": "prod",
        "service": "shop",
    }


async def test_a_project_sees_its_own_traces_only(traces: Traces, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(clickhouse, tenant, [a_span(1, 1)])
    assert await listed(traces, replace(tenant, project_id="another")) == []
    assert await listed(traces, replace(tenant, team_id="another")) == []


async def test_the_range_holds_its_start_and_not_its_end(
    traces: Traces, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, [a_span(number, number, at_s=number) for number in (1, 2, 3)])
    start = T0_NS // 1000
    window = TimeRange(from_microseconds(start + 1_000_000), from_microseconds(start + 3_000_000))
    assert await listed(traces, tenant, window=window) == [2, 1]


FILTERED = [
    a_span(1, 1, at_s=1, provider="openai", model="gpt-4o", user_id="ann", tags=("feature=x", "team=search")),
    a_span(2, 2, at_s=2, provider="anthropic", model="claude", user_id="bob", tags=("team=ads",), status="error"),
    a_span(
        3, 3, at_s=3, provider="openai", model="gpt-4o-mini", session_id="s3", operation="chat", duration_ns=5 * 10**9
    ),
    a_span(4, 4, at_s=4, agent="planner", environment="prod", tool="search"),
    a_span(4, 5, at_s=4, status="error", parent=4),
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (SpanFilter(), [4, 3, 2, 1]),
        (SpanFilter(providers=("openai",)), [3, 1]),
        (SpanFilter(models=("gpt-4o", "claude")), [2, 1]),
        (SpanFilter(providers=("openai",), models=("gpt-4o", "claude")), [1]),
        (SpanFilter(users=("bob",)), [2]),
        (SpanFilter(sessions=("s3",)), [3]),
        (SpanFilter(agents=("planner",)), [4]),
        (SpanFilter(environments=("prod",)), [4]),
        (SpanFilter(operations=("chat", "none")), [3]),
        (SpanFilter(tools=("search", "other")), [4]),
        (SpanFilter(tags=(("team", ("ads", "search")),)), [2, 1]),
        (SpanFilter(tags=(("feature", ("x",)), ("team", ("ads",)))), []),
        (SpanFilter(status=Status.ERROR), [4, 2]),
        (SpanFilter(status=Status.OK), [3, 1]),
        (SpanFilter(status=Status.ERROR, agents=("planner",)), []),
        (SpanFilter(min_duration_ms=1000.5), [3]),
    ],
)
async def test_filters_hold_of_one_and_the_same_span(
    traces: Traces, clickhouse: ClickHouse, tenant: Tenant, asked: SpanFilter, expected: list[int]
) -> None:
    arrive(clickhouse, tenant, FILTERED)
    assert await listed(traces, tenant, asked) == expected


MESSAGES = '[{"role":"user","parts":[{"type":"text","content":"幫我訂\\n機票 \\"Now\\" to Köln"}]}]'
NESTED = json.dumps({"llm.tools": json.dumps([{"description": "查詢天氣"}])}, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("機票", True),
        ("KÖLN", True),
        ('"now" to', True),
        ("訂\n機", True),
        ("Checkout", True),
        ("GPT-4O", True),
        ("ANN@", True),
        ("session-9", True),
        ("planner", True),
        ("get_weather", True),
        ("quota exceeded", True),
        ("server.address", True),
        ("查詢", True),
        ("assistant said", True),
        (trace_id(9).hex(), True),
        (span_id(9).hex().upper(), True),
        (trace_id(8).hex(), False),
        ("船票", False),
        ("%", False),
        ("\\", True),
        ("'; DROP TABLE spans --", False),
    ],
)
async def test_free_text_finds_names_messages_attributes_and_ids(
    traces: Traces, clickhouse: ClickHouse, tenant: Tenant, text: str, found: bool
) -> None:
    arrive(
        clickhouse,
        tenant,
        [
            a_span(1, 1),
            a_span(
                9, 9, name="checkout", model="gpt-4o", user_id="ann@example", session_id="Session-9", agent="Planner",
                tool="get_weather", status_message="Quota exceeded", input_messages=MESSAGES,
                output_messages='[{"role":"assistant","parts":[{"type":"text","content":"Assistant said"}]}]',
                attributes=NESTED.replace("{", '{"server.address":"a",', 1),
            ),
        ],
    )  # fmt: skip
    assert await listed(traces, tenant, SpanFilter(text=text)) == ([9] if found else [])


async def test_a_search_that_takes_too_long_says_so(
    traces: Traces, clickhouse: ClickHouse, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "[" + "x" * 200_000 + "]"
    arrive(clickhouse, tenant, [a_span(number, number, at_s=number, input_messages=body) for number in range(1, 400)])
    slow = queries._READ_IN_ORDER.replace(f"= {queries.SEARCH_TIMEOUT_S}", "= 0.001")
    monkeypatch.setattr(queries, "_READ_IN_ORDER", slow)
    with pytest.raises(LimitExceeded, match="shorter time range"):
        await listed(traces, tenant, SpanFilter(text="not there"))


async def test_a_cursor_is_bound_to_its_filters(traces: Traces, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(clickhouse, tenant, [a_span(number, number, at_s=number) for number in (1, 2)])
    page = await traces.page(tenant, MONTH, ANYTHING, limit=1)
    assert page.next_cursor is not None
    with pytest.raises(Invalid, match="other filters"):
        await traces.page(tenant, MONTH, SpanFilter(status=Status.ERROR), limit=1, cursor=page.next_cursor)


#: The paging test has a month of its own, so that merging it is quick whatever other tests have stored.
PAGING_AT_S = 75 * 86_400
PAGING_MONTH = TimeRange(
    from_microseconds(T0_NS // 1000 + PAGING_AT_S * 1_000_000),
    from_microseconds(T0_NS // 1000 + (PAGING_AT_S + 86_400) * 1_000_000),
)

#: (trace, start): few of both, so that traces overlap and starts tie.
arrivals = st.lists(
    st.lists(st.tuples(st.integers(1, 12), st.integers(0, 15), st.booleans()), min_size=1, max_size=12),
    min_size=1,
    max_size=6,
)


@settings(max_examples=examples(8, 400), suppress_health_check=ONE_FIXTURE)
@given(blocks=arrivals, limit=st.integers(1, 4), failed_only=st.booleans(), merge=st.booleans())
def test_paging_shows_every_trace_once_whatever_arrives_meanwhile(
    traces: Traces,
    clickhouse: ClickHouse,
    blocks: list[list[tuple[int, int, bool]]],
    limit: int,
    failed_only: bool,
    merge: bool,
) -> None:
    tenant = Tenant(str(uuid4()), str(uuid4()))
    asked = SpanFilter(status=Status.ERROR if failed_only else None)
    serial = iter(range(1, 1000))
    stored: list[Span] = []

    def receive(block: list[tuple[int, int, bool]]) -> None:
        spans = [
            a_span(trace, next(serial), at_s=PAGING_AT_S + at, status="error" if bad else "ok")
            for trace, at, bad in block
        ]
        arrive(clickhouse, tenant, spans)
        stored.extend(spans)
        restate(clickhouse, tenant, stored[::2], counted=0)

    async def read() -> list[int]:
        receive(blocks[0])
        waiting = blocks[1:]
        page = await traces.page(tenant, PAGING_MONTH, asked, limit=limit)
        shown = [int(row.trace_id, 16) for row in page.items]
        while page.next_cursor:
            if waiting:
                receive(waiting.pop(0))
            if merge:
                clickhouse.command_now("OPTIMIZE TABLE spans PARTITION ID '202701' FINAL")
            page = await traces.page(tenant, PAGING_MONTH, asked, limit=limit, cursor=page.next_cursor)
            assert len(page.items) <= limit
            shown += [int(row.trace_id, 16) for row in page.items]
        return shown

    newest: dict[int, tuple[int, int]] = {}
    for trace, at, failed in blocks[0]:
        if failed or not failed_only:
            newest[trace] = max(newest.get(trace, (0, 0)), (at, trace))
    assert asyncio.run(read()) == sorted(newest, key=lambda trace: newest[trace], reverse=True)


async def test_an_export_holds_what_the_pages_hold(traces: Traces, clickhouse: ClickHouse, tenant: Tenant) -> None:
    arrive(clickhouse, tenant, [a_span(number, number, at_s=number) for number in range(1, 26)])
    exported = [row.name async for page in traces.pages(tenant, MONTH, ANYTHING, limit=20) for row in page]
    assert exported == [f"span {number}" for number in range(25, 5, -1)]
