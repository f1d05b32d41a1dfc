"""The credential with which a server is asked now: from memory, renewed before it ends, and once when it is refused.

One process renews at a time: the row of the connection is locked meanwhile, and whoever waited finds what was fetched.
"""

import asyncio
import time
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from mno.mcp_gateway.credentials import rules, store
from mno.mcp_gateway.credentials.authorities import Authorities
from mno.mcp_gateway.credentials.model import RENEWED_BEFORE, Connection, CredentialWanted, Held
from mno.mcp_gateway.credentials.sealing import Sealer, opened, purpose_of_client, sealed
from mno.mcp_gateway.given import is_elsewhere
from mno.mcp_gateway.model import CredentialKind, CredentialScope, Server
from mno.mcp_gateway.ports import OwnSecrets
from mno.mcp_gateway.protocol.question import ServerTrouble
from mno.mcp_gateway.servers.service import Ready, ServerKey, secret_name
from mno.platform import clock
from mno.platform.database import Connection as Transaction
from mno.platform.database import Database
from mno.platform.errors import Invalid, MnoError
from mno.platform.ids import new_id, shown
from mno.platform.versions import Versions

#: Topics begin so; the team follows.
TOPICS = "mcp-credentials/"
#: How long this process believes what it read when it cannot hear whether it changed, in seconds.
BELIEVED_S = 1.0
#: Credentials that are remembered.
MAX_CREDENTIALS_REMEMBERED = 10_000

Header = tuple[bytes, bytes]


class _Known(NamedTuple):
    """What was read for one place, and when."""

    server: Server
    header: Header
    expires_at: datetime | None
    read_at: float


