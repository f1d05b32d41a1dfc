"""Alerts as tools for agents: what fires, and to take it on."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from mno.observability.alerts.access import ANSWER, READ
from mno.observability.alerts.answering.service import Answering
from mno.observability.alerts.model import AlertState
from mno.observability.alerts.schemas import AlertAnswer, AlertList, AlertShape
from mno.platform.hub_tools import HubTool
from mno.platform.ids import parsed
from mno.platform.principal import Principal

#: Alerts in one answer of the tool: a model reads all of it.
MAX_TOOL_ALERTS = 50


class AlertsWish(BaseModel, extra="forbid"):
    state: Annotated[AlertState | None, Field(description="Only those in this state.")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_TOOL_ALERTS)] = 20
    cursor: Annotated[str, Field(max_length=60, description="`next_cursor` of the page before.")] = ""


class AcknowledgeWish(AlertAnswer):
    alert: Annotated[str, Field(max_length=60, description="The alert's id, `alt_…`.")]


def tools(answering: Answering) -> tuple[HubTool[Any, Any], ...]:
    async def listed(principal: Principal, wish: AlertsWish) -> AlertList:
        before = parsed("alt", wish.cursor) if wish.cursor else None
        found = await answering.listing(principal, state=wish.state, rule_id=None, before=before, limit=wish.limit + 1)
        return AlertList.of_page(found, wish.limit)

    async def acknowledge(principal: Principal, wish: AcknowledgeWish) -> AlertShape:
        return AlertShape.of_alert(await answering.acknowledge(principal, parsed("alt", wish.alert), wish.note))

    return (
        HubTool("alerts", "Alerts, the newest first.", READ, AlertsWish, AlertList, listed, _told_list),
        HubTool(
            "acknowledge_alert",
            "Takes an alert on: nobody else is told of it, and nobody is reminded.",
            ANSWER,
            AcknowledgeWish,
            AlertShape,
            acknowledge,
            _told_alert,
            reads=False,
        ),
    )


def _told_list(alerts: AlertList) -> str:
    lines = [_told_alert(one) for one in alerts.items]
    if alerts.next_cursor:
        lines.append("There are more; send the cursor.")
    return "\n".join(lines) or "There is no alert."


def _told_alert(alert: AlertShape) -> str:
    of = f" of {alert.group}" if alert.group else ""
    return (
        f"{alert.rule_name}{of} is {alert.state} ({alert.severity}) since {alert.started_at.isoformat()}:"
        f" {alert.value}, the threshold is {alert.threshold} ({alert.id})"
    )
