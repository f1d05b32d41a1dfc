"""What the authorization server knows: clients, what they ask for, and what people granted them.

Sources: OAuth 2.1 (draft), RFC 7591, 7636, 8252, 8414, 8707, 9207, 9728, the draft on client id metadata documents, and
"Authorization" in the specification of MCP, revisions 2025-03-26 to 2026-07-28.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from mno.platform.errors import Invalid
from mno.platform.permissions import PROJECT, READING

#: How long a code may be exchanged for tokens.
CODE_LIFETIME = timedelta(minutes=1)
#: How long an access token works.
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
#: How long a refresh token works; each exchange makes a new one.
REFRESH_TOKEN_LIFETIME = timedelta(days=30)
#: How long a client that registered itself is kept when nobody consents to it.
UNUSED_CLIENT_LIFETIME = timedelta(hours=1)
#: And after its last use, where nobody's grant names it any more.
IDLE_CLIENT_LIFETIME = timedelta(days=90)
#: Within how long registrations from one address are counted.
REGISTRATION_WINDOW = timedelta(hours=1)
#: Registrations of clients from one address within that time.
MAX_REGISTRATIONS_PER_ADDRESS = 20
#: Clients that registered themselves and wait for somebody's consent, on the whole hub.
MAX_WAITING_CLIENTS = 1_000
#: Redirect addresses of one client.
MAX_REDIRECT_URIS = 20
#: An address of a client: its own, or one to go back to.
MAX_OAUTH_ADDRESS_CHARACTERS = 2_000
#: The `state` of a client, which it gets back.
MAX_OAUTH_STATE_CHARACTERS = 4_000
#: Clients that one person may have connected in one team.
MAX_GRANTS_PER_PERSON = 200
#: A client's own document, in bytes.
MAX_CLIENT_DOCUMENT_BYTES = 64 * 1024
#: How long a client's document may take, in seconds.
CLIENT_DOCUMENT_TIMEOUT_S = 5.0
#: How long a client's document is believed, in seconds.
CLIENT_DOCUMENT_MEMORY_S = 300.0
#: Documents of clients that are remembered.
MAX_REMEMBERED_DOCUMENTS = 1_000

#: To use what is at `/mcp`.
SCOPE = "mcp"
#: Without this a person cannot consent to it.
NEEDED = "mcp.call"
#: What each scope lets a client do, of what its person may: to call tools, and what the hub's own tools ask for. At the
#: only place where its tokens work there is nothing else.
PERMISSIONS = {SCOPE: frozenset({NEEDED, "alerts.answer", "logs.write"}) | (READING & PROJECT)}


class OauthRefusal(Invalid):
    """An error of the protocol: `code` is one of RFC 6749 and its extensions, such as `invalid_grant`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AuthMethod(StrEnum):
    """How a client shows at the token endpoint that it is the one."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"


@dataclass(frozen=True, slots=True)
class Client:
    """A program. `id` is the https address of its document, or `oac_…` for one that registered itself. Its name and
    address are its own words.
    """

    id: str
    name: str
    uri: str
    redirect_uris: tuple[str, ...]
    auth_method: AuthMethod = AuthMethod.NONE
    #: Of its secret; empty: it has none.
    secret: bytes = b""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """The parameters with which a client sends a browser to the hub, as they came."""

    client_id: str
    redirect_uri: str
    response_type: str = ""
    code_challenge: str = ""
    code_challenge_method: str = ""
    scope: str = ""
    state: str = ""
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that holds: what a person is asked to consent to. `audience` is the path that tokens will be for."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    audience: str
    #: Which error the client will be told, where its request is wrong in a way that it may hear of.
    refusal: OauthRefusal | None = None


class TokenKind(StrEnum):
    """What a secret is for."""

    CODE = "code"
    ACCESS = "access"
    REFRESH = "refresh"


@dataclass(frozen=True, slots=True)
class OauthGrant:
    """What a person lets a client do in their name."""

    id: UUID
    team_id: UUID
    project_id: UUID
    user_id: UUID
    client_id: str
    client_name: str
    redirect_uri: str
    audience: str
    scopes: tuple[str, ...]
    second_factor: bool
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedGrant:
    """A grant with the names of where it acts."""

    grant: OauthGrant
    team: str
    project: str


@dataclass(frozen=True, slots=True)
class KeptToken:
    """One code or token as it is kept, with its grant."""

    fingerprint: bytes
    kind: TokenKind
    challenge: str
    expires_at: datetime
    used_at: datetime | None
    grant: OauthGrant


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What a client gets; the only moment at which these secrets are known."""

    access_token: str
    refresh_token: str
    scopes: tuple[str, ...]
