"""The wire shapes of the registry and of a call by plain HTTP."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mno.mcp_gateway.given import Given
from mno.mcp_gateway.model import (
    DEFAULT_CONCURRENT_CALLS,
    DEFAULT_RESULT_BYTES,
    DEFAULT_SERVER_TIMEOUT_S,
    MAX_CALLS_PER_MINUTE,
    MAX_CAPS_TOOLS,
    MAX_CONCURRENT_CALLS,
    MAX_DOCUMENT_CHARACTERS,
    MAX_OAUTH_CLIENT_CHARACTERS,
    MAX_RESULT_BYTES,
    MAX_SERVER_ADDRESS_CHARACTERS,
    MAX_SERVER_CREDENTIAL_CHARACTERS,
    MAX_SERVER_DESCRIPTION_CHARACTERS,
    MAX_SERVER_TAG_CHARACTERS,
    MAX_SERVER_TAGS,
    MAX_SERVER_TIMEOUT_S,
    MAX_TOOL_NAME_CHARACTERS,
    Caps,
    CredentialKind,
    CredentialScope,
    Pin,
    Server,
    Transport,
)
from mno.mcp_gateway.offers.pins.comparison import differences, digest, hidden
from mno.mcp_gateway.policies.model import MAX_TOOL_PATTERN_CHARACTERS
from mno.mcp_gateway.ways.openapi.operations import Offered
from mno.mcp_gateway.ways.stdio.rules import (
    MAX_ARG_CHARACTERS,
    MAX_COMMAND_CHARACTERS,
    MAX_PROGRAM_ARGS,
    MAX_PROGRAM_VARIABLES,
    MAX_VARIABLE_CHARACTERS,
)
from mno.platform.errors import Invalid
from mno.platform.ids import shown

Name = Annotated[
    str, Field(min_length=1, max_length=40, description="Stands in `/mcp/<name>`; rights and rules know it by that.")
]
Prefix = Annotated[
    str | None,
    Field(max_length=40, description="Before its tools at `/mcp`. Null: its name; empty: they have their own names."),
]
Address = Annotated[str, Field(max_length=MAX_SERVER_ADDRESS_CHARACTERS)]
Command = Annotated[str, Field(max_length=MAX_COMMAND_CHARACTERS, description="Of a program: its name or path.")]
Args = Annotated[list[Annotated[str, Field(max_length=MAX_ARG_CHARACTERS)]], Field(max_length=MAX_PROGRAM_ARGS)]
Folder = Annotated[str, Field(max_length=MAX_COMMAND_CHARACTERS, description="Where a program works.")]
Environment = Annotated[
    dict[str, Annotated[str, Field(max_length=MAX_VARIABLE_CHARACTERS)]] | None,
    Field(max_length=MAX_PROGRAM_VARIABLES, description="All of a program's. Values are kept encrypted, never shown."),
]
Document = Annotated[
    str | None, Field(max_length=MAX_DOCUMENT_CHARACTERS, description="OpenAPI 3.0 or 3.1, as JSON or YAML.")
]
DocumentAddress = Annotated[
    str | None, Field(max_length=MAX_SERVER_ADDRESS_CHARACTERS, description="Where a document lies; fetched once.")
]
Secret = Annotated[
    str | None, Field(max_length=MAX_SERVER_CREDENTIAL_CHARACTERS, description="Kept encrypted, never shown.")
]
OauthText = Annotated[
    str,
    Field(max_length=MAX_OAUTH_CLIENT_CHARACTERS, description="Of the kinds `oauth` and `client_credentials`."),
]
Header = Annotated[str, Field(max_length=100, description="Of a credential of the kind `header`.")]
Description = Annotated[str, Field(max_length=MAX_SERVER_DESCRIPTION_CHARACTERS)]
Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=MAX_SERVER_TAG_CHARACTERS)]], Field(max_length=MAX_SERVER_TAGS)
]
Timeout = Annotated[int, Field(ge=1, le=MAX_SERVER_TIMEOUT_S, description="How long an answer is awaited.")]
PerMinute = Annotated[int, Field(ge=1, le=MAX_CALLS_PER_MINUTE)] | None
Concurrent = Annotated[int, Field(ge=1, le=MAX_CONCURRENT_CALLS)]
ResultBytes = Annotated[int, Field(ge=1, le=MAX_RESULT_BYTES)]


#: Sent with an entry and kept apart from it.
_GIVEN = {"credential", "env", "document", "document_address"}
#: Null says something of them.
_NULLABLE = {"calls_per_minute", "prefix"}


class McpTransport(StrEnum):
    """How a server is reached: MCP over streamable HTTP, over the older HTTP with SSE, as a program on the hub's
    machine, or as an HTTP API that an OpenAPI document describes.
    """

    HTTP = "http"
    SSE = "sse"
    STDIO = "stdio"
    OPENAPI = "openapi"


class McpServerShape(BaseModel):
    """A server without its credential, which nobody is shown."""

    id: str
    name: str
    prefix: str = Field(description="Stands before its tools at `/mcp`, with an underscore; empty: nothing does.")
    transport: McpTransport
    address: str = Field(description="Empty for a program.")
    command: str
    args: list[str]
    env_names: list[str] = Field(description="Variables of a program's environment; nobody is shown their values.")
    folder: str = Field(description="Where a program works; empty: in a folder of its own.")
    document_digest: str = Field(description="SHA-256 of an OpenAPI document.")
    credential_kind: CredentialKind
    credential_scope: CredentialScope
    oauth_client_id: str
    oauth_scopes: str
    header: str
    description: str
    tags: list[str]
    timeout_s: int
    calls_per_minute: int | None = Field(description="Null: no limit.")
    concurrent_calls: int
    result_bytes: int
    enabled: bool
    created_at: datetime

    @classmethod
    def of(cls, server: Server) -> "McpServerShape":
        return cls(
            id=shown("mcs", server.id),
            name=server.name,
            prefix=server.tool_prefix,
            transport=McpTransport(server.transport),
            address=server.address,
            command=server.command,
            args=list(server.args),
            env_names=list(server.env_names),
            folder=server.folder,
            document_digest=server.document_digest,
            credential_kind=server.credential_kind,
            credential_scope=server.credential_scope,
            oauth_client_id=server.oauth_client_id,
            oauth_scopes=server.oauth_scopes,
            header=server.header,
            description=server.description,
            tags=list(server.tags),
            timeout_s=server.timeout_s,
            calls_per_minute=server.calls_per_minute,
            concurrent_calls=server.concurrent_calls,
            result_bytes=server.result_bytes,
            enabled=server.enabled,
            created_at=server.created_at,
        )


class McpOperationShape(BaseModel):
    """One operation of an OpenAPI document, and the tool that it is."""

    tool: str
    method: str
    path: str


class McpOperationList(BaseModel):
    items: list[McpOperationShape]
    left: list[str] = Field(description="Operations that cannot be tools, each with the reason.")

    @classmethod
    def of(cls, offered: Offered) -> "McpOperationList":
        operations = offered.operations.values()
        shapes = [McpOperationShape(tool=one.tool, method=one.method, path=one.path) for one in operations]
        return cls(items=shapes, left=list(offered.left))


class McpServerList(BaseModel):
    items: list[McpServerShape]


class McpServerWish(BaseModel, extra="forbid"):
    name: Name
    prefix: Prefix = None
    transport: McpTransport = McpTransport.HTTP
    address: Address = ""
    command: Command = ""
    args: Args = []
    env: Environment = None
    folder: Folder = ""
    document: Document = None
    document_address: DocumentAddress = None
    credential_kind: CredentialKind = CredentialKind.NONE
    credential_scope: CredentialScope = CredentialScope.TEAM
    oauth_client_id: OauthText = ""
    oauth_scopes: OauthText = ""
    header: Header = ""
    credential: Secret = None
    description: Description = ""
    tags: Tags = []
    timeout_s: Timeout = DEFAULT_SERVER_TIMEOUT_S
    calls_per_minute: PerMinute = None
    concurrent_calls: Concurrent = DEFAULT_CONCURRENT_CALLS
    result_bytes: ResultBytes = DEFAULT_RESULT_BYTES
    enabled: bool = True

    def fields(self) -> dict[str, Any]:
        told = self.model_dump(exclude=_GIVEN)
        return {**told, "header": self.header.lower(), "transport": Transport(self.transport)}

    def given(self) -> Given:
        return Given(self.credential, self.env, self.document, self.document_address)


class McpServerChange(BaseModel, extra="forbid"):
    """What is to be different; what is left out stays."""

    name: Name | None = None
    prefix: Prefix = None
    address: Address | None = None
    command: Command | None = None
    args: Args | None = None
    env: Environment = None
    folder: Folder | None = None
    document: Document = None
    document_address: DocumentAddress = None
    credential_kind: CredentialKind | None = None
    credential_scope: CredentialScope | None = None
    oauth_client_id: OauthText | None = None
    oauth_scopes: OauthText | None = None
    header: Header | None = None
    credential: Secret = None
    description: Description | None = None
    tags: Tags | None = None
    timeout_s: Timeout | None = None
    calls_per_minute: PerMinute = None
    concurrent_calls: Concurrent | None = None
    result_bytes: ResultBytes | None = None
    enabled: bool | None = None

    def fields(self) -> dict[str, Any]:
        """`Invalid` for a null where there must be a value."""
        changes = self.model_dump(exclude=_GIVEN, exclude_unset=True)
        for name, value in changes.items():
            if value is None and name not in _NULLABLE:
                raise Invalid(f"{name} cannot be null; leave it out to keep it.")
        if "header" in changes:
            changes["header"] = changes["header"].lower()
        return changes

    def given(self) -> Given:
        return Given(self.credential, self.env, self.document, self.document_address)


class ToolState(StrEnum):
    """Whether a tool may be used."""

    ACCEPTED = "accepted"
    #: Its server offers another definition than the one that was accepted; it is held back.
    CHANGED = "changed"
    #: Nobody has accepted it yet.
    NEW = "new"


class ToolDifference(BaseModel):
    path: str
    accepted: Any
    offered: Any


class McpToolShape(BaseModel):
    """A tool's definition: what was accepted, and what its server offers now where that is something else."""

    name: str
    listed_as: str | None = Field(
        description="Its name at `/mcp`; that of its server stands before it where its own could be another's."
        " Null where it is not offered there."
    )
    state: ToolState
    accepted: dict[str, Any] | None
    offered: dict[str, Any] | None
    digest: str = Field(description="Of what is offered; whoever accepts it sends this.")
    differences: list[ToolDifference]
    hidden: list[str] = Field(description="Characters that a reader does not see, in what is offered or accepted.")

    @classmethod
    def of(cls, pin: Pin, listed_as: str | None) -> "McpToolShape":
        offered = pin.offered
        state = ToolState.ACCEPTED if offered is None else ToolState.CHANGED if pin.accepted else ToolState.NEW
        differing = [] if offered is None or pin.accepted is None else differences(pin.accepted, offered)
        return cls(
            name=pin.name,
            listed_as=listed_as,
            state=state,
            accepted=pin.accepted,
            offered=offered,
            digest="" if offered is None else digest(offered),
            differences=[ToolDifference(**one._asdict()) for one in differing],
            hidden=hidden(offered or pin.accepted),
        )


