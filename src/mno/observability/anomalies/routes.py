"""HTTP for anomalies: the list, one with its chart, and people's word for it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.observability.anomalies.model import MAX_LISTED_ANOMALIES, Measure
from mno.observability.anomalies.schemas import AnomalyDetail, AnomalyList, AnomalyShape, ExpectedWish
from mno.observability.anomalies.service import Anomalies
from mno.observability.anomalies.store import Wanted
from mno.observability.costs.routes import UsageReader
from mno.platform import clock
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal
from mno.platform.time_range import parsed_range

AnomalyWriter = Annotated[Principal, Depends(requires("anomalies.write"))]


def router(anomalies: Anomalies) -> APIRouter:
    """Everything under /api/anomalies."""
    routes = APIRouter(prefix="/api/anomalies", tags=["anomalies"])

    @routes.get("")
    async def listed(
        reader: UsageReader,
        start: Annotated[str, Query(alias="from", max_length=60, description="RFC 3339, or -30d.")] = "-30d",
        end: Annotated[str, Query(alias="to", max_length=60)] = "now",
        measure: Measure | None = None,
        expected: Annotated[bool | None, Query(description="Only those marked so, or only the others.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LISTED_ANOMALIES)] = MAX_LISTED_ANOMALIES,
    ) -> AnomalyList:
        """Anomalies that overlap a range, the newest first."""
        window = parsed_range(start, end, clock.now())
        wanted = Wanted(reader.team_id, reader.project_id, window.start, window.end, measure, expected, limit)
        return AnomalyList(items=[AnomalyShape.of(one) for one in await anomalies.listed(reader, wanted)])

    @routes.get("/{anomaly_id}")
    async def one(reader: UsageReader, anomaly_id: str) -> AnomalyDetail:
        """One anomaly, its drivers, and the hours around it with the band of the usual."""
        return AnomalyDetail.of(*await anomalies.one(reader, parsed("anm", anomaly_id)))

    @routes.post("/{anomaly_id}/expected")
    async def mark(writer: AnomalyWriter, anomaly_id: str, wish: ExpectedWish) -> AnomalyShape:
        """Says that an anomaly was to be expected: detection learns from its hours. Or takes that back."""
        marked = await anomalies.mark(writer, parsed("anm", anomaly_id), expected=wish.expected, note=wish.note)
        return AnomalyShape.of(marked)

    return routes
