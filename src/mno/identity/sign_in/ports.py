"""What sign-in needs from others, satisfied in bootstrap."""

from typing import Any, Protocol
from uuid import UUID


class Sealer(Protocol):
    """Encrypts what must be readable again. What was sealed for one purpose opens for no other."""

    def seal(self, purpose: str, plain: bytes) -> bytes: ...
    def open(self, purpose: str, sealed: bytes) -> bytes: ...


class OwnSecrets(Protocol):
    """The program's own credentials at other services."""

    async def read_own(self, team_id: UUID | None, name: str) -> str | None: ...
    async def write_own(self, team_id: UUID | None, name: str, value: str) -> None: ...


class Preferences(Protocol):
    """Settings that may change while the program runs."""

    def value(self, name: str, team_id: UUID = ...) -> Any:
        """What holds in the team, or on the hub where none is named."""
        ...


class Mailbox(Protocol):
    """Sends e-mail, where a mail server is set."""

    def is_on(self) -> bool: ...
    async def send(self, to: str, subject: str, text: str, language: str = "en") -> None:
        """`Unavailable` when the mail server does not take it."""
