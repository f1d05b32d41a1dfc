"""HTTP for the hub's view of itself. Health is public, so that a load balancer needs no key."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from mno.observability.system.health import ComponentStatus
from mno.observability.system.openmetrics import MEDIA_TYPE
from mno.observability.system.schemas import HealthStatus, SystemStatus
from mno.observability.system.service import System
from mno.platform.http.gate import requires
from mno.platform.principal import Principal

SystemReader = Annotated[Principal, Depends(requires("system.read"))]


def router(system: System) -> APIRouter:
    """/api/system, /api/health and /metrics."""
    routes = APIRouter(tags=["system"])

    @routes.get("/api/system")
    async def system_status(_reader: SystemReader) -> SystemStatus:
        """CPU, memory, throughput, latency and sizes of the hub itself, with ten minutes of history."""
        return await system.status()

    @routes.get("/api/health", responses={503: {"model": HealthStatus, "description": "A component is down."}})
    async def health(response: Response) -> HealthStatus:
        """Whether every component answers."""
        status = await system.health()
        if status.status is ComponentStatus.DOWN:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
            response.headers["retry-after"] = "5"
        response.headers["cache-control"] = "no-store"
        return status

    @routes.get("/metrics", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
    async def metrics(_reader: SystemReader) -> Response:
        """OpenMetrics; send a key with the scope `read` as bearer token."""
        return Response(await system.metrics(), media_type=MEDIA_TYPE)

    return routes
