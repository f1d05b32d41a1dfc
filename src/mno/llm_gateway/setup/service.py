"""The setups of teams: read once, believed as long as nobody says that they changed.

Credentials of providers are decrypted here and stay in memory, because every call needs one.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from mno.llm_gateway import store
from mno.llm_gateway.model import Alias, KeyPolicy, Provider
from mno.llm_gateway.ports import OwnSecrets
from mno.llm_gateway.providers import DIALECTS
from mno.llm_gateway.providers.asked import Dialect
from mno.platform.database import Connection, Database
from mno.platform.upstream.pool import Origin
from mno.platform.versions import Versions

#: Topics begin so; the team follows.
TOPICS = "gateway/"
#: How long this process believes what it read when it cannot hear whether it changed, in seconds.
BELIEVED_S = 1.0
#: Teams whose setup is remembered.
MAX_SETUPS = 1_000


@dataclass(frozen=True, slots=True)
class Upstream:
    """A provider ready to be called: where it listens, what stands before every path, and the headers that
    let us in.
    """

    provider: Provider
    dialect: Dialect
    origin: Origin
    host: str
    prefix: str
    headers: Mapping[bytes, bytes]
    #: For looking whether it stands somewhere where it must not.
    credential: str


@dataclass(frozen=True, slots=True)
class Setup:
    """A team's, by name and by key."""

    upstreams: Mapping[str, Upstream]
    aliases: Mapping[str, Alias]
    policies: Mapping[UUID, KeyPolicy]


class Setups:
    """By team; for one event loop."""

    def __init__(self, database: Database, secrets: OwnSecrets, versions: Versions) -> None:
        self._database = database
        self._secrets = secrets
        self._versions = versions
        self._known: dict[UUID, tuple[Setup, float]] = {}
        self._generation = 0
        self._reading = asyncio.Lock()
        versions.watch(TOPICS, self._forget)

    async def of(self, team_id: UUID) -> Setup:
        """From memory, or read now; `Unavailable` when the database does not answer or a credential cannot be read."""
        known = self._believed(team_id)
        if known is not None:
            return known
        async with self._reading:
            known = self._believed(team_id)
            return known if known is not None else await self._read(team_id)

    async def changed(self, tx: Connection, team_id: UUID) -> None:
        """Lets every process read it anew once this transaction commits; others that change it wait until then."""
        await self._versions.bump(tx, f"{TOPICS}{team_id}")

    def _believed(self, team_id: UUID) -> Setup | None:
        known = self._known.get(team_id)
        if known is None:
            return None
        if time.monotonic() - known[1] < BELIEVED_S or self._versions.unconfirmed_s() < BELIEVED_S:
            return known[0]
        return None

    async def _read(self, team_id: UUID) -> Setup:
        generation, began = self._generation, time.monotonic()
        async with self._database.transaction(team_id) as tx:
            providers = await store.providers_of(tx, team_id)
            aliases = await store.aliases_of(tx, team_id)
            policies = await store.policies_of(tx, team_id)
        setup = Setup(
            {one.name: await self._ready(one) for one in providers},
            {one.name: one for one in aliases},
            {one.key_id: one for one in policies},
        )
        if generation == self._generation:
            if len(self._known) >= MAX_SETUPS:
                self._known.clear()
            self._known[team_id] = setup, began
        return setup

    async def _ready(self, provider: Provider) -> Upstream:
        credential = ""
        if provider.has_credential:
            credential = await self._secrets.read_own(provider.team_id, secret_name(provider.id)) or ""
        dialect = DIALECTS[provider.kind]
        base = urlsplit(provider.base_url)
        secure = base.scheme == "https"
        host = base.hostname or ""
        origin = Origin(secure, host, base.port or (443 if secure else 80))
        return Upstream(
            provider,
            dialect,
            origin,
            base.netloc.rpartition("@")[2],
            base.path.rstrip("/"),
            dialect.credential(credential),
            credential,
        )

    def _forget(self, topic: str) -> None:
        self._generation += 1
        team = topic.removeprefix(TOPICS)
        if team:
            self._known.pop(UUID(team), None)
        else:
            self._known.clear()


def secret_name(provider_id: UUID) -> str:
    """Under which name its credential lies among the program's own secrets."""
    return f"gateway.provider.{provider_id.hex}"
