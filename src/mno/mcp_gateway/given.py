"""What comes with a server's entry and is kept apart from it: a credential, a program's environment, a document."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import orjson

from mno.mcp_gateway import rules, store
from mno.mcp_gateway.model import CredentialKind, Server, Transport
from mno.mcp_gateway.ports import OwnSecrets
from mno.mcp_gateway.servers.service import environment_name, secret_name
from mno.mcp_gateway.stdio.rules import checked_environment
from mno.platform.database import Connection
from mno.platform.errors import Invalid


@dataclass(frozen=True, slots=True)
class Given:
    """Each None where it is not sent."""

    credential: str | None = None
    environment: Mapping[str, str] | None = None
    document: str | None = None

    def within(self, server: Server) -> Server:
        """The entry with what it tells of all this; `Invalid` for what its kind of server does not have."""
        if self.environment is not None:
            if server.transport is not Transport.STDIO and self.environment:
                raise Invalid("Only a program has an environment.")
            server = replace(server, env_names=tuple(sorted(checked_environment(self.environment))))
        if self.document is not None:
            if server.transport is not Transport.OPENAPI:
                raise Invalid("Only a server of the kind openapi has a document.")
            server = replace(server, document_digest=hashlib.sha256(self.document.encode()).hexdigest())
        return server

    def check_complete(self, server: Server, before: Server | None) -> None:
        """`Invalid` where something must be sent: what was given for one place is not sent to another."""
        if server.credential_kind is CredentialKind.NONE:
            if self.credential:
                raise Invalid("This server is called without a credential; say of which kind it is.")
        elif self.credential is None and (before is None or _place(before) != _place(server)):
            raise Invalid("Send the credential for this address: one that was given before is not sent elsewhere.")
        if server.env_names and self.environment is None and (before is None or _program(before) != _program(server)):
            raise Invalid("Send the environment for this program: what was given before is not given to another.")
        if server.transport is Transport.OPENAPI and not server.document_digest:
            raise Invalid("Send the OpenAPI document, or the address where it lies.")

    async def keep(self, tx: Connection, secrets: OwnSecrets, server: Server) -> None:
        """Once the entry is stored."""
        if server.credential_kind is CredentialKind.NONE:
            await secrets.delete_own(server.team_id, secret_name(server.id), tx=tx)
        elif self.credential is not None:
            kept = rules.checked_credential(self.credential)
            await secrets.write_own(server.team_id, secret_name(server.id), kept, tx=tx)
        if not server.env_names:
            await secrets.delete_own(server.team_id, environment_name(server.id), tx=tx)
        elif self.environment is not None:
            kept = orjson.dumps(dict(self.environment)).decode()
            await secrets.write_own(server.team_id, environment_name(server.id), kept, tx=tx)
        if self.document is not None:
            await store.put_document(tx, server, self.document.encode())

    def told(self) -> dict[str, str]:
        """For the audit log: what was sent, not what it says."""
        named = {"credential": self.credential, "environment": self.environment}
        return {name: "changed" for name, value in named.items() if value is not None}


async def forget(tx: Connection, secrets: OwnSecrets, server: Server) -> None:
    """What was kept for a server; its document goes with its row."""
    for name in (secret_name(server.id), environment_name(server.id)):
        await secrets.delete_own(server.team_id, name, tx=tx)


def _place(server: Server) -> tuple[object, ...]:
    return server.address, server.credential_kind, server.header


def _program(server: Server) -> tuple[object, ...]:
    return server.command, server.args, server.folder
