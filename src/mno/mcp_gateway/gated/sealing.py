"""What is kept encrypted of a call that waits: what it asks its server, and what that answered."""

from typing import Protocol
from uuid import UUID

from mno.mcp_gateway.gated.model import GatedCall
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Object

#: Values of this kind are walked over when the hub's key changes.
SEALED_KIND = "mcp_call"


class Sealer(Protocol):
    """Encrypts without waiting."""

    def seal(self, purpose: str, plain: bytes) -> bytes: ...
    def open(self, purpose: str, sealed: bytes) -> bytes: ...


class Sealing:
    """Both for one call each."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def params(self, id_: UUID, params: Object) -> bytes:
        return self._sealer.seal(purpose_of_params(id_), message.encoded(params))

    def params_of(self, call: GatedCall) -> Object:
        """Of a call that is not over."""
        assert call.params is not None
        return message.object_of(self._sealer.open(purpose_of_params(call.id), bytes(call.params)))

    def response(self, id_: UUID, response: bytes) -> bytes:
        return self._sealer.seal(purpose_of_response(id_), response)

    def response_of(self, call: GatedCall) -> bytes | None:
        if call.response is None:
            return None
        return self._sealer.open(purpose_of_response(call.id), bytes(call.response))


def purpose_of_params(id_: UUID) -> str:
    return f"{SEALED_KIND}:{id_}:params"


def purpose_of_response(id_: UUID) -> str:
    return f"{SEALED_KIND}:{id_}:response"
