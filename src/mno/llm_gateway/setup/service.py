"""The setups of teams: read once, believed as long as nobody says that they changed.

Credentials of providers are decrypted here and stay in memory, because every call needs one.
"""

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
from mno.platform.remembered import Remembered
from mno.platform.upstream.pool import Origin
from mno.platform.versions import Versions

#: Topics begin so; the team follows.
TOPICS = "gateway/"


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
        self._remembered = Remembered(versions, TOPICS, self._read)

    async def of(self, team_id: UUID) -> Setup:
        """From memory, or read now; `Unavailable` when the database does not answer or a credential cannot be read."""
        return await self._remembered.of(team_id)

    async def changed(self, tx: Connection, team_id: UUID) -> None:
        """Lets every process read it anew once this transaction commits; others that change it wait until then."""
        await self._versions.bump(tx, self._remembered.topic_of(team_id))

    async def _read(self, team_id: UUID) -> Setup:
        async with self._database.transaction(team_id) as tx:
            providers = await store.providers_of(tx, team_id)
            aliases = await store.aliases_of(tx, team_id)
            policies = await store.policies_of(tx, team_id)
        return Setup(
            {one.name: await self._ready(one) for one in providers},
            {one.name: one for one in aliases},
            {one.key_id: one for one in policies},
        )

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


def secret_name(provider_id: UUID) -> str:
    """Under which name its credential lies among the program's own secrets."""
    return f"gateway.provider.{provider_id.hex}"
