"""Alerting over real engines, without the background: a test says when somebody looks, and at what time."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.notifications.service import Notifications
from mno.observability.alerts import store as alerts_store
from mno.observability.alerts.editing import store as rules_store
from mno.observability.alerts.evaluation.queries import RuleQueries
from mno.observability.alerts.evaluation.service import Evaluation
from mno.observability.alerts.evaluation.watched import WatchedRules
from mno.observability.alerts.firing.service import Firing
from mno.observability.alerts.hearing.service import Hearing
from mno.observability.alerts.model import Alert, AlertRule, Place, Silence, Step
from mno.observability.alerts.telling.service import Telling
from mno.observability.alerts.telling.surroundings import Surroundings
from mno.observability.spans.arrivals import Arrivals
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database
from mno.platform.ids import new_id
from mno.platform.outbox import Outbox
from mno.platform.versions import Versions
from support.alerts import PlainNames, Shares, a_rule
from support.budgets import Tenancy, Zone


@dataclass(frozen=True)
class AlertNode:
    """One process: its rules in memory, its looks."""

    database: Database
    watched: WatchedRules
    evaluation: Evaluation
    hearing: Hearing
    firing: Firing
    surroundings: Surroundings
    shares: Shares = field(default_factory=Shares)

    async def look(self, place: Place, *, quiet: bool = False, now: datetime | None = None) -> bool:
        """With the rules as they stand in the database."""
        self.watched.changed("")
        return await self.evaluation.look(place, quiet=quiet, now=now)


def alert_node(database: Database, clickhouse: ClickHouse, *, pause_s: float = 0.0) -> AlertNode:
    async def load() -> list[AlertRule]:
        async with database.across_teams() as tx:
            return await rules_store.every(tx)

    watched, shares = WatchedRules(load), Shares()
    surroundings = Surroundings(Zone(), PlainNames(), "https://hub.example")
    firing = Firing(Telling(Notifications(database, lambda: None)), Outbox(database, Versions(database)))
    evaluation = Evaluation(
        database,
        RuleQueries(clickhouse),
        watched,
        Arrivals(watched.hears, figures=True),
        firing,
        surroundings,
        shares,
        pause_s=pause_s,
    )
    return AlertNode(database, watched, evaluation, Hearing(firing, surroundings), firing, surroundings, shares)


def place_of(tenancy: Tenancy) -> Place:
    return Place(tenancy.team_id, tenancy.project_id)


async def a_channel(database: Database, tenancy: Tenancy, name: str = "Ops") -> UUID:
    """A webhook of the team, as a row; nobody delivers to it here."""
    id_ = new_id()
    async with database.transaction(tenancy.team_id) as tx:
        await tx.execute(
            "INSERT INTO notifications_channels (id, team_id, name, kind, language, host, sender, receivers, signed,"
            " created_at, created_by, due_at) VALUES (%(id)s, %(team)s, %(name)s, 'webhook', 'en', 'hook.example', '',"
            " '{}', false, now(), 'test', now())",
            {"id": id_, "team": tenancy.team_id, "name": name},
        )
    return id_


async def saved_rule(database: Database, tenancy: Tenancy, **wish: Any) -> AlertRule:
    """A rule of the project (or the team) in the database, which tells a channel of its own unless it names steps."""
    place = Place(tenancy.team_id, None) if wish.pop("of_team", False) else place_of(tenancy)
    name = wish.pop("name", f"Rule {new_id().hex[-6:]}")
    if "steps" not in wish:
        wish["steps"] = (Step(0, (await a_channel(database, tenancy, f"Channel of {name}"),)),)
    rule = a_rule(place, name=name, **wish)
    async with database.transaction(tenancy.team_id) as tx:
        await rules_store.insert(tx, rule)
    return rule


async def alerts_of(database: Database, rule: AlertRule) -> list[Alert]:
    """All there ever were, the oldest first."""
    place = rule.place
    wanted = alerts_store.Wanted(
        place.team_id, place.project_id or UUID(int=0), place.project_id is None, None, rule.id, None, 200
    )
    async with database.transaction(place.team_id) as tx:
        return list(reversed(await alerts_store.listed(tx, wanted)))


async def sent_to(database: Database, tenancy: Tenancy, channel: UUID | None = None) -> list[str]:
    """The kinds of the messages that wait for a channel (or any), in their order: `fired`, `escalated 1`, …"""
    async with database.transaction(tenancy.team_id) as tx:
        cursor = await tx.execute(
            "SELECT key FROM notifications_deliveries WHERE team_id = %(team)s"
            " AND (%(channel)s::uuid IS NULL OR channel_id = %(channel)s) ORDER BY id",
            {"team": tenancy.team_id, "channel": channel},
        )
        keys = [row["key"] for row in await cursor.fetchall()]
    return [key.split(" ", 1)[1].removesuffix(" 0") for key in keys]


def shifted(silence: Silence, **changed: Any) -> Silence:
    return replace(silence, **changed)
