"""Anomalies as a tool for agents."""

from typing import Annotated, Any

from pydantic import Field

from mno.observability.anomalies.model import Measure
from mno.observability.anomalies.schemas import AnomalyList, AnomalyShape
from mno.observability.anomalies.service import Anomalies
from mno.observability.anomalies.store import Wanted
from mno.observability.spans.tools import RangeWish, Start
from mno.platform.hub_tools import HubTool
from mno.platform.principal import Principal

#: Anomalies in one answer of the tool: a model reads all of it.
MAX_TOOL_ANOMALIES = 50


class AnomaliesWish(RangeWish):
    from_: Start = "-7d"
    measure: Measure | None = None
    expected: Annotated[bool | None, Field(description="Only those marked as expected, or only the others.")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_TOOL_ANOMALIES)] = 20


def tools(anomalies: Anomalies) -> tuple[HubTool[Any, Any], ...]:
    async def listed(principal: Principal, wish: AnomaliesWish) -> AnomalyList:
        window = wish.window()
        wanted = Wanted(
            principal.team_id, principal.project_id, window.start, window.end, wish.measure, wish.expected, wish.limit
        )
        return AnomalyList(items=[AnomalyShape.of(one) for one in await anomalies.listed(principal, wanted)])

    return (
        HubTool(
            "anomalies",
            "Hours whose cost, tokens, errors or latency were not like those before them, and what drove them.",
            "usage.read",
            AnomaliesWish,
            AnomalyList,
            listed,
            _told,
        ),
    )


def _told(found: AnomalyList) -> str:
    lines = [
        f"{one.start} {one.measure} of {one.scope.name or one.scope.value or 'the project'}: {one.actual:g} instead of"
        f" {one.expected:g} ({one.id})"
        for one in found.items
    ]
    return "\n".join(lines) or "There is no anomaly."
