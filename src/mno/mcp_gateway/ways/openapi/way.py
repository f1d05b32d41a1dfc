"""The way to HTTP APIs: a call of a tool becomes one request, its answer the tool's result."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import mno
from mno.mcp_gateway.calls.arguments import check_arguments
from mno.mcp_gateway.model import Server
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Header, Object, Raw
from mno.mcp_gateway.protocol.question import Question, ServerSilent, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.openapi.answer import result_of
from mno.mcp_gateway.ways.openapi.operations import Offered
from mno.mcp_gateway.ways.openapi.request import Written, written
from mno.platform.errors import Invalid, NotFound, TooLarge
from mno.platform.upstream.connection import Broken
from mno.platform.upstream.pool import Pool

#: Headers of a call that the API is told as well.
_PASSED_ON = frozenset({b"traceparent"})

OfferedBy = Callable[[Server], Awaitable[Offered]]


class OpenApi:
    """All such APIs; for one event loop."""

    def __init__(self, pool: Pool, offered: OfferedBy) -> None:
        self._pool = pool
        self._offered = offered

    def close(self) -> None:
        self._pool.close()

    def version_at(self, ready: Ready) -> str:  # noqa: ARG002 - as every way has it
        """No revision: MCP ends at the hub."""
        return ""

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`; `NotFound` for what is no operation."""
        match question.method:
            case "tools/list":
                offered = await self._offered(ready.server)
                tools = [one.definition for one in offered.operations.values()]
                yield {"result": Raw(message.encoded({"resultType": "complete", "tools": tools}))}
            case "tools/call":
                yield {"result": Raw(await self._called(ready, question))}
            case _:
                told = {"code": message.METHOD_NOT_FOUND, "message": f"An HTTP API knows no {question.method}."}
                yield {"error": Raw(message.encoded(told))}

    async def _called(self, ready: Ready, question: Question) -> bytes:
        operation = (await self._offered(ready.server)).operations.get(question.name or "")
        if operation is None:
            raise NotFound(f"Unknown tool: {question.name}")
        try:
            arguments = message.value_of(question.params.get("arguments", Raw(b"{}")))
            if not isinstance(arguments, dict):
                raise Invalid("The arguments are no object.")
            check_arguments(operation.definition["inputSchema"], arguments)
            request = written(operation, arguments)
        except (Invalid, ValueError) as error:
            return _refused(str(error))  # a model reads it and asks better
        try:
            async with asyncio.timeout(question.timeout_s):
                return await self._exchanged(ready, question, operation.method, request)
        except TimeoutError:
            raise ServerSilent(f"'{ready.server.name}' did not answer within {question.timeout_s:g} seconds.") from None
        except Broken as error:
            raise ServerTrouble(f"'{ready.server.name}' cannot be asked: {error}") from None

    async def _exchanged(self, ready: Ready, question: Question, method: str, request: Written) -> bytes:
        passed_on = [one for one in question.headers if one[0] in _PASSED_ON]
        head = _head(ready, method, request, passed_on)
        answer = await self._pool.ask(ready.origin, head, request.body)
        body = bytearray()
        try:
            await answer.head(question.timeout_s)
            while piece := await answer.piece(question.timeout_s):
                body += piece
                if len(body) > question.answer_bytes:
                    raise TooLarge(
                        f"The answer of '{ready.server.name}' has more than {question.answer_bytes} bytes, the limit."
                    )
        finally:
            answer.abort()  # the rest of it, where there is one
        return result_of(answer.status, answer.headers, bytes(body))


def _refused(why: str) -> bytes:
    return message.encoded({"resultType": "complete", "content": [{"type": "text", "text": why}], "isError": True})


def _head(ready: Ready, method: str, request: Written, passed_on: list[Header]) -> bytes:
    base = ready.target.partition("?")[0].rstrip("/")
    lines = [
        f"{method.upper()} {base}{request.target} HTTP/1.1".encode(),
        b"host: %b" % ready.host.encode(),
        b"accept: application/json, text/*;q=0.9, */*;q=0.5",
        b"accept-encoding: identity",
        b"user-agent: mno/%b" % mno.__version__.encode(),
    ]
    if request.body or method in ("post", "put", "patch"):
        lines.append(b"content-length: %d" % len(request.body))
    own = [*request.headers, *passed_on]
    if ready.credential:  # nobody's argument takes its place
        own = [one for one in own if one[0] != ready.credential[0]] + [ready.credential]
    return b"\r\n".join([*lines, *(b"%b: %b" % one for one in own)]) + b"\r\n\r\n"
