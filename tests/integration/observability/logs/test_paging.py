"""Pages of lines that share their moments, through the real engine: no line twice, none left out."""

import asyncio
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from mno.observability.ingest.signals import LOGS_TABLE
from mno.observability.logs.cursor import Place, end_of
from mno.observability.logs.model import LogFilter
from mno.observability.logs.native import rows_of
from mno.observability.logs.queries import LogQueries
from mno.observability.spans.cursor import Snapshot
from mno.observability.spans.model import Owner
from mno.observability.spans.queries import Tenant
from mno.platform.clickhouse import ClickHouse
from mno.platform.clock import now, now_ns
from mno.platform.time_range import shown
from support.examples import examples

EVERYTHING = LogFilter()


@settings(max_examples=examples(12, most=300))
@given(
    blocks=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), min_size=1, max_size=3),
    limit=st.integers(1, 9),
)
def test_every_line_is_on_one_page_in_its_order(clickhouse: ClickHouse, blocks: list[list[int]], limit: int) -> None:
    tenant, moment = Tenant(str(uuid4()), str(uuid4())), now().replace(microsecond=0)
    owner = Owner(tenant.team_id, tenant.project_id, "native", "")
    for block in blocks:
        records = [{"time": shown(moment.replace(microsecond=each)), "body": "x"} for each in block]
        clickhouse.insert(LOGS_TABLE, rows_of(records, owner).rows)
    expected = sorted(each for block in blocks for each in block)
    newest, arrived = asyncio.run(_walk(LogQueries(clickhouse), tenant, limit))
    assert [place.us % 1_000_000 for place in newest] == expected[::-1]
    assert newest == sorted(newest, reverse=True)
    assert len({place.id for place in newest}) == len(expected)
    assert len(arrived) == len(expected)
    assert {place.id for place in arrived} == {place.id for place in newest}


async def _walk(queries: LogQueries, tenant: Tenant, limit: int) -> tuple[list[Place], list[Place]]:
    """All places of the list, newest first, and all in the order of arrival, page after page."""
    until_us = now_ns() // 1000 + 10**6
    snapshot = Snapshot(0, until_us, until_us)
    newest: list[Place] = []
    while page := await queries.newest(tenant, snapshot, EVERYTHING, below=newest[-1] if newest else None, limit=limit):
        newest += [Place(row["us"], row["id"]) for row in page]
    arrived: list[Place] = [end_of(0)]
    while page := await queries.arrived(tenant, EVERYTHING, after=arrived[-1], until_us=until_us, limit=limit):
        arrived += [Place(row["arrived_us"], row["id"]) for row in page]
    return newest, arrived[1:]
