"""Alerts over HTTP: rules, what fires, answers to it, and silences."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.observability.alerts.model import MAX_LISTED_ALERTS, AlertState
from mno.observability.alerts.rooms import Alerting
from mno.observability.alerts.schemas import (
    AlertAnswer,
    AlertDetail,
    AlertList,
    AlertPreviewShape,
    AlertPreviewWish,
    AlertRuleChange,
    AlertRuleList,
    AlertRuleShape,
    AlertRuleWish,
    AlertShape,
    SilenceChange,
    SilenceList,
    SilenceShape,
    SilenceWish,
)
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal

AlertReader = Annotated[Principal, Depends(requires("alerts.read"))]
AlertWriter = Annotated[Principal, Depends(requires("alerts.write"))]
AlertAnswerer = Annotated[Principal, Depends(requires("alerts.answer"))]


def router(alerting: Alerting) -> APIRouter:
    """Everything under /api/alerts; what has a fixed name comes before what has an id."""
    routes = APIRouter(prefix="/api/alerts", tags=["alerts"])
    _add_rules(routes, alerting)
    _add_silences(routes, alerting)
    _add_alerts(routes, alerting)
    return routes


def _add_rules(routes: APIRouter, alerting: Alerting) -> None:
    editing = alerting.editing

    @routes.get("/rules")
    async def list_alert_rules(reader: AlertReader) -> AlertRuleList:
        """The project's rules and, for who may read them in the whole team, the team's; by name."""
        return AlertRuleList(items=[AlertRuleShape.of_standing(one) for one in await editing.listing(reader)])

    @routes.post("/rules", status_code=201)
    async def create_alert_rule(writer: AlertWriter, wish: AlertRuleWish) -> AlertRuleShape:
        """Makes a rule; it is looked at within seconds, whether spans arrive or not."""
        made = await editing.create(writer, wish.name, wish.whole(), of_team=wish.of == "team", enabled=wish.enabled)
        return AlertRuleShape.of_standing(made)

    @routes.post("/rules/preview")
    async def preview_alert_rule(reader: AlertReader, wish: AlertPreviewWish) -> AlertPreviewShape:
        """What a rule with these terms says now, and what it would have said over the last day."""
        return AlertPreviewShape.of_preview(await alerting.preview.of(reader, wish.terms(), of_team=wish.of == "team"))

    @routes.get("/rules/{rule_id}")
    async def get_alert_rule(reader: AlertReader, rule_id: str) -> AlertRuleShape:
        """One rule."""
        return AlertRuleShape.of_standing(await editing.get(reader, parsed("alr", rule_id)))

    @routes.put("/rules/{rule_id}")
    async def change_alert_rule(writer: AlertWriter, rule_id: str, wish: AlertRuleChange) -> AlertRuleShape:
        """Changes a rule; switched off, its alerts are resolved. 409 when it has changed since `version`."""
        changed = await editing.change(
            writer, parsed("alr", rule_id), wish.name, wish.whole(), enabled=wish.enabled, version=wish.version
        )
        return AlertRuleShape.of_standing(changed)

    @routes.delete("/rules/{rule_id}", status_code=204)
    async def remove_alert_rule(writer: AlertWriter, rule_id: str) -> None:
        """Removes a rule and resolves its alerts; their history stays."""
        await editing.remove(writer, parsed("alr", rule_id))


def _add_silences(routes: APIRouter, alerting: Alerting) -> None:
    silences = alerting.silences

    @routes.get("/silences")
    async def list_silences(reader: AlertReader) -> SilenceList:
        """Silences that hold now or will; the first to end first."""
        return SilenceList(items=[SilenceShape.of_silence(one) for one in await silences.listing(reader)])

    @routes.post("/silences", status_code=201)
    async def create_silence(writer: AlertWriter, wish: SilenceWish) -> SilenceShape:
        """Sends nothing of these alerts for a time. They are recorded, and what still fires at its end is sent then."""
        made = await silences.create(
            writer,
            wish.times(),
            of_team=wish.of == "team",
            rule_id=parsed("alr", wish.rule) if wish.rule else None,
            labels=wish.labels,
        )
        return SilenceShape.of_silence(made)

    @routes.put("/silences/{silence_id}")
    async def change_silence(writer: AlertWriter, silence_id: str, wish: SilenceChange) -> SilenceShape:
        """Changes its times and its reason."""
        changed = await silences.change(writer, parsed("sil", silence_id), wish.times())
        return SilenceShape.of_silence(changed)

    @routes.delete("/silences/{silence_id}", status_code=204)
    async def end_silence(writer: AlertWriter, silence_id: str) -> None:
        """Ends it now."""
        await silences.end(writer, parsed("sil", silence_id))


def _add_alerts(routes: APIRouter, alerting: Alerting) -> None:
    answering = alerting.answering

    @routes.get("")
    async def list_alerts(
        reader: AlertReader,
        state: Annotated[AlertState | None, Query(description="Only those in this state.")] = None,
        rule: Annotated[str | None, Query(description="Only those of one rule: `alr_…`.")] = None,
        cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_LISTED_ALERTS)] = 50,
    ) -> AlertList:
        """Alerts, the newest first."""
        found = await answering.listing(
            reader,
            state=state,
            rule_id=parsed("alr", rule) if rule else None,
            before=parsed("alt", cursor) if cursor else None,
            limit=limit + 1,
        )
        return AlertList.of_page(found, limit)

    @routes.get("/{alert_id}")
    async def get_alert(reader: AlertReader, alert_id: str) -> AlertDetail:
        """One alert with its history, and its measure around the time for the picture."""
        return AlertDetail.of_story(await answering.get(reader, parsed("alt", alert_id)))

    @routes.post("/{alert_id}/acknowledge")
    async def acknowledge_alert(answerer: AlertAnswerer, alert_id: str, answer: AlertAnswer) -> AlertShape:
        """Takes an alert on: nobody else is told of it, and nobody is reminded. 409 when it is resolved."""
        taken = await answering.acknowledge(answerer, parsed("alt", alert_id), answer.note)
        return AlertShape.of_alert(taken)

    @routes.post("/{alert_id}/resolve")
    async def resolve_alert(answerer: AlertAnswerer, alert_id: str, answer: AlertAnswer) -> AlertShape:
        """Closes an alert by hand; its rule fires again after the value has been clear."""
        closed = await answering.resolve(answerer, parsed("alt", alert_id), answer.note)
        return AlertShape.of_alert(closed)
