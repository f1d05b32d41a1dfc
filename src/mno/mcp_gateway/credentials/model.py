"""What the hub knows as a client of others' authorization servers.

Sources: OAuth 2.1 (draft), RFC 7591, 7636, 8414, 8707, 9207, 9728, and "Authorization" in the specification of MCP.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from mno.platform.errors import Denied

#: How long before its end an access token is renewed.
RENEWED_BEFORE = timedelta(seconds=60)
#: An access token or refresh token, in characters.
MAX_UPSTREAM_TOKEN_CHARACTERS = 20_000
#: How long whoever begins to connect has until they come back is that of a sign-in elsewhere; see identity.
CONNECTING = "mcp_connect"
#: Under which values are sealed.
SEALED_KIND = "mcp_credential"


class CredentialWanted(Denied):
    """A call needs a credential that nobody has connected, or that is over; `page` is where that is done."""

    def __init__(self, text: str, page: str) -> None:
        super().__init__(f"{text} Connect it at the hub: {page}")
        self.page = page


@dataclass(frozen=True, slots=True)
class Authority:
    """An authorization server as it describes itself, and what its resource says."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    registration_endpoint: str
    resource: str
    #: As the resource or its challenge names them.
    scopes: str
    auth_methods: tuple[str, ...]
    #: Whether clients may be known by the address of a document.
    takes_documents: bool
    #: Whether its answers name it (RFC 9207).
    names_itself: bool


@dataclass(frozen=True, slots=True)
class Registration:
    """As whom the hub is known there, and where answers come to."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    resource: str
    scopes: str
    client_id: str
    #: `none`, `client_secret_basic` or `client_secret_post`.
    auth_method: str
    redirect_uri: str
    names_itself: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A credential in the clear: an access token with what renews it, or what a user brought."""

    access: str
    refresh: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """What was connected: the team's, or one user's."""

    id: UUID
    server_id: UUID
    team_id: UUID
    user_id: UUID | None
    sealed: bytes
    expires_at: datetime | None
    broken: str
    connected_at: datetime
