"""Connecting: a person consents at the authorization server in front of an MCP server, for the team or for themselves,
or brings a credential of their own. What somebody begins, only they finish, in the session in which they began.
"""

import secrets as randomness
from typing import Any, Protocol
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.sign_in.outside.service import local_path
from mno.mcp_gateway import store as servers_store
from mno.mcp_gateway.credentials import rules, store
from mno.mcp_gateway.credentials.authorities import Authorities, authorization_address
from mno.mcp_gateway.credentials.held.service import HeldCredentials
from mno.mcp_gateway.credentials.model import CONNECTING, Connection, Held, Registration
from mno.mcp_gateway.credentials.sealing import Sealer, purpose_of, purpose_of_client, sealed
from mno.mcp_gateway.model import CredentialKind, CredentialScope, Server
from mno.mcp_gateway.ports import OwnSecrets
from mno.mcp_gateway.rules import checked_credential
from mno.mcp_gateway.servers.service import secret_name
from mno.platform import clock
from mno.platform.database import Connection as Transaction
from mno.platform.database import Database
from mno.platform.errors import Conflict, Denied, Invalid, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.secrets.own.sealer import Reseal

#: Sealed values in one transaction while they get a new key.
RESEALED_AT_ONCE = 200


class Ceremonies(Protocol):
    """Keeps what was begun until its second half comes; as sessions do."""

    async def begin(self, kind: str, data: object, user_id: UUID | None = None) -> str: ...
    async def finish(self, tx: Transaction, kind: str, token: str) -> tuple[UUID | None, dict[str, object]]: ...


