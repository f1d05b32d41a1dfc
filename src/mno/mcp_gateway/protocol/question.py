"""One question to a server, and what may come back besides an answer: a question of its own."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Header, Object, Raw
from mno.platform.errors import Unavailable
from mno.platform.principal import Principal

#: How long the answer of a person or a model is awaited that a server asked for in the middle of a call, in seconds.
INPUT_TIMEOUT_S = 600.0
#: The answer of a server to our greeting, and any refusal, in bytes.
MAX_GREETING_BYTES = 256 * 1024

#: What a server may ask of a client, and the capability that the client declares for it.
ASKABLE = {"elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots"}

Send = Callable[[Object], Awaitable[None]]


class ServerTrouble(Unavailable):
    """The server cannot be reached, hangs, refuses the hub or does not keep to the protocol."""


class CredentialRefused(ServerTrouble):
    """The server does not let the hub in with the credential that it showed; it has done nothing."""


class ServerSilent(ServerTrouble):
    """The server did not answer in time."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a server. `name` is what it is about, for the header; `headers` come on top of our own.
    `principal` is who asks; None where the hub asks for itself.
    """

    method: str
    params: Object
    name: str | None
    timeout_s: float
    answer_bytes: int
    headers: tuple[Header, ...] = ()
    principal: Principal | None = None


class ServerQuestion(dict[str, Raw]):
    """A request that the server makes while it answers ours: among the messages, and to be answered once."""

    def __init__(self, found: Object, send: Send) -> None:
        super().__init__(found)
        self._send = send

    @property
    def method(self) -> str:
        return message.text_of(self["method"]) or ""

    async def answer(self, response: Object) -> None:
        """`response` holds `result` or `error`."""
        await self._send({name: response[name] for name in ("result", "error") if name in response})

    async def refuse(self, why: str) -> None:
        error = {"code": message.METHOD_NOT_FOUND, "message": why}
        await self._send({"error": Raw(message.encoded(error))})


async def response_in(messages: AsyncGenerator[Object]) -> Object:
    """The last message, which is the response, where nobody listens to what comes before."""
    response: Object = {}
    async with contextlib.aclosing(messages):
        async for one in messages:
            response = one
            if isinstance(one, ServerQuestion):
                await one.refuse("Nobody who could answer listens to this call.")
    return response


def addresses_in(params: Object) -> list[str]:
    """The resources that a request to listen names."""
    try:
        wanted = message.object_of(params.get("notifications", Raw(b"{}")))
        return message.texts_of(wanted["resourceSubscriptions"]) if "resourceSubscriptions" in wanted else []
    except ValueError:
        return []