class McpToolList(BaseModel):
    items: list[McpToolShape]


class ToolAcceptance(BaseModel, extra="forbid"):
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Of the definition that was looked at.")]


class McpImport(BaseModel, extra="allow"):
    """The common `mcpServers` document, as Claude, Cursor and others keep it, or `server.json` of the MCP registry."""

    mcpServers: dict[str, Any] | None = None  # noqa: N815 - the document's own spelling
    values: dict[str, str] | None = Field(None, description="What a `server.json` asks for, by name.")


class McpImported(BaseModel):
    items: list[McpServerShape]
    left: list[str] = Field(description="What could not be added, each with the reason.")


class CapsShape(BaseModel, extra="forbid"):
    """Bounds of this one call; they only narrow what holds anyway."""

    timeout_s: Annotated[float | None, Field(gt=0, le=MAX_SERVER_TIMEOUT_S)] = None
    result_bytes: Annotated[int | None, Field(ge=1, le=MAX_RESULT_BYTES)] = None

    tools: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=MAX_TOOL_PATTERN_CHARACTERS + 40)]] | None,
        Field(max_length=MAX_CAPS_TOOLS, description="Patterns such as `github_get_*`: no other tool is called."),
    ] = None
    read_only: Annotated[bool, Field(description="Only a tool that its server marks as changing nothing.")] = False

    def caps(self) -> Caps:
        tools = None if self.tools is None else tuple(self.tools)
        return Caps(self.timeout_s, self.result_bytes, tools, self.read_only)


class McpCallWish(BaseModel, extra="forbid"):
    server: Name
    tool: Annotated[str, Field(min_length=1, max_length=MAX_TOOL_NAME_CHARACTERS)]
    args: dict[str, Any] = {}
    caps: CapsShape = CapsShape()


class McpCallResult(BaseModel):
    """What the tool answered, as the protocol has it."""

    result: dict[str, Any]
    is_error: bool = Field(description="Whether the tool says that it failed.")
    trace_id: str
