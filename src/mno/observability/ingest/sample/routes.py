"""POST /api/sample loads the bundled sample; GET says how far it is."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from mno.observability.ingest.sample.service import ATTRIBUTION, Loading, Sample
from mno.platform.http.gate import requires
from mno.platform.principal import Principal

SpanWriter = Annotated[Principal, Depends(requires("spans.write"))]
UsageReader = Annotated[Principal, Depends(requires("usage.read"))]


class SampleShape(BaseModel):
    """A load of the sample. `synthetic` names the columns that are not in the original trace."""

    id: str
    state: str = Field(description="idle, running, done or failed")
    total: int
    sent: int
    synthetic: list[str]
    attribution: str = ATTRIBUTION
    error: str | None = None

    @classmethod
    def of(cls, loading: Loading) -> "SampleShape":
        return cls(
            id=loading.id,
            state=loading.state,
            total=loading.total,
            sent=loading.sent,
            synthetic=list(loading.synthetic),
            error=loading.error or None,
        )


def router(sample: Sample) -> APIRouter:
    routes = APIRouter(prefix="/api/sample", tags=["sample"])

    @routes.post("", status_code=202)
    async def load_sample(writer: SpanWriter) -> SampleShape:
        """Loads the bundled trace of 8,819 real requests in the background; a second load of a day adds nothing."""
        return SampleShape.of(await sample.load(writer))

    @routes.get("")
    async def sample_state(reader: UsageReader) -> SampleShape:
        """How far the load has come, what of it is synthetic, and whose data it is."""
        return SampleShape.of(sample.state(reader))

    return routes
