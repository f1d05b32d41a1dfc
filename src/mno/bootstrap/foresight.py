"""What may come, what was strange and what could be saved, and what these ask of identity and settings."""

import logging
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from mno.audit.service import Audit
from mno.bootstrap.engines import Engines
from mno.identity.teams import store as teams_store
from mno.observability.anomalies.queries import ActiveProjects
from mno.observability.anomalies.readings import Readings
from mno.observability.anomalies.service import Anomalies
from mno.observability.costs.ports import KeyNames
from mno.observability.costs.prices import Prices
from mno.observability.costs.queries import UsageQueries
from mno.observability.forecast.calendar import Calendar, known_country
from mno.observability.forecast.service import Forecasts
from mno.observability.savings.queries import SavingQueries
from mno.observability.savings.service import Savings
from mno.platform.database import Database
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.settings.service import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Foresight:
    """Three answers about the same usage."""

    forecasts: Forecasts
    anomalies: Anomalies
    savings: Savings


@dataclass(frozen=True)
class PeoplesCalendars:
    """The team's time zone, and the public holidays that the project's setting names."""

    database: Database
    settings: Settings

    async def calendar_of(self, team_id: UUID, project_id: UUID) -> Calendar:
        async with self.database.transaction(team_id) as tx:
            team = await teams_store.team(tx, team_id)
        country = str(self.settings.value("costs.holidays", team_id, project_id)).strip().upper()
        if country and not known_country(country):
            _log.warning("The setting costs.holidays names '%s', whose holidays nobody knows.", country[:10])
            country = ""
        return Calendar(ZoneInfo(team.time_zone if team else "UTC"), country)


def build_foresight(
    engines: Engines, prices: Prices, keys: KeyNames, audit: Audit, outbox: Outbox, tasks: Tasks, settings: Settings
) -> Foresight:
    usage = UsageQueries(engines.clickhouse)
    calendars = PeoplesCalendars(engines.database, settings)
    active, readings = ActiveProjects(engines.clickhouse), Readings(usage)
    anomalies = Anomalies(engines.database, active, readings, calendars, keys, outbox, audit, tasks)
    tasks.every("anomalies.look", "4-59/5 * * * *", anomalies.look)
    return Foresight(
        Forecasts(usage, prices, calendars),
        anomalies,
        Savings(SavingQueries(engines.clickhouse), prices, calendars),
    )
