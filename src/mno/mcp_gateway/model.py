"""What the gateway knows: servers, their tools, and what became of one call."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

#: MCP servers of one team.
MAX_SERVERS_PER_TEAM = 200
#: Servers in one import.
MAX_IMPORTED_SERVERS = 100
#: A server's description.
MAX_SERVER_DESCRIPTION_CHARACTERS = 2_000
#: Tags of one server.
MAX_SERVER_TAGS = 20
#: One such tag.
MAX_SERVER_TAG_CHARACTERS = 80
#: An address of a server.
MAX_SERVER_ADDRESS_CHARACTERS = 500
#: An OpenAPI document.
MAX_DOCUMENT_CHARACTERS = 4 * 1024 * 1024
#: A credential of a server.
MAX_SERVER_CREDENTIAL_CHARACTERS = 10_000
#: What the hub is called at an authorization server, and the scopes that it asks for there.
MAX_OAUTH_CLIENT_CHARACTERS = 1_000
#: How long the answer of a server may be awaited, in seconds.
MAX_SERVER_TIMEOUT_S = 3_600
#: And how long it is unless the server's entry says otherwise.
DEFAULT_SERVER_TIMEOUT_S = 60
#: The largest limit of calls a minute that is believed.
MAX_CALLS_PER_MINUTE = 1_000_000
#: Calls at one server at a time, at most.
MAX_CONCURRENT_CALLS = 10_000
#: And unless the server's entry says otherwise.
DEFAULT_CONCURRENT_CALLS = 100
#: The result of one call, in bytes, at most.
MAX_RESULT_BYTES = 64 * 1024 * 1024
#: And unless the server's entry says otherwise.
DEFAULT_RESULT_BYTES = 8 * 1024 * 1024
#: One message of a client, in bytes.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
#: Messages of all clients that wait or are answered at one moment, in bytes.
MAX_MESSAGES_IN_FLIGHT_BYTES = 256 * 1024 * 1024
#: Tools of one server; what it lists beyond that is not offered.
MAX_TOOLS_PER_SERVER = 1_000
#: Pages of one server's list of tools.
MAX_TOOL_PAGES = 50
#: The list of one server's tools, a page of it, in bytes.
MAX_TOOL_LIST_BYTES = 8 * 1024 * 1024
#: The name of a tool, as the protocol has it.
MAX_TOOL_NAME_CHARACTERS = 128


class Transport(StrEnum):
    """How a server is reached."""

    #: MCP over streamable HTTP.
    HTTP = "http"
    #: MCP over the older transport of HTTP with server-sent events.
    SSE = "sse"
    #: A program on the hub's machine.
    STDIO = "stdio"
    #: An HTTP API that an OpenAPI document describes.
    OPENAPI = "openapi"
    #: The hub itself; such servers stand in no team's registry.
    BUILTIN = "builtin"


#: Patterns of tools that the caps of one call name.
MAX_CAPS_TOOLS = 100


class CredentialKind(StrEnum):
    """How the hub shows a server who it is."""

    NONE = "none"
    #: `Authorization: Bearer …`
    BEARER = "bearer"
    #: A header that the server's entry names.
    HEADER = "header"
    #: Access that a person consents to at the server's authorization server.
    OAUTH = "oauth"
    #: Access that the hub fetches there in its own name.
    CLIENT_CREDENTIALS = "client_credentials"


class CredentialScope(StrEnum):
    """Whose the credential is."""

    #: One for everybody in the team.
    TEAM = "team"
    #: Each user brings their own.
    USER = "user"


@dataclass(frozen=True, slots=True)
class Server:
    """One MCP server of a team. `name` stands in addresses; permissions, rules and the audit log know it by that."""

    id: UUID
    team_id: UUID
    name: str
    address: str
    created_at: datetime
    transport: Transport = Transport.HTTP
    credential_kind: CredentialKind = CredentialKind.NONE
    #: The header of the credential where its kind is HEADER, in lower case.
    header: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    timeout_s: int = DEFAULT_SERVER_TIMEOUT_S
    #: None: no limit.
    calls_per_minute: int | None = None
    concurrent_calls: int = DEFAULT_CONCURRENT_CALLS
    result_bytes: int = DEFAULT_RESULT_BYTES
    enabled: bool = True
    #: Of a program: what is started, with what, and where (empty: in a folder of its own).
    command: str = ""
    args: tuple[str, ...] = ()
    #: Names of its environment's variables; their values are secrets.
    env_names: tuple[str, ...] = ()
    folder: str = ""
    #: Of the OpenAPI document that is kept for it: SHA-256, hexadecimal.
    document_digest: str = ""
    credential_scope: CredentialScope = CredentialScope.TEAM
    #: As whom the hub is known to the authorization server; empty: it makes itself known.
    oauth_client_id: str = ""
    #: What it asks for there, with blanks between; empty: what the server names.
    oauth_scopes: str = ""
    #: Before the names of its tools where those of all servers stand; None: its name, empty: nothing.
    prefix: str | None = None

    @property
    def tool_prefix(self) -> str:
        """What stands there: text, or nothing."""
        return self.name if self.prefix is None else self.prefix


@dataclass(frozen=True, slots=True)
class Pin:
    """A tool's definition as it was accepted (None: never), and what its server offers instead (None: nothing)."""

    team_id: UUID
    server_id: UUID
    name: str
    accepted: dict[str, Any] | None = None
    accepted_digest: str = ""
    offered: dict[str, Any] | None = None


class Caps(NamedTuple):
    """What a caller allows one call of its own; it can only be narrower than what holds anyway."""

    timeout_s: float | None = None
    result_bytes: int | None = None
    #: Patterns of tools with their server's name before them, such as `github_get_*`; None: every tool.
    tools: tuple[str, ...] | None = None
    #: Only what its server marks as changing nothing.
    read_only: bool = False

    def told(self) -> dict[str, Any]:
        """What is narrowed, for the books."""
        found = {name: value for name, value in self._asdict().items() if value not in (None, False)}
        return found if self.tools is None else {**found, "tools": ",".join(self.tools)}


@dataclass(frozen=True, slots=True)
class ToolCaller:
    """Who calls, as spans tell it."""

    team_id: UUID
    project_id: UUID
    #: `key_…` or `usr_…`.
    key: str
    user: str = ""
    session: str = ""
    agent: str = ""
    environment: str = ""
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class ToolCall:
    """One call of a tool, complete once it is over. Times in nanoseconds."""

    caller: ToolCaller
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    start_ns: int
    tool: str
    duration_ns: int = 0
    failed: bool = False
    status_message: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    operation: str = "execute_tool"
    # what a call of a model has besides; a tool has none of it
    metered: bool = False
    cached: bool = False
    usage: None = None
    provider: str = ""
    model: str = ""
    request_model: str = ""
    finish_reason: str = ""
    service_tier: str = ""
    response_id: str = ""
    time_to_first_token_ns: int = 0
