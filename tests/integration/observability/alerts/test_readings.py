"""What usage says to rules is what the spans say: measures, filters, groups, windows, late and restated spans."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from mno.observability.alerts.evaluation.queries import RuleQueries
from mno.observability.alerts.model import AlertMeasure, Place, Terms
from mno.observability.spans.queries import Tenant
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from support.alerts import terms
from support.arriving import restate
from support.budgets import Tenancy, a_call, sent

DOLLAR = 1_000_000_000
ONE = UUID(int=1)


@pytest.fixture
def tenancy() -> Tenancy:
    return Tenancy(uuid4(), uuid4())


async def read(clickhouse: ClickHouse, tenancy: Tenancy, wanted: Terms, *, of_team: bool = False) -> dict[str, Any]:
    place = Place(tenancy.team_id, None if of_team else tenancy.project_id)
    found = await RuleQueries(clickhouse).readings(place, {ONE: wanted}, clock.now())
    return {group: (one.value, one.calls) for group, one in found[ONE].items()}


def three_calls(clickhouse: ClickHouse, tenancy: Tenancy) -> None:
    """Within five minutes, and one that is older and one that does not count."""
    sent(
        clickhouse,
        tenancy,
        a_call(1, DOLLAR, minutes_ago=0.1, user_id="ann", model="large", status="error", tags=("team=search",)),
        a_call(2, DOLLAR // 2, minutes_ago=2.5, user_id="bob", model="large"),
        a_call(3, None, minutes_ago=4.5, user_id="bob", model="small", agent="clerk"),
        a_call(4, 8 * DOLLAR, minutes_ago=6.5, user_id="ann", model="large", status="error"),
        a_call(5, 9 * DOLLAR, counted=False, user_id="ann", model="large"),
    )


@pytest.mark.parametrize(
    ("wish", "value", "calls"),
    [
        ({"measure": AlertMeasure.COST}, Decimal("1.5"), 3),
        ({"measure": AlertMeasure.CALLS}, 3, 3),
        ({"measure": AlertMeasure.ERRORS}, 1, 3),
        ({"measure": AlertMeasure.ERROR_RATE}, Decimal("33.333"), 3),
        ({"measure": AlertMeasure.TOKENS}, 300, 3),
        ({"measure": AlertMeasure.COST, "window_s": 600}, Decimal("9.5"), 4),
        ({"measure": AlertMeasure.COST, "window_s": 86_400}, Decimal("9.5"), 4),
        ({"measure": AlertMeasure.CALLS, "window_s": 60}, 1, 1),
        ({"measure": AlertMeasure.CALLS, "matches": {"user": ("bob",)}}, 2, 2),
        ({"measure": AlertMeasure.CALLS, "matches": {"user": ("bob",), "model": ("small", "x")}}, 1, 1),
        ({"measure": AlertMeasure.CALLS, "matches": {"tag:team": ("search",)}}, 1, 1),
        ({"measure": AlertMeasure.CALLS, "matches": {"agent": ("nobody",)}}, 0, 0),
        ({"measure": AlertMeasure.ERROR_RATE, "matches": {"agent": ("nobody",)}}, None, 0),
    ],
)
async def test_a_measure_is_that_of_the_spans_in_the_window(
    clickhouse: ClickHouse, tenancy: Tenancy, wish: dict[str, Any], value: Any, calls: int
) -> None:
    three_calls(clickhouse, tenancy)
    assert await read(clickhouse, tenancy, terms(**wish)) == {"": (value, calls)}
    assert await read(clickhouse, tenancy, terms(**wish), of_team=True) == {"": (value, calls)}


async def test_latency_is_a_quantile_in_milliseconds(clickhouse: ClickHouse, tenancy: Tenancy) -> None:
    quick = [a_call(n, 1, minutes_ago=n / 5) for n in range(1, 20)]
    slow = a_call(20, 1)
    slow.duration_ns = 800_000_000
    sent(clickhouse, tenancy, *quick, slow)
    for quantile, wanted in ((50, 1.0), (95, 1.0), (99, 800.0)):
        wish = terms(measure=AlertMeasure.LATENCY, quantile=quantile)
        value, calls = (await read(clickhouse, tenancy, wish))[""]
        assert calls == 20
        assert abs(float(value) / wanted - 1) < 0.011


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        ("user", {"ann": 1, "bob": 2}),
        ("model", {"large": 2, "small": 1}),
        ("agent", {"clerk": 1}),
        ("tag:team", {"search": 1}),
        ("api_key", {"key_1": 3}),
    ],
)
async def test_each_group_is_read_for_itself(
    clickhouse: ClickHouse, tenancy: Tenancy, group_by: str, groups: dict[str, int]
) -> None:
    three_calls(clickhouse, tenancy)
    found = await read(clickhouse, tenancy, terms(measure=AlertMeasure.CALLS, group_by=group_by))
    assert {group: calls for group, (_, calls) in found.items()} == groups


async def test_a_team_s_rule_reads_all_its_projects_and_tells_them_apart(
    clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    other, stranger = Tenancy(tenancy.team_id, uuid4()), Tenancy(uuid4(), tenancy.project_id)
    for one in (tenancy, other, stranger):
        sent(clickhouse, one, a_call(1, DOLLAR))
    calls = terms(measure=AlertMeasure.CALLS)
    assert await read(clickhouse, tenancy, calls, of_team=True) == {"": (2, 2)}
    assert await read(clickhouse, tenancy, calls) == {"": (1, 1)}
    by_project = terms(measure=AlertMeasure.CALLS, group_by="project")
    found = await read(clickhouse, tenancy, by_project, of_team=True)
    assert set(found) == {str(tenancy.project_id), str(other.project_id)}


async def test_spans_that_come_late_count_where_they_belong(clickhouse: ClickHouse, tenancy: Tenancy) -> None:
    cost = terms(measure=AlertMeasure.COST)
    sent(clickhouse, tenancy, a_call(1, DOLLAR))
    assert await read(clickhouse, tenancy, cost) == {"": (1, 1)}
    sent(clickhouse, tenancy, a_call(2, DOLLAR, minutes_ago=3), a_call(3, DOLLAR, minutes_ago=10))
    assert await read(clickhouse, tenancy, cost) == {"": (2, 2)}


async def test_a_restated_span_counts_as_it_is_now(clickhouse: ClickHouse, tenancy: Tenancy) -> None:
    spans = sent(clickhouse, tenancy, a_call(1, DOLLAR, minutes_ago=3), a_call(2, DOLLAR))
    restate(clickhouse, Tenant(str(tenancy.team_id), str(tenancy.project_id)), spans, cost=Decimal("0.25"))
    assert await read(clickhouse, tenancy, terms(measure=AlertMeasure.COST)) == {"": (Decimal("0.5"), 2)}


async def test_many_rules_of_a_place_are_answered_together(clickhouse: ClickHouse, tenancy: Tenancy) -> None:
    three_calls(clickhouse, tenancy)
    wanted = {
        UUID(int=number): terms(measure=measure, window_s=window_s, quantile=95, matches=matches, group_by=group_by)
        for number, (measure, window_s, matches, group_by) in enumerate(
            (measure, window_s, matches, group_by)
            for measure in list(AlertMeasure)[:6]
            for window_s in (60, 300, 3_600, 86_400)
            for matches in ({}, {"model": ("large",)})
            for group_by in ("", "user")
        )
    }
    queries, now = RuleQueries(clickhouse), clock.now()
    place = Place(tenancy.team_id, tenancy.project_id)
    together = await queries.readings(place, wanted, now)
    for id_, one in wanted.items():
        assert await queries.readings(place, {id_: one}, now) == {id_: together[id_]}


async def test_groups_that_fell_silent_are_known_for_a_day(clickhouse: ClickHouse, tenancy: Tenancy) -> None:
    sent(clickhouse, tenancy, a_call(1, 1, minutes_ago=180, agent="clerk"), a_call(2, 1, minutes_ago=1_500, agent="x"))
    place, wish = Place(tenancy.team_id, tenancy.project_id), terms(measure=AlertMeasure.CALLS, group_by="agent")
    assert await RuleQueries(clickhouse).lately(place, wish, clock.now()) == ["clerk"]
    later = clock.now() + timedelta(days=1)
    assert await RuleQueries(clickhouse).lately(place, wish, later) == []


async def test_the_older_part_of_a_long_window_is_remembered_and_what_came_since_is_added(
    clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    queries, place = RuleQueries(clickhouse), Place(tenancy.team_id, tenancy.project_id)
    wanted = {ONE: terms(measure=AlertMeasure.COST, window_s=3_600), UUID(int=2): terms(window_s=3_600)}

    async def cost(minutes_later: float) -> tuple[Any, int]:
        found = await queries.readings(place, wanted, clock.now() + timedelta(minutes=minutes_later))
        return found[ONE][""].value, found[ONE][""].calls

    sent(clickhouse, tenancy, a_call(1, DOLLAR, minutes_ago=59.5), a_call(2, DOLLAR, minutes_ago=30))
    assert await cost(0) == (2, 2)
    sent(clickhouse, tenancy, a_call(3, DOLLAR, minutes_ago=4.9), a_call(4, DOLLAR, minutes_ago=20))
    # what came very late is found when the older part is read again, a sixtieth of the window later
    assert await cost(0) == (3, 3)
    assert await cost(1.1) == (3, 3)
    assert await cost(35) == (2, 2)
    assert await cost(61) == (0, 0)


async def test_rules_of_one_filter_share_a_look_whatever_their_windows_and_measures(
    clickhouse: ClickHouse, tenancy: Tenancy
) -> None:
    hours = [a_call(100 + n, DOLLAR, minutes_ago=60 * n + 30, user_id="ann", status="error") for n in range(1, 12)]
    sent(clickhouse, tenancy, *hours)
    three_calls(clickhouse, tenancy)
    measures = (AlertMeasure.COST, AlertMeasure.TOKENS, AlertMeasure.ERRORS, AlertMeasure.LATENCY, AlertMeasure.CALLS)
    wishes = [
        terms(measure=measure, window_s=window_s, group_by=group_by, quantile=95 * (measure is AlertMeasure.LATENCY))
        for number, measure in enumerate(measures)
        for window_s, group_by in ((60, ""), (3_600 * (number + 1), ""), (86_400, "user"), (300 * (number + 1), "user"))
    ]
    asked = {UUID(int=number): wish for number, wish in enumerate(wishes)}
    queries, place = RuleQueries(clickhouse), Place(tenancy.team_id, tenancy.project_id)
    for _ in range(2):
        now = clock.now()
        together = await queries.readings(place, asked, now)
        alone = {
            id_: (await RuleQueries(clickhouse).readings(place, {id_: wish}, now))[id_] for id_, wish in asked.items()
        }
        assert together == alone
