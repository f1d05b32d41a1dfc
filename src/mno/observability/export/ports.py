"""What the export needs from others, satisfied in bootstrap."""

from typing import Any, Protocol
from uuid import UUID

import httpx

from mno.observability.system.schemas import SystemStatus
from mno.platform.database import Connection


class Figures(Protocol):
    """The hub's view of itself."""

    async def status(self) -> SystemStatus: ...


class Preferences(Protocol):
    """Settings that may change while the program runs."""

    def value(self, name: str) -> Any: ...


class OwnSecrets(Protocol):
    """The program's own credentials at other services."""

    async def own_names(self, team_id: UUID | None = None) -> list[str]: ...
    async def read_own(self, team_id: UUID | None, name: str) -> str | None: ...
    async def write_own(self, team_id: UUID | None, name: str, value: str, *, tx: Connection | None = None) -> None: ...
    async def delete_own(self, team_id: UUID | None, name: str, *, tx: Connection | None = None) -> bool: ...


class Outgoing(Protocol):
    """Clients that reach only what they may."""

    def client(self, *, timeout_s: float = ...) -> httpx.AsyncClient: ...
