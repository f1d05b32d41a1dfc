"""What comes with a server's entry and is kept apart from it: a credential, a program's environment, a document."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mno.mcp_gateway.model import CredentialKind, CredentialScope, Server, Transport
from mno.mcp_gateway.ways.stdio.rules import checked_environment
from mno.platform.errors import Invalid


@dataclass(frozen=True, slots=True)
class Given:
    """Each None where it is not sent."""

    credential: str | None = None
    environment: Mapping[str, str] | None = None
    document: str | None = None
    #: Where a document lies that is fetched once.
    document_address: str | None = None
    #: The address that the document names for its API.
    base: str = ""

    def within(self, server: Server) -> Server:
        """The entry with what it tells of all this; `Invalid` for what its kind of server does not have."""
        if self.environment is not None:
            if server.transport is not Transport.STDIO and self.environment:
                raise Invalid("Only a program has an environment.")
            server = replace(server, env_names=tuple(sorted(checked_environment(self.environment))))
        if self.document is not None:
            if server.transport is not Transport.OPENAPI:
                raise Invalid("Only a server of the kind openapi has a document.")
            digest = hashlib.sha256(self.document.encode()).hexdigest()
            server = replace(server, document_digest=digest, address=server.address or self.base)
        return server

    def check_complete(self, server: Server, before: Server | None) -> None:
        """`Invalid` where something must be sent: what was given for one place is not sent to another."""
        if server.credential_kind is CredentialKind.NONE:
            if self.credential:
                raise Invalid("This server is called without a credential; say of which kind it is.")
        elif server.credential_kind is CredentialKind.OAUTH:
            pass  # what is sent with it is the hub's secret as a client, where it has one
        elif server.credential_scope is CredentialScope.USER:
            if self.credential:
                raise Invalid("Each user brings a credential of their own for this server; send none with its entry.")
        elif self.credential is None and (before is None or _place(before) != _place(server)):
            raise Invalid("Send the credential for this address: one that was given before is not sent elsewhere.")
        if server.env_names and self.environment is None and (before is None or _program(before) != _program(server)):
            raise Invalid("Send the environment for this program: what was given before is not given to another.")
        if server.transport is Transport.OPENAPI and not server.document_digest:
            raise Invalid("Send the OpenAPI document, or the address where it lies.")

    def told(self) -> dict[str, str]:
        """For the audit log: what was sent, not what it says."""
        named = {"credential": self.credential, "environment": self.environment}
        return {name: "changed" for name, value in named.items() if value is not None}


def is_elsewhere(before: Server, after: Server) -> bool:
    """Whether what was given for the one must not be sent to the other."""
    return _place(before) != _place(after)


def _place(server: Server) -> tuple[object, ...]:
    return server.address, server.credential_kind, server.header, server.credential_scope, server.oauth_client_id


def _program(server: Server) -> tuple[object, ...]:
    return server.command, server.args, server.folder
