"""Weeks of usage that ends in the present hour, for tests of forecasts, anomalies and savings."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from mno.observability.forecast.calendar import Calendar
from mno.observability.forecast.hours import whole_hour
from mno.observability.spans import columns
from mno.observability.spans.model import Owner, Span, UsageKind
from mno.observability.spans.queries import Tenant
from mno.observability.spans.store import SpanStore
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from support.arriving import T0_NS, a_span

DOLLAR = 1_000_000_000
KEY_A, KEY_B = (f"key_{UUID(int=n).hex}" for n in (7, 8))
_T0 = datetime.fromtimestamp(T0_NS // 10**9, UTC)


class UtcCalendars:
    """The port of forecasts: everybody lives by UTC and has no holidays."""

    async def calendar_of(self, team_id: UUID, project_id: UUID) -> Calendar:  # noqa: ARG002 (the port's names)
        return Calendar(ZoneInfo("UTC"))


def present_hour() -> datetime:
    """The whole hour up to which a look goes."""
    return whole_hour(clock.now() - timedelta(minutes=3))


def a_call(number: int, moment: datetime, dollars: float, *, model: str = "large") -> Span:
    return a_span(
        number,
        number,
        at_s=(moment - _T0).total_seconds() + 60,
        provider="acme",
        model=model,
        usage_kind=UsageKind.CALL,
        counted=True,
        metered=True,
        input_tokens=1000,
        output_tokens=100,
        cost=round(dollars * DOLLAR),
        cost_input=round(dollars * DOLLAR),
    )


def steady_weeks(clickhouse: ClickHouse, tenant: Tenant, weeks: int, *, last_hours: dict[int, float]) -> None:
    """Two calls an hour, of 1 USD and 2 by day by the large model on key A, and a dime by the small one on key B.

    `last_hours` says by which factor the large model's calls were dearer in an hour, counted back from the present.
    """
    end = present_hour()
    large, small = [], []
    for back in range(1, weeks * 168 + 1):
        moment = end - timedelta(hours=back)
        usual = (2.0 if 8 <= moment.hour < 18 else 1.0) * (1 + 0.04 * ((back * 7919) % 11 - 5) / 5)
        large.append(a_call(2 * back, moment, usual * last_hours.get(back, 1.0)))
        small.append(a_call(2 * back + 1, moment, 0.1, model="small"))
    sent(clickhouse, tenant, KEY_A, large)
    sent(clickhouse, tenant, KEY_B, small)


def sent(clickhouse: ClickHouse, tenant: Tenant, key: str, spans: Sequence[Span]) -> None:
    """One committed block of what a key sent."""
    store = SpanStore(clickhouse)
    owner = Owner(tenant.team_id, tenant.project_id, "otlp", key)
    store.insert(columns.block([(owner, spans)], time.time_ns() // 1000))
    store.settle()
