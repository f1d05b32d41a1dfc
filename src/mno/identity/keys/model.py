"""An API key as a record, what its scopes allow, and the limits that hold for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from uuid import UUID

from mno.platform.permissions import PROJECT, READING

#: A key's last use is written down this often at most.
LAST_USE_RESOLUTION = timedelta(minutes=1)
#: Address ranges of one key.
MAX_ADDRESS_RANGES = 50
#: How long a key may go on working beside the one that replaces it.
MAX_OVERLAP = timedelta(days=30)
#: And for how long it does unless its owner says otherwise.
DEFAULT_OVERLAP = timedelta(days=1)
#: Keys of one page of a list.
MAX_PAGE_KEYS = 200

Network = IPv4Network | IPv6Network


class KeyScope(StrEnum):
    """What an API key is for."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"
    #: To call models through the hub.
    GATEWAY = "gateway"
    #: To call tools through the hub.
    TOOLS = "tools"


#: To use a secret, to decide an approval and to start programs are named singly, never meant by a scope.
PERMISSIONS = {
    KeyScope.INGEST: frozenset({"spans.write", "logs.write", "events.write"}),
    KeyScope.READ: READING & PROJECT,
    KeyScope.ADMIN: PROJECT - {"secrets.use", "approvals.decide", "mcp.stdio"},
    KeyScope.GATEWAY: frozenset({"models.call"}),
    KeyScope.TOOLS: frozenset({"mcp.call"}),
}


#: What a key for one agent may ask of its project: to send what the agent did, and to call models and tools for it.
#: Everything else is the project's, and such a key has it on its agent only.
OF_AN_AGENT_IN_ITS_PROJECT = frozenset({"spans.write", "logs.write", "events.write", "models.call", "mcp.call"})


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret: `prefix` is the part that may be shown."""

    id: UUID
    team_id: UUID
    project_id: UUID
    name: str
    prefix: str
    scopes: tuple[KeyScope, ...]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    #: Single permissions besides those of the scopes.
    permissions: tuple[str, ...] = ()
    #: The one agent that it is for; empty: the whole project.
    agent: str = ""
    expires_at: datetime | None = None
    #: From where it may be used; empty: from everywhere.
    allowed_addresses: tuple[Network, ...] = ()
    #: None for keys that the program made itself.
    created_by: UUID | None = None
    #: The key that was made in its place.
    replaced_by: UUID | None = None

    def everything(self) -> frozenset[str]:
        """What it may by itself, without its own grants."""
        return frozenset(self.permissions).union(*(PERMISSIONS[scope] for scope in self.scopes))


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What somebody wants of a new key."""

    name: str
    scopes: tuple[KeyScope, ...] = ()
    permissions: tuple[str, ...] = ()
    #: None: that in which the one who asks acts.
    project_id: UUID | None = None
    agent: str = ""
    expires_at: datetime | None = None
    allowed_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What is to be different; None leaves it as it is."""

    name: str | None = None
    allowed_addresses: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    #: Whether it shall not expire at all any more.
    never_expires: bool = False
