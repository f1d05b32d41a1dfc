"""The servers of teams, ready to be called: read once, believed as long as nobody says that they changed.

Credentials are decrypted here and stay in memory, because every call needs one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from mno.mcp_gateway import store
from mno.mcp_gateway.model import CredentialKind, CredentialScope, Server, Transport
from mno.mcp_gateway.ports import OwnSecrets
from mno.mcp_gateway.servers.naming import Names
from mno.platform.database import Connection, Database
from mno.platform.principal import Principal
from mno.platform.remembered import Remembered, team_in
from mno.platform.upstream.pool import Origin
from mno.platform.versions import Versions

#: Topics begin so; the team follows.
TOPICS = "mcp/"
#: And these, where nothing but what tools are called has changed.
NAME_TOPICS = "mcp-names/"

#: Whom a change is told: the team, or None where it may be any.
Told = Callable[[UUID | None], None]

#: A server, and the one user for whom it is asked where each brings a credential of their own.
ServerKey = tuple[UUID, UUID | None]


@dataclass(frozen=True, slots=True)
class Ready:
    """A server ready to be called: where it listens, and the header that lets us in (None: none)."""

    server: Server
    origin: Origin
    host: str
    target: str
    credential: tuple[bytes, bytes] | None
    #: What a caller needs for a tool of the hub's own, by the tool's name.
    needed: Mapping[str, str] = field(default_factory=dict)
    #: What a program is given, besides what the hub passes on.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: For whom it is asked, where each user brings a credential of their own.
    user_id: UUID | None = None

    @property
    def key(self) -> ServerKey:
        """Under which everything is remembered that comes from it: nothing of one user is another's."""
        return self.server.id, self.user_id

    def lets(self, principal: Principal, tool: str) -> bool:
        """Whether this caller may know of the tool."""
        needed = self.needed.get(tool)
        return needed is None or principal.may(needed)

    def permission_name(self, tool: str) -> str:
        """By which permissions, caps, approvals and the audit log know a tool, whatever its server's prefix is: no
        server's name has an underscore, so the first one separates. What clients see is `Names.tool`.
        """
        return f"{self.server.name}_{self.short_name(tool)}"

    def short_name(self, tool: str) -> str:
        """A tool's name without its server's, which the hub's own tools bring along: `logs.publish` is `publish`."""
        is_own = self.server.transport is Transport.BUILTIN
        return tool.removeprefix(f"{self.server.name}.") if is_own else tool

    def own_name(self, short: str) -> str:
        """The way back: a tool's name as its server knows it."""
        return f"{self.server.name}.{short}" if self.server.transport is Transport.BUILTIN else short


#: Servers that every team has, by name.
OwnServers = Callable[[UUID], Mapping[str, Ready]]


def no_servers(_team_id: UUID) -> Mapping[str, Ready]:
    return {}


class _Team(NamedTuple):
    """What was read of one team at one moment."""

    servers: Mapping[str, Ready]
    names: Names


class Servers:
    """By team; for one event loop."""

    def __init__(
        self, database: Database, secrets: OwnSecrets, versions: Versions, own: OwnServers = no_servers
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._versions = versions
        self._own = own
        self._teams = Remembered(versions, TOPICS, self._read)
        self._told: list[Told] = []
        self._told_of_names: list[Told] = []
        versions.watch(TOPICS, lambda topic: _tell(self._told, team_in(topic, TOPICS)))
        versions.watch(NAME_TOPICS, self._renamed)

    def when_changed(self, call: Told) -> None:
        """Tells of every change: the team, or None where it may be any."""
        self._told.append(call)

    def when_named(self, call: Told) -> None:
        """The same where nothing but names at `/mcp` may have changed: what servers list is still true."""
        self._told_of_names.append(call)

    async def of(self, team_id: UUID) -> Mapping[str, Ready]:
        """Enabled servers by name, from memory or read now; `Unavailable` when the database does not answer."""
        return (await self._teams.of(team_id)).servers

    async def names(self, team_id: UUID) -> Names:
        """What their tools and prompts are called where all are offered; as `of`."""
        return (await self._teams.of(team_id)).names

    async def of_caller(self, principal: Principal) -> Mapping[str, Ready]:
        """The same as this caller reaches them: a server where each user brings a credential is theirs alone."""
        servers = await self.of(principal.team_id)
        own = {
            name: replace(ready, user_id=principal.user_id)
            for name, ready in servers.items()
            if ready.server.credential_scope is CredentialScope.USER
        }
        return {**servers, **own} if own else servers

    async def changed(self, tx: Connection, team_id: UUID) -> None:
        """Lets every process read it anew once this transaction commits; others that change it wait until then."""
        await self._versions.bump(tx, f"{TOPICS}{team_id}")

    async def named(self, tx: Connection, team_id: UUID) -> None:
        """The same where more tools are accepted of a server that puts nothing before them."""
        await self._versions.bump(tx, f"{NAME_TOPICS}{team_id}")

    async def _read(self, team_id: UUID) -> _Team:
        async with self._database.transaction(team_id) as tx:
            servers = [one for one in await store.servers_of(tx, team_id) if one.enabled]
            has_unprefixed = any(not one.tool_prefix for one in servers)
            unprefixed = await store.unprefixed_tools(tx, team_id) if has_unprefixed else {}
        ready = {one.name: await self._ready(one) for one in servers}
        ready = dict(sorted({**ready, **self._own(team_id)}.items()))
        return _Team(ready, Names.of({name: one.server.tool_prefix for name, one in ready.items()}, unprefixed))

    async def _ready(self, server: Server) -> Ready:
        credential = None
        is_kept = server.credential_kind in (CredentialKind.BEARER, CredentialKind.HEADER)
        if is_kept and server.credential_scope is CredentialScope.TEAM:
            secret = await self._secrets.read_own(server.team_id, secret_name(server.id)) or ""
            is_bearer = server.credential_kind is CredentialKind.BEARER
            name, value = ("authorization", f"Bearer {secret}") if is_bearer else (server.header, secret)
            credential = (name.encode(), value.encode())
        parts = urlsplit(server.address)
        secure = parts.scheme == "https"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        origin = Origin(secure, parts.hostname or "", parts.port or (443 if secure else 80))
        return Ready(server, origin, parts.netloc, target, credential, environment=await self._environment(server))

    async def _environment(self, server: Server) -> Mapping[str, str]:
        if not server.env_names:
            return {}
        kept = await self._secrets.read_own(server.team_id, environment_name(server.id))
        return {} if kept is None else dict(orjson.loads(kept))

    def _renamed(self, topic: str) -> None:
        team_id = team_in(topic, NAME_TOPICS)
        self._teams.forget(team_id)
        _tell(self._told_of_names, team_id)


def _tell(told: Sequence[Told], team_id: UUID | None) -> None:
    for call in told:
        call(team_id)


def secret_name(server_id: UUID) -> str:
    """Under which name its credential lies among the program's own secrets."""
    return f"mcp.server.{server_id.hex}"


def environment_name(server_id: UUID) -> str:
    """And the environment of its program."""
    return f"mcp.server.{server_id.hex}.environment"
