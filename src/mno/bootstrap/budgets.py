"""Budgets and the ledger, and what they ask of identity."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from mno.audit.service import Audit
from mno.bootstrap.engines import Engines
from mno.bootstrap.foresight import PeoplesCalendars
from mno.identity.teams import store as teams_store
from mno.identity.teams.projects import store as projects_store
from mno.observability.budgets.counters.ports import Counters
from mno.observability.budgets.counters.postgres.service import PostgresCounters
from mno.observability.budgets.counters.redis.service import RedisCounters
from mno.observability.budgets.editing.service import Editing
from mno.observability.budgets.journal.service import Journal
from mno.observability.budgets.refreshing.queries import UseQueries
from mno.observability.budgets.refreshing.service import Refreshing
from mno.observability.budgets.rooms import Budgeting
from mno.observability.budgets.service import Budgets, book_over
from mno.observability.budgets.thresholds.service import Thresholds
from mno.observability.ledger.queries import LedgerQueries
from mno.observability.ledger.service import Ledger
from mno.observability.spans.arrivals import Arrivals
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.outbox import Outbox
from mno.platform.redis import Redis
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from mno.settings.service import Settings


@dataclass(frozen=True)
class TeamFacts:
    """A team's time zone, its name and those of its projects."""

    database: Database

    async def zone_of(self, team_id: UUID) -> str:
        async with self.database.transaction(team_id) as tx:
            team = await teams_store.team(tx, team_id)
        return team.time_zone if team else "UTC"

    async def names_of(self, team_id: UUID) -> tuple[str, Mapping[UUID, str]]:
        async with self.database.transaction(team_id) as tx:
            team = await teams_store.team(tx, team_id)
            projects = await projects_store.projects(tx, team_id, only=None)
        return team.name if team else "", {project.id: project.name for project in projects}


def build_counters(config: Config, database: Database) -> Counters:
    """In Redis where the operator names one."""
    if config.redis_url:
        return RedisCounters(Redis(config.redis_url), Journal(database))
    return PostgresCounters(database)


def build_budgeting(
    config: Config,
    engines: Engines,
    versions: Versions,
    outbox: Outbox,
    tasks: Tasks,
    audit: Audit,
    arrivals: Arrivals,
    settings: Settings,
) -> Budgeting:
    database, queries = engines.database, UseQueries(engines.clickhouse)
    counters = build_counters(config, database)
    book = book_over(database, versions, TeamFacts(database))
    thresholds = Thresholds(database, outbox)
    refreshing = Refreshing(database, queries, book, thresholds, arrivals, counters)
    budgets = Budgets(book, thresholds, counters, refreshing.rebuild)
    tasks.every("budgets.recount", "*/5 * * * *", refreshing.recount)
    tasks.every("budgets.prune", "37 * * * *", budgets.prune)
    calendars = PeoplesCalendars(database, settings)
    editing = Editing(database, versions, book, queries, refreshing, counters, calendars, audit)
    return Budgeting(budgets, editing, refreshing)


def build_ledger(engines: Engines, outbox: Outbox, tasks: Tasks, audit: Audit) -> Ledger:
    ledger = Ledger(engines.database, LedgerQueries(engines.clickhouse), audit, outbox)
    tasks.every("ledger.post", "2-59/10 * * * *", ledger.post_recent)
    tasks.every("ledger.check", "27 3 * * *", ledger.check_nightly)
    return ledger
