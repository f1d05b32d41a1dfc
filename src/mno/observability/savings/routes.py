"""HTTP for savings."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query

from mno.observability.costs.routes import UsageReader
from mno.observability.savings.model import DEFAULT_READS_PER_WRITE, DEFAULT_SHARE_PERCENT, Assumption
from mno.observability.savings.schemas import SavingsShape
from mno.observability.savings.service import Savings, Target
from mno.platform import clock
from mno.platform.errors import Invalid
from mno.platform.time_range import parsed_range


def router(savings: Savings) -> APIRouter:
    """/api/savings."""
    routes = APIRouter(prefix="/api", tags=["savings"])

    @routes.get("/savings")
    async def found(
        reader: UsageReader,
        start: Annotated[str, Query(alias="from", max_length=60, description="Empty with `to`: last month.")] = "",
        end: Annotated[str, Query(alias="to", max_length=60)] = "",
        share_percent: Annotated[
            Decimal, Query(gt=0, le=100, decimal_places=2, description="Of calls; for the cache, of plain input.")
        ] = Decimal(DEFAULT_SHARE_PERCENT),
        reads_per_write: Annotated[
            int, Query(ge=1, le=10_000, description="How often a cached prefix is read for each time it is written.")
        ] = DEFAULT_READS_PER_WRITE,
        to_model: Annotated[str, Query(max_length=200, description="Empty: each model that was used as well.")] = "",
        to_provider: Annotated[str, Query(max_length=100)] = "",
        currency: Annotated[str, Query(max_length=10, description="The team's display currency if empty.")] = "",
    ) -> SavingsShape:
        """What a cheaper model, a cache or batches would have saved, from the stored token buckets."""
        if bool(start) != bool(end):
            raise Invalid("Give both 'from' and 'to', or neither for last month.")
        period = parsed_range(start, end, clock.now()) if start else None
        target = Target(to_provider.strip().lower(), to_model.strip()) if to_model.strip() else None
        assumed = Assumption(share_percent / 100, reads_per_write)
        return SavingsShape.of(await savings.found(reader, period, assumed, target, currency))

    return routes
