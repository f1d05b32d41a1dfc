"""Credentials as they are kept: sealed for one server and one owner, a row in another's place opens for nobody."""

from typing import Protocol
from uuid import UUID

import msgspec

from mno.mcp_gateway.credentials.model import SEALED_KIND, Held


class Sealer(Protocol):
    """As secrets offer it."""

    def seal(self, purpose: str, plain: bytes) -> bytes: ...
    def open(self, purpose: str, sealed: bytes) -> bytes: ...


def purpose_of(server_id: UUID, user_id: UUID | None) -> str:
    """Of the team's credential, or of one user's."""
    return f"{SEALED_KIND}:{server_id.hex}:{user_id.hex if user_id else 'team'}"


def purpose_of_client(server_id: UUID) -> str:
    """Of the hub's secret as a client."""
    return f"{SEALED_KIND}:{server_id.hex}:client"


def sealed(sealer: Sealer, server_id: UUID, user_id: UUID | None, held: Held) -> bytes:
    return sealer.seal(purpose_of(server_id, user_id), msgspec.json.encode(held))


def opened(sealer: Sealer, server_id: UUID, user_id: UUID | None, kept: bytes) -> Held:
    return msgspec.json.decode(sealer.open(purpose_of(server_id, user_id), kept), type=Held)
