"""The way to models: what the gateway needs from keys, projects, secrets, spans and budgets meets it here."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from mno.audit.service import Audit
from mno.identity import store as identity_store
from mno.identity.keys.service import Keys
from mno.llm_gateway.calls import Calls
from mno.llm_gateway.model import ProjectRules
from mno.llm_gateway.pace.limits import Limits
from mno.llm_gateway.pace.shared import SharedLimits
from mno.llm_gateway.ports import Budgets, NoBudgets, Paces
from mno.llm_gateway.service import Gateway
from mno.llm_gateway.setup.service import Setups
from mno.observability.ingest.hub_calls import HubCalls
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.egress import Egress
from mno.platform.redis import Redis
from mno.platform.versions import Versions
from mno.secrets.service import Secrets
from mno.settings.service import Settings

_SETTINGS = ("llm.providers", "llm.model", "llm.max_output_tokens")


@dataclass(frozen=True)
class LlmGateway:
    """Setting it up, and the calls themselves."""

    gateway: Gateway
    calls: Calls


@dataclass(frozen=True)
class Names:
    """How a team calls its keys, and which projects it has."""

    database: Database
    keys: Keys

    async def names_of_keys(self, team_id: UUID) -> Mapping[UUID, str]:
        return await self.keys.names_of_keys(team_id)

    async def projects_of(self, team_id: UUID) -> Sequence[UUID]:
        async with self.database.transaction(team_id) as tx:
            return [project.id for project in await identity_store.projects_of(tx, team_id)]


def build_paces(config: Config) -> Paces:
    """Shared by all processes where the operator names a Redis."""
    own = Limits(time.monotonic)
    return SharedLimits(Redis(config.redis_url), own) if config.redis_url else own


def build_gateway(
    config: Config,
    database: Database,
    versions: Versions,
    audit: Audit,
    secrets: Secrets,
    keys: Keys,
    egress: Egress,
    spans: HubCalls,
    settings: Settings,
    budgets: Budgets | None = None,
) -> LlmGateway:
    def rules_of(team_id: UUID, project_id: UUID) -> ProjectRules:
        kinds, model, output_tokens = settings.of_project(_SETTINGS, team_id, project_id)
        return ProjectRules(tuple(kinds), model, output_tokens or None)

    setups = Setups(database, secrets.own, versions)
    gateway = Gateway(database, audit, secrets.own, Names(database, keys), setups)
    calls = Calls(setups, egress, spans, budgets or NoBudgets(), build_paces(config), rules_of)
    return LlmGateway(gateway, calls)
