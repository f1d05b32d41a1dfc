"""The export of the hub's own figures over HTTP: how it goes, its headers, a delivery now."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from mno.observability.export.service import OtelExport
from mno.platform.http.gate import requires
from mno.platform.principal import Principal

HubReader = Annotated[Principal, Depends(requires("hub.settings.read"))]
HubWriter = Annotated[Principal, Depends(requires("hub.settings.write"))]


class StandingShape(BaseModel):
    is_on: bool = Field(description="Whether `otel.endpoint` is set.")
    has_headers: bool = Field(description="Whether headers are kept. What they hold nobody is shown.")
    sent_at: datetime | None = Field(description="When the collector last took what the answering process sent.")
    error: str = Field(description="Why it did not take the last delivery; empty when it did.")


class HeadersWish(BaseModel, extra="forbid"):
    headers: Annotated[dict[str, str], Field(description="By name, all anew; none takes them away.")]


def router(export: OtelExport) -> APIRouter:
    routes = APIRouter(prefix="/api/otel", tags=["settings"])

    @routes.get("")
    async def standing(_: HubReader) -> StandingShape:
        """Whether the hub's own figures reach the collector of the setting `otel.endpoint`."""
        found = await export.standing()
        return StandingShape(is_on=found.is_on, has_headers=found.has_headers, sent_at=found.sent_at, error=found.error)

    @routes.put("/headers", status_code=204)
    async def keep_headers(writer: HubWriter, wish: HeadersWish) -> None:
        """Sets the headers that the collector asks for, such as `Authorization`; they are kept encrypted."""
        await export.keep_headers(writer, wish.headers)

    @routes.post("/trial", status_code=204)
    async def send_now(_: HubWriter) -> None:
        """Sends the figures now; 503 with the reason when the collector does not take them."""
        await export.send()

    return routes
