"""The hub's own health as a tool for agents."""

from typing import Any

from pydantic import BaseModel

from mno.observability.system.schemas import HealthStatus
from mno.observability.system.service import System
from mno.platform.hub_tools import HubTool
from mno.platform.principal import Principal


class HealthWish(BaseModel, extra="forbid"):
    """There is nothing to choose."""


def tools(system: System) -> tuple[HubTool[Any, Any], ...]:
    async def health(_principal: Principal, _wish: HealthWish) -> HealthStatus:
        return await system.health()

    return (
        HubTool(
            "health",
            "Whether each component of the hub answers.",
            "system.read",
            HealthWish,
            HealthStatus,
            health,
            _told,
        ),
    )


def _told(health: HealthStatus) -> str:
    parts = ", ".join(f"{name} {one.status}" for name, one in health.components.items())
    return f"The hub is {health.status} (version {health.version}): {parts}."
