"""Alerts, and what they ask of identity, budgets and notifications."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from mno.audit.service import Audit
from mno.bootstrap.budgets import TeamFacts
from mno.bootstrap.engines import Engines
from mno.observability.alerts.answering.service import Answering
from mno.observability.alerts.editing import store as rules_store
from mno.observability.alerts.editing.service import Editing
from mno.observability.alerts.evaluation.queries import RuleQueries
from mno.observability.alerts.evaluation.service import Evaluation
from mno.observability.alerts.evaluation.watched import TOPIC, WatchedRules
from mno.observability.alerts.firing.service import Firing
from mno.observability.alerts.hearing.groups import KINDS
from mno.observability.alerts.hearing.service import SUBSCRIBER, Hearing
from mno.observability.alerts.model import AlertRule
from mno.observability.alerts.ports import BudgetShares, Notifications
from mno.observability.alerts.preview.queries import StepQueries
from mno.observability.alerts.preview.service import Preview
from mno.observability.alerts.rooms import Alerting
from mno.observability.alerts.silences.service import Silences
from mno.observability.alerts.telling.service import Telling
from mno.observability.alerts.telling.surroundings import Surroundings
from mno.observability.costs.ports import KeyNames
from mno.observability.spans.arrivals import Arrivals
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.ids import shown
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions


@dataclass(frozen=True)
class AlertWatch:
    """The rules in memory, and what hears of spans for them: the span pipeline wants it before there are alerts."""

    rules: WatchedRules
    arrivals: Arrivals


@dataclass(frozen=True)
class KnownNames:
    """Names of keys and projects, as usage knows them by their ids."""

    teams: TeamFacts
    keys: KeyNames

    async def names_of(self, team_id: UUID) -> Mapping[str, str]:
        _, projects = await self.teams.names_of(team_id)
        keys = await self.keys.names_of_keys(team_id)
        return {str(id_): name for id_, name in projects.items()} | {shown("key", id_): keys[id_] for id_ in keys}


def build_watch(database: Database) -> AlertWatch:
    async def load() -> list[AlertRule]:
        async with database.across_teams() as tx:
            return await rules_store.every(tx)

    rules = WatchedRules(load)
    return AlertWatch(rules, Arrivals(rules.hears, figures=True))


def build_alerting(
    config: Config,
    engines: Engines,
    versions: Versions,
    outbox: Outbox,
    tasks: Tasks,
    audit: Audit,
    keys: KeyNames,
    notifications: Notifications,
    shares: BudgetShares,
    watch: AlertWatch,
) -> Alerting:
    database, teams = engines.database, TeamFacts(engines.database)
    queries = RuleQueries(engines.clickhouse)
    surroundings = Surroundings(teams, KnownNames(teams, keys), config.public_url or config.url(config.port))
    firing = Firing(Telling(notifications), outbox)
    preview = Preview(queries, StepQueries(engines.clickhouse))
    evaluation = Evaluation(database, queries, watch.rules, watch.arrivals, firing, surroundings, shares)
    answering = Answering(database, firing, surroundings, preview, outbox, audit)
    hearing = Hearing(firing, surroundings)
    versions.watch(TOPIC, evaluation.changed)
    outbox.subscribe(SUBSCRIBER, KINDS, hearing.heard)
    tasks.every("alerts.prune", "33 4 * * *", answering.prune)
    return Alerting(
        editing=Editing(database, versions, firing, surroundings, notifications, audit),
        silences=Silences(database, audit),
        answering=answering,
        preview=preview,
        evaluation=evaluation,
        hearing=hearing,
    )
