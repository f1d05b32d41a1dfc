"""The gateway's own way in, `/mcp` and `/mcp/{server}`: an ASGI application before the framework, behind what holds for
every request. It speaks streamable HTTP in both eras of the protocol, and keeps nothing between two requests.

The hub assigns no session: the older era allows that, and so nothing can expire, be replayed or be left over.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from mno.mcp_gateway import answers, message
from mno.mcp_gateway.access import PERMISSION
from mno.mcp_gateway.message import Header, Request, RpcError
from mno.mcp_gateway.model import MAX_MESSAGE_BYTES, MAX_MESSAGES_IN_FLIGHT_BYTES
from mno.mcp_gateway.requests import Requests
from mno.platform.ending import ended
from mno.platform.errors import Denied, LimitExceeded, MnoError, NotFound, TooLarge, Unauthenticated, Unsupported
from mno.platform.http.arriving import received
from mno.platform.http.challenge import challenge
from mno.platform.http.gate import admitted_by_key, key_in
from mno.platform.http.problems import retry_headers, status_of, tell_refusal_in
from mno.platform.principal import Principal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PREFIX = "/mcp"
#: What an access token for this place is asked for with.
TOKEN_SCOPE = "mcp"
#: How long a stream may be silent before a comment is sent, so that nothing on the way takes it for dead, in seconds.
HEARTBEAT_S = 15.0

_JSON = (b"content-type", b"application/json")
_STREAM = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_log = logging.getLogger(__name__)


class Entrance:
    """Answers what lies at and below `/mcp`, its own errors included."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._in_flight_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = 0
        try:
            only = _server_in(scope["path"])
            if scope["method"] != "POST":
                await _answer(send, 405, b"", (b"allow", b"POST"))
                return
            principal = await _admitted(scope)
            _check_accept(scope["headers"])
            body = await received(receive, MAX_MESSAGE_BYTES)
            held = self._hold(body)
            await self._serve(principal, body, only, scope["headers"], receive, send)
        except MnoError as error:
            await tell_refusal_in(scope, f"{PREFIX}/{{server}}", error)
            await _refuse(scope, send, error)
        finally:
            self._in_flight_bytes -= held

    def _hold(self, body: bytes) -> int:
        if self._in_flight_bytes + len(body) > MAX_MESSAGES_IN_FLIGHT_BYTES:
            raise LimitExceeded(
                f"The messages that wait have {MAX_MESSAGES_IN_FLIGHT_BYTES} bytes, the limit.", retry_after_s=1
            )
        self._in_flight_bytes += len(body)
        return len(body)

    async def _serve(
        self, principal: Principal, body: bytes, only: str, headers: Sequence[Header], receive: Receive, send: Send
    ) -> None:
        try:
            request = message.read_request(body, headers)
        except RpcError as error:
            await _answer(send, message.STATUS.get(error.code, 400), message.error_body(error), _JSON)
            return
        if request.id is None:  # a notification: nothing is kept that it could be about
            await _answer(send, 202, b"")
            return
        passing = asyncio.create_task(self._pass(principal, request, only, headers, send))
        leaving = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({passing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if passing.done():
                passing.result()
        finally:
            leaving.cancel()
            if not passing.done():  # the client left: its call is given up
                await ended(passing)

    async def _pass(
        self, principal: Principal, request: Request, only: str, headers: Sequence[Header], send: Send
    ) -> None:
        """One message in an answer of one piece, several as a stream."""
        reply = _Reply(request, send)
        try:
            async with contextlib.aclosing(self._requests.answer(principal, request, only, headers)) as messages:
                await _sent(messages, reply)
        except MnoError as error:
            await reply.end_with(error)
        except Exception:  # noqa: BLE001 - whoever asked waits for an answer with its id
            _log.exception("A message of an MCP client failed.")
            await reply.end_with(MnoError("Something went wrong in the hub. Its log says more."))


async def _sent(messages: AsyncGenerator[bytes], reply: "_Reply") -> None:
    """Each message as soon as it is known whether another follows; comments while a stream is silent."""
    following = asyncio.ensure_future(anext(messages, None))
    held: bytes | None = None
    try:
        while True:
            timeout = HEARTBEAT_S if reply.has_started else None
            done, _ = await asyncio.wait({following}, timeout=timeout)
            if not done:
                await reply.comment()
                continue
            found = following.result()
            if found is None:
                break
            if held is not None:
                await reply.event(held)
            held = found
            if _is_notification(held):
                await reply.event(held)
                held = None
            following = asyncio.ensure_future(anext(messages, None))
        await reply.end(held)
    finally:
        if not following.done():
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following


def _is_notification(body: bytes) -> bool:
    return "method" in message.object_of(body)


class _Reply:
    """The answer to one request."""

    def __init__(self, request: Request, send: Send) -> None:
        assert request.id is not None
        self._request_id = request.id
        self._is_modern = request.is_modern
        self._send = send
        self.has_started = False

    async def event(self, body: bytes) -> None:
        if not self.has_started:
            self.has_started = True
            await self._send({"type": "http.response.start", "status": 200, "headers": _STREAM})
        await self._piece(b"event: message\ndata: " + body + b"\n\n")

    async def comment(self) -> None:
        await self._piece(b": waiting\n\n")

    async def end(self, body: bytes | None) -> None:
        assert body is not None
        if self.has_started:
            await self._piece(b"event: message\ndata: " + body + b"\n\n", more=False)
            return
        self.has_started = True
        code = message.error_code(message.object_of(body)) if self._is_modern else None
        await _answer(self._send, message.STATUS.get(code or 0, 200), body, _JSON)

    async def end_with(self, error: MnoError) -> None:
        await self.end(message.error_body(answers.rpc_error(error, self._request_id)))

    async def _piece(self, body: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


async def _admitted(scope: Scope) -> Principal:
    shown = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    key = key_in(shown)
    if key is None:
        raise Unauthenticated("Send an API key of this hub: Authorization: Bearer mno_…")
    return await admitted_by_key(scope, key, PERMISSION, below=True)


def _server_in(path: str) -> str:
    """The server's name in `/mcp/{server}`; empty for `/mcp` alone."""
    rest = path.removeprefix(PREFIX).rstrip("/")
    if rest and (not rest.startswith("/") or "/" in rest[1:]):
        raise NotFound(f"There is nothing at {path[:200]}; MCP is at {PREFIX} and {PREFIX}/<server>.")
    return rest[1:]


def _check_accept(headers: Sequence[Header]) -> None:
    wanted = b",".join(value for name, value in headers if name == b"accept").lower()
    if b"*/*" not in wanted and not (b"application/json" in wanted and b"text/event-stream" in wanted):
        raise _NotAcceptable("Accept must name both application/json and text/event-stream.")
    kind = next((value for name, value in headers if name == b"content-type"), b"").partition(b";")[0]
    if kind.strip().lower() != b"application/json":
        raise Unsupported("Content-Type must be application/json.")


class _NotAcceptable(Unsupported):
    """The client does not take both forms of an answer."""


async def _refuse(scope: Scope, send: Send, error: MnoError) -> None:
    """Before there is a request with an id."""
    status = 406 if isinstance(error, _NotAcceptable) else int(status_of(error))
    code = message.DENIED if isinstance(error, Denied | Unauthenticated) else message.INVALID_REQUEST
    if isinstance(error, LimitExceeded) and not isinstance(error, TooLarge):
        code = message.LIMIT_EXCEEDED
    headers = [(name.lower().encode(), value.encode()) for name, value in retry_headers(error).items()]
    wanted = challenge(scope, scope["path"].rstrip("/"), TOKEN_SCOPE, error)
    if wanted is not None:
        headers.append((b"www-authenticate", wanted.encode()))
    await _answer(send, status, message.error_body(RpcError(code, str(error))), _JSON, *headers)


async def _answer(send: Send, status: int, body: bytes, *headers: Header) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
