"""Costs as one piece: what the program opens, prices spans with, and builds its routes on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.costs.ports import KeyNames, Restatement
from mno.observability.costs.prices import Prices
from mno.observability.costs.pricing import PriceBook
from mno.observability.costs.queries import UsageQueries
from mno.observability.costs.rerate import Rerates
from mno.observability.costs.usage import Usage
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database


class Costs:
    """Prices, usage and re-rating over one database and one span store. Opening it opens neither of these."""

    def __init__(
        self, database: Database, clickhouse: ClickHouse, spans: Restatement, keys: KeyNames, audit: Audit
    ) -> None:
        queries = UsageQueries(clickhouse)
        self.prices = Prices(database, audit)
        self.usage = Usage(queries, self.prices, keys)
        self.rerates = Rerates(database, self.prices, queries, spans, audit)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From after the migrations; goes on with re-rating jobs that a former process left."""
        await self.prices.open()
        await self.rerates.open()
        try:
            yield
        finally:
            await self.rerates.close()

    def book(self, team_id: UUID, project_id: UUID) -> PriceBook:
        """Prices the project's spans; for any thread, the same object every time."""
        return self.prices.book(team_id, project_id)
