"""Use cases of the registry: a team's MCP servers. Every change is audited."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any
from uuid import UUID

import orjson

from mno.audit.service import Audit
from mno.mcp_gateway import importing, rules, store
from mno.mcp_gateway.credentials import store as credentials_store
from mno.mcp_gateway.given import Given, is_elsewhere
from mno.mcp_gateway.model import MAX_SERVERS_PER_TEAM, CredentialKind, Server, Transport
from mno.mcp_gateway.ports import OwnSecrets
from mno.mcp_gateway.servers.service import Servers, environment_name, secret_name
from mno.mcp_gateway.ways.openapi.operations import Offered
from mno.mcp_gateway.ways.openapi.service import Documents
from mno.mcp_gateway.ways.stdio.rules import Commands
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal

_FIXED = frozenset({"id", "team_id", "created_at"})
_FIELDS = frozenset(one.name for one in fields(Server)) - _FIXED


class Registry:
    """A team's servers, changed by those who may for the whole team."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        secrets: OwnSecrets,
        servers: Servers,
        documents: Documents,
        commands: Commands,
    ) -> None:
        self._database = database
        self._audit = audit
        self._secrets = secrets
        self._servers = servers
        self._documents = documents
        self._commands = commands

    async def servers(self, principal: Principal) -> list[Server]:
        async with self._database.transaction(principal.team_id) as tx:
            return await store.servers_of(tx, principal.team_id)

    async def add(self, principal: Principal, wish: Mapping[str, Any], given: Given) -> Server:
        """`wish` holds fields of `Server`. `Conflict` where its name or prefix is another's, `LimitExceeded` at
        MAX_SERVERS_PER_TEAM, `Invalid` for a bad wish.
        """
        _require_team(principal)
        given = await self._documents.prepared(given)
        async with self._database.transaction(principal.team_id) as tx:
            await self._servers.changed(tx, principal.team_id)
            known = await store.servers_of(tx, principal.team_id)
            server = self._made(principal, wish, given, known)
            await store.insert_server(tx, server)
            await self._keep(tx, server, given)
            await self._audit.record(
                tx, principal, "mcp_servers.create", shown("mcs", server.id), name=server.name, after=_told(server)
            )
        return server

    async def change(self, principal: Principal, server_id: UUID, changes: Mapping[str, Any], given: Given) -> Server:
        """What `changes` names, and what is given. Another address or another kind of credential wants the credential
        anew: the old one was not given for it; so with a program and its environment.
        """
        _require_team(principal)
        given = await self._documents.prepared(given)
        async with self._database.transaction(principal.team_id) as tx:
            await self._servers.changed(tx, principal.team_id)
            before = await self._found(tx, principal.team_id, server_id)
            after = replace(before, **_known(changes))
            if after.credential_kind is not CredentialKind.HEADER and "header" not in changes:
                after = replace(after, header="")
            after = rules.checked(given.within(after))
            self._require_program(principal, after)
            rules.check_free(after, await store.servers_of(tx, principal.team_id))
            given.check_complete(after, before)
            if is_elsewhere(before, after):
                await credentials_store.forget_server(tx, after.id)
            await store.update_server(tx, after)
            await self._keep(tx, after, given)
            told = {**_told(after), **given.told()}
            await self._audit.record(
                tx,
                principal,
                "mcp_servers.change",
                shown("mcs", after.id),
                name=after.name,
                before=_told(before),
                after=told,
            )
        return after

    async def remove(self, principal: Principal, server_id: UUID) -> None:
        """The server and its credential."""
        _require_team(principal)
        async with self._database.transaction(principal.team_id) as tx:
            await self._servers.changed(tx, principal.team_id)
            before = await self._found(tx, principal.team_id, server_id)
            await store.delete_server(tx, principal.team_id, server_id)
            for name in (secret_name(server_id), environment_name(server_id)):
                await self._secrets.delete_own(principal.team_id, name, tx=tx)
            await self._audit.record(
                tx, principal, "mcp_servers.delete", shown("mcs", server_id), name=before.name, before=_told(before)
            )

    async def import_all(
        self, principal: Principal, document: Mapping[str, Any], *, preview: bool = False
    ) -> tuple[list[Server], list[str]]:
        """The servers of a document that could be added, and why others not; a preview adds none."""
        _require_team(principal)
        entries, left = importing.imported(document)
        known = await self.servers(principal) if preview else []
        added: list[Server] = []
        reasons = list(left)
        for entry in entries:
            wish = dict(entry)
            given = Given(wish.pop("credential", None), wish.pop("environment", None))
            try:
                if preview:
                    added.append(self._made(principal, wish, given, [*known, *added]))
                else:
                    added.append(await self.add(principal, wish, given))
            except (Invalid, Conflict, LimitExceeded, Denied) as error:
                reasons.append(f"{wish['name']}: {error}")
        return added, reasons

    async def operations(self, principal: Principal, server_id: UUID) -> Offered:
        """What a server's OpenAPI document offers; `NotFound` where it has none."""
        async with self._database.transaction(principal.team_id) as tx:
            server = await self._found(tx, principal.team_id, server_id)
        if server.transport is not Transport.OPENAPI:
            raise NotFound("This server has no OpenAPI document.")
        return await self._documents.offered(server)

    # — parts —

    async def _found(self, tx: Connection, team_id: UUID, server_id: UUID) -> Server:
        found = await store.server_of(tx, team_id, server_id)
        if found is None:
            raise NotFound("There is no such MCP server.")
        return found

    def _require_program(self, principal: Principal, server: Server) -> None:
        """To start a program on the hub's machine takes more than to add a server."""
        if server.transport is not Transport.STDIO:
            return
        if not principal.may_in_team("mcp.stdio"):
            raise Denied(f"'{principal.name}' may not set up programs: mcp.stdio is needed for the whole team.")
        if server.enabled:
            self._commands.check(server.command)

    def _made(self, principal: Principal, wish: Mapping[str, Any], given: Given, known: list[Server]) -> Server:
        """A server that may stand beside those that are known."""
        made = Server(id=new_id(), team_id=principal.team_id, created_at=clock.now(), **{"address": "", **_known(wish)})
        server = rules.checked(given.within(made))
        self._require_program(principal, server)
        given.check_complete(server, None)
        if len(known) >= MAX_SERVERS_PER_TEAM:
            raise LimitExceeded(f"A team may have {MAX_SERVERS_PER_TEAM} MCP servers; remove one first.")
        rules.check_free(server, known)
        return server

    async def _keep(self, tx: Connection, server: Server, given: Given) -> None:
        """Apart from the entry, which is stored already."""
        if server.credential_kind is CredentialKind.NONE:
            await self._secrets.delete_own(server.team_id, secret_name(server.id), tx=tx)
        elif given.credential is not None:
            kept = rules.checked_credential(given.credential)
            await self._secrets.write_own(server.team_id, secret_name(server.id), kept, tx=tx)
        if not server.env_names:
            await self._secrets.delete_own(server.team_id, environment_name(server.id), tx=tx)
        elif given.environment is not None:
            kept = orjson.dumps(dict(given.environment)).decode()
            await self._secrets.write_own(server.team_id, environment_name(server.id), kept, tx=tx)
        if given.document is not None:
            await store.put_document(tx, server, given.document.encode())


def _require_team(principal: Principal) -> None:
    if not principal.may_in_team("mcp.write"):
        raise Denied(f"'{principal.name}' may not do this: mcp.write is needed for the whole team.")


def _known(wish: Mapping[str, Any]) -> dict[str, Any]:
    assert wish.keys() <= _FIELDS
    found = dict(wish)
    if "tags" in found:
        found["tags"] = tuple(dict.fromkeys(found["tags"]))
    if "args" in found:
        found["args"] = tuple(found["args"])
    return found


def _told(server: Server) -> dict[str, Any]:
    """For the audit log."""
    told = {name: value for name, value in asdict(server).items() if name not in _FIXED}
    lists = {name: list(getattr(server, name)) for name in ("tags", "args", "env_names")}
    kinds = {name: str(getattr(server, name)) for name in ("credential_kind", "credential_scope", "transport")}
    return {**told, **lists, **kinds}
