"""The wire shapes of connections."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from mno.mcp_gateway.credentials.model import Connection
from mno.mcp_gateway.model import MAX_SERVER_CREDENTIAL_CHARACTERS, CredentialKind, CredentialScope, Server


class McpConnectionShape(BaseModel):
    """How a server's credential stands for the person, without the credential."""

    kind: CredentialKind
    scope: CredentialScope
    connected: bool
    broken: str = Field(description="Why what was connected works no more; empty: it does.")
    connected_at: datetime | None
    expires_at: datetime | None = Field(description="Of the present access token; it is renewed before.")

    @classmethod
    def of(cls, server: Server, one: Connection | None) -> "McpConnectionShape":
        return cls(
            kind=server.credential_kind,
            scope=server.credential_scope,
            connected=one is not None,
            broken=one.broken if one else "",
            connected_at=one.connected_at if one else None,
            expires_at=one.expires_at if one else None,
        )


class OwnCredentialWish(BaseModel, extra="forbid"):
    """Kept encrypted, never shown."""

    credential: Annotated[str, Field(min_length=1, max_length=MAX_SERVER_CREDENTIAL_CHARACTERS)]


class ConnectWish(BaseModel, extra="forbid"):
    return_to: Annotated[str, Field(max_length=500, description="The page to go on to afterwards.")] = "/"


class ConnectAnswer(BaseModel):
    location: str = Field(description="Where the browser goes, so that the person may consent there.")
