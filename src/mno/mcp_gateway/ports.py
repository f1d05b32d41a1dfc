"""What the gateway needs from others, satisfied in bootstrap."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from mno.mcp_gateway.model import ToolCall
from mno.notifications.model import Notice
from mno.platform.database import Connection
from mno.platform.principal import Principal
from mno.platform.scope import Scope


class OwnSecrets(Protocol):
    """Where the credentials of servers lie, encrypted."""

    async def read_own(self, team_id: UUID | None, name: str) -> str | None: ...
    async def write_own(self, team_id: UUID | None, name: str, value: str, *, tx: Connection | None = None) -> None: ...
    async def delete_own(self, team_id: UUID | None, name: str, *, tx: Connection | None = None) -> bool: ...


class Spans(Protocol):
    """Where calls are written down."""

    def check_room(self) -> None:
        """`LimitExceeded` while so many calls wait to be written down that another might be lost."""
        ...

    def record(self, call: ToolCall) -> None:
        """Takes a finished call; it will be stored, whoever leaves. Never waits."""
        ...


class Policy(Protocol):
    """Who may what."""

    def may(self, principal: Principal, permission: str, scope: Scope) -> bool:
        """From memory."""
        ...


class Channel(Protocol):
    """A way to people."""

    @property
    def id(self) -> UUID: ...


class Channels(Protocol):
    """The ways to people that a team has."""

    async def channels(self, team_id: UUID) -> Sequence[Channel]: ...


class Standing(Protocol):
    """What those who asked for something earlier may by now."""

    async def now(self, team_id: UUID, project_id: UUID, kind: str, id_: UUID, name: str) -> Principal:
        """`Unauthenticated` where they may nothing any more."""
        ...


class Notifications(Channels, Protocol):
    """The way to people."""

    async def send(self, tx: Connection, notice: Notice, channel_ids: Sequence[UUID]) -> None:
        """Once this transaction commits; each `key` once to each channel."""
        ...