class HeldCredentials:
    """Of all teams; for one event loop."""

    def __init__(
        self,
        database: Database,
        versions: Versions,
        sealer: Sealer,
        secrets: OwnSecrets,
        authorities: Authorities,
        public_url: str = "",
    ) -> None:
        self._database = database
        self._versions = versions
        self._sealer = sealer
        self._secrets = secrets
        self._authorities = authorities
        self._public_url = public_url
        self._known: dict[ServerKey, _Known] = {}
        self._turns: dict[ServerKey, asyncio.Lock] = {}
        self._generation = 0
        versions.watch(TOPICS, self._forget)

    @staticmethod
    def is_needed(ready: Ready) -> bool:
        """Whether the credential of this server is not the one that stands in its entry."""
        server = ready.server
        is_fetched = server.credential_kind in (CredentialKind.OAUTH, CredentialKind.CLIENT_CREDENTIALS)
        return is_fetched or server.credential_scope is CredentialScope.USER

    def remembered(self, ready: Ready) -> Header | None:
        known = self._known.get(ready.key)
        return known.header if known else None

    async def of(self, ready: Ready, refused: Header | None = None) -> Header:
        """The header that lets us in; another than the one that was refused. `CredentialWanted` where nobody has
        connected, or where what was connected is over.
        """
        known = self._believed(ready)
        if known is not None and known != refused:
            return known
        turn = self._turns.setdefault(ready.key, asyncio.Lock())
        async with turn:
            known = self._believed(ready)
            return known if known is not None and known != refused else await self._read(ready, refused)

    async def changed(self, tx: Transaction, team_id: UUID) -> None:
        """Lets every process read anew once this transaction commits."""
        await self._versions.bump(tx, f"{TOPICS}{team_id}")

    def _believed(self, ready: Ready) -> Header | None:
        known = self._known.get(ready.key)
        if known is None or is_elsewhere(known.server, ready.server):
            return None
        if known.expires_at is not None and known.expires_at - RENEWED_BEFORE <= clock.now():
            return None
        is_fresh = time.monotonic() - known.read_at < BELIEVED_S or self._versions.unconfirmed_s() < BELIEVED_S
        return known.header if is_fresh else None

    async def _read(self, ready: Ready, refused: Header | None) -> Header:
        server, user_id = ready.server, ready.user_id
        if server.credential_scope is CredentialScope.USER and user_id is None:
            raise self._wanted(server, "needs a credential of each person's own, and nobody stands behind this caller")
        generation, began = self._generation, time.monotonic()
        async with self._database.transaction(server.team_id) as tx:
            one = await self._kept(tx, server, user_id)
            held, expires_at, broken = opened(self._sealer, server.id, user_id, one.sealed), one.expires_at, one.broken
            if not broken and _is_over(server, held, expires_at, refused):
                held, expires_at, broken = await self._renewed(tx, server, one, held)
                generation += 1  # our own change is told to this process, too
        if broken:
            raise self._wanted(server, f"does not accept what was connected any more ({broken})")
        header = header_of(server, held)
        if generation >= self._generation:
            if len(self._known) >= MAX_CREDENTIALS_REMEMBERED:
                self._known.clear()
            self._known[ready.key] = _Known(server, header, expires_at, began)
        return header

    async def _kept(self, tx: Transaction, server: Server, user_id: UUID | None) -> Connection:
        if server.credential_kind is CredentialKind.CLIENT_CREDENTIALS:
            empty = sealed(self._sealer, server.id, None, Held(""))
            made = Connection(new_id(), server.id, server.team_id, None, empty, None, "", clock.now())
            await store.ensure_connection(tx, made)
        one = await store.connection(tx, server.id, user_id, lock=True)
        if one is None:
            raise self._wanted(server, "is not connected yet")
        return one

    async def _renewed(
        self, tx: Transaction, server: Server, one: Connection, held: Held
    ) -> tuple[Held, datetime | None, str]:
        """The next tokens; they are kept in this transaction, as is that there are none."""
        found, expires_at, broken = held, one.expires_at, ""
        try:
            answer = await self._fetched(tx, server, held)
            found, expires_at = rules.held_of(answer, clock.now(), held)
        except Invalid as error:
            broken = str(error)[:300]
        except MnoError as error:
            raise ServerTrouble(f"The access to '{server.name}' cannot be renewed: {error}") from None
        kept = sealed(self._sealer, server.id, one.user_id, found)
        # a machine's own access is tried again each time; a person's is over until they connect anew
        lasting = "" if server.credential_kind is CredentialKind.CLIENT_CREDENTIALS else broken
        await store.renew_connection(tx, one.id, kept, expires_at, lasting)
        await self.changed(tx, server.team_id)
        return found, expires_at, broken

    async def _fetched(self, tx: Transaction, server: Server, held: Held) -> object:
        if server.credential_kind is CredentialKind.CLIENT_CREDENTIALS:
            secret = await self._secrets.read_own(server.team_id, secret_name(server.id)) or ""
            authority = await self._authorities.of(server.address)
            registration, secret = await self._authorities.known_as(authority, server, secret, "")
            form = {"grant_type": "client_credentials", "scope": registration.scopes}
            return await self._authorities.tokens(registration, secret, {k: v for k, v in form.items() if v})
        known = await store.registration(tx, server.id)
        if known is None or not held.refresh:
            raise Invalid("It cannot be renewed.")
        registration, kept = known
        secret = self._sealer.open(purpose_of_client(server.id), kept).decode() if kept else ""
        form = {"grant_type": "refresh_token", "refresh_token": held.refresh}
        return await self._authorities.tokens(registration, secret, form)

    def _wanted(self, server: Server, why: str) -> CredentialWanted:
        """The error that says where to connect."""
        page = f"{self._public_url}/integrations/servers?server={shown('mcs', server.id)}"
        return CredentialWanted(f"The MCP server '{server.name}' {why}.", page)

    def _forget(self, _: str) -> None:
        self._generation += 1
        self._known.clear()  # read again in a millisecond, and changed seldom
        if len(self._turns) > MAX_CREDENTIALS_REMEMBERED:
            self._turns = {key: turn for key, turn in self._turns.items() if turn.locked()}


def header_of(server: Server, held: Held) -> Header:
    if server.credential_kind is CredentialKind.HEADER:
        return server.header.encode(), held.access.encode()
    return b"authorization", f"Bearer {held.access}".encode()


def _is_over(server: Server, held: Held, expires_at: datetime | None, refused: Header | None) -> bool:
    """Whether it must be renewed; what a user brought cannot be."""
    if server.credential_kind not in (CredentialKind.OAUTH, CredentialKind.CLIENT_CREDENTIALS):
        return False
    ends = expires_at is not None and expires_at - RENEWED_BEFORE <= clock.now()
    return not held.access or ends or header_of(server, held) == refused