class Connections:
    """Of all teams."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        sealer: Sealer,
        secrets: OwnSecrets,
        ceremonies: Ceremonies,
        authorities: Authorities,
        held: HeldCredentials,
    ) -> None:
        self._database = database
        self._audit = audit
        self._sealer = sealer
        self._secrets = secrets
        self._ceremonies = ceremonies
        self._authorities = authorities
        self._held = held

    # — consent elsewhere —

    async def begin(self, principal: Principal, server_id: UUID, base_url: str, return_to: str) -> str:
        """Where the browser goes. `Conflict` for a server that is not connected so, `Invalid` where its authorization
        server cannot be used.
        """
        server = await self._server(principal, server_id)
        if server.credential_kind is not CredentialKind.OAUTH:
            raise Conflict("This server is not connected by consent; its credential is of another kind.")
        owner = self._owner(principal, server)
        assert principal.session_id is not None
        registration = await self._registration(server, base_url)
        verifier = randomness.token_urlsafe(48)
        state = await self._ceremonies.begin(
            CONNECTING,
            {
                "server": server.id.hex,
                "owner": owner.hex if owner else "",
                "session": principal.session_id.hex,
                "issuer": registration.issuer,
                "verifier": verifier,
                "return_to": local_path(return_to),
            },
            principal.user_id,
        )
        return authorization_address(registration, state, verifier)

    async def complete(self, principal: Principal, state: str, code: str, issuer: str | None, error: str) -> str:
        """Takes the answer, once, from whoever began; the path to go on to."""
        async with self._database.across_teams() as tx:
            user_id, data = await self._ceremonies.finish(tx, CONNECTING, state)
        session = principal.session_id.hex if principal.session_id else ""
        if user_id != principal.user_id or not randomness.compare_digest(session, str(data["session"])):
            raise Denied("This was begun in another session; begin again.")
        server = await self._server(principal, UUID(hex=str(data["server"])))
        owner = self._owner(principal, server)
        if (owner.hex if owner else "") != data["owner"] or server.credential_kind is not CredentialKind.OAUTH:
            raise Conflict("The server has changed meanwhile; begin again.")
        registration, secret = await self._known(server, str(data["issuer"]))
        rules.check_issuer(issuer, registration.issuer, names_itself=registration.names_itself)
        if error or not code:
            raise Invalid(f"The authorization server refused ({error[:80] or 'no code'}).")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": registration.redirect_uri,
            "code_verifier": str(data["verifier"]),
        }
        held, expires_at = rules.held_of(await self._authorities.tokens(registration, secret, form), clock.now())
        await self._keep(principal, server, owner, held, expires_at)
        return str(data["return_to"])

    # — one's own —

    async def bring(self, principal: Principal, server_id: UUID, credential: str) -> None:
        """Keeps a credential of the person's own for a server where each brings theirs."""
        server = await self._server(principal, server_id)
        is_own = server.credential_scope is CredentialScope.USER
        if not is_own or server.credential_kind not in (CredentialKind.BEARER, CredentialKind.HEADER):
            raise Conflict("Nobody brings a credential of their own for this server.")
        await self._keep(principal, server, self._owner(principal, server), Held(checked_credential(credential)), None)

    async def standing(self, principal: Principal, server_id: UUID) -> tuple[Server, Connection | None]:
        """What is connected for the person: their own, or the team's."""
        server = await self._server(principal, server_id)
        owner = principal.user_id if server.credential_scope is CredentialScope.USER else None
        async with self._database.transaction(server.team_id) as tx:
            return server, await store.connection(tx, server.id, owner)

    async def take_back(self, principal: Principal, server_id: UUID) -> None:
        """Forgets the person's own credential, or the team's connection."""
        server = await self._server(principal, server_id)
        owner = self._owner(principal, server)
        async with self._database.transaction(server.team_id) as tx:
            await self._held.changed(tx, server.team_id)
            if not await store.delete_connection(tx, server.id, owner):
                raise NotFound("Nothing is connected.")
            await self._audit.record(
                tx, principal, "mcp_connections.delete", shown("mcs", server.id), name=server.name, before=_told(owner)
            )

    async def walk(self, reseal: Reseal) -> None:
        """Seals everything again whose key is not the newest, some in each transaction."""
        after = UUID(int=0)
        while True:
            async with self._database.across_teams() as tx:
                found = await store.connections_after(tx, after, RESEALED_AT_ONCE)
                for one in found:
                    renewed = reseal(purpose_of(one.server_id, one.user_id), one.sealed)
                    if renewed != one.sealed:
                        await store.renew_connection(tx, one.id, renewed, one.expires_at, one.broken)
            if len(found) < RESEALED_AT_ONCE:
                break
            after = found[-1].id
        await self._walk_clients(reseal)

    # — parts —

    async def _walk_clients(self, reseal: Reseal) -> None:
        after = UUID(int=0)
        while True:
            async with self._database.across_teams() as tx:
                found = await store.clients_after(tx, after, RESEALED_AT_ONCE)
                for server_id, kept in found:
                    renewed = reseal(purpose_of_client(server_id), kept) if kept else kept
                    if renewed != kept:
                        await store.keep_sealed_client(tx, server_id, renewed)
            if len(found) < RESEALED_AT_ONCE:
                return
            after = found[-1][0]

    async def _server(self, principal: Principal, server_id: UUID) -> Server:
        async with self._database.transaction(principal.team_id) as tx:
            found = await servers_store.server_of(tx, principal.team_id, server_id)
        if found is None:
            raise NotFound("There is no such MCP server.")
        return found

    def _owner(self, principal: Principal, server: Server) -> UUID | None:
        """Whose credential the principal may change: their own, or the team's where they may."""
        if server.credential_scope is CredentialScope.USER:
            if principal.user_id is None or principal.session_id is None:
                raise Denied("Only a person who is signed in has a credential of their own.")
            return principal.user_id
        if not principal.may_in_team("mcp.write"):
            raise Denied(f"'{principal.name}' may not do this: mcp.write is needed for the whole team.")
        return None

    async def _registration(self, server: Server, base_url: str) -> Registration:
        """As whom the hub is known now; made anew where the authorization server or the hub's address is another, or
        other access is wanted: a client may be held to the scopes with which it registered.
        """
        authority = await self._authorities.of(server.address)
        async with self._database.transaction(server.team_id) as tx:
            known = await store.registration(tx, server.id)
        wanted = (
            authority.issuer,
            f"{base_url}/oauth/callback",
            authority.token_endpoint,
            server.oauth_scopes or authority.scopes,
        )
        is_same = known is not None and wanted == (
            known[0].issuer, known[0].redirect_uri, known[0].token_endpoint, known[0].scopes,
        )  # fmt: skip
        if known is not None and is_same:
            return known[0]
        own = await self._secrets.read_own(server.team_id, secret_name(server.id)) or ""
        made, secret = await self._authorities.known_as(authority, server, own, base_url)
        kept = self._sealer.seal(purpose_of_client(server.id), secret.encode()) if secret else b""
        async with self._database.transaction(server.team_id) as tx:
            await store.put_registration(tx, server.team_id, server.id, made, kept)
        return made

    async def _known(self, server: Server, issuer: str) -> tuple[Registration, str]:
        async with self._database.transaction(server.team_id) as tx:
            known = await store.registration(tx, server.id)
        if known is None or known[0].issuer != issuer:
            raise Conflict("The server's authorization server has changed meanwhile; begin again.")
        return known[0], self._sealer.open(purpose_of_client(server.id), known[1]).decode() if known[1] else ""

    async def _keep(
        self, principal: Principal, server: Server, owner: UUID | None, held: Held, expires_at: Any
    ) -> None:
        kept = sealed(self._sealer, server.id, owner, held)
        one = Connection(new_id(), server.id, server.team_id, owner, kept, expires_at, "", clock.now())
        async with self._database.transaction(server.team_id) as tx:
            await self._held.changed(tx, server.team_id)
            await store.put_connection(tx, one)
            await self._audit.record(
                tx, principal, "mcp_connections.create", shown("mcs", server.id), name=server.name, after=_told(owner)
            )


def _told(owner: UUID | None) -> dict[str, object]:
    """For the audit log."""
    return {"for": shown("usr", owner) if owner else "team"}
