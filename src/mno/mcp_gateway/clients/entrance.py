"""The gateway's own way in, `/mcp` and `/mcp/{server}`: an ASGI application before the framework, behind what holds for
every request. It speaks streamable HTTP in both eras of the protocol.

A client of the older era gets a session with `initialize`. It may do without, and then cannot be asked anything.
"""

import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from functools import partial
from typing import Any

from mno.mcp_gateway.calls.access import PERMISSION
from mno.mcp_gateway.clients.attended import Attended, Receive
from mno.mcp_gateway.clients.browsers import check_origin
from mno.mcp_gateway.clients.reply import JSON, Reply, Send, answer, sent
from mno.mcp_gateway.clients.requests import Incoming, Requests
from mno.mcp_gateway.clients.sessions import Session
from mno.mcp_gateway.model import MAX_MESSAGE_BYTES, MAX_MESSAGES_IN_FLIGHT_BYTES
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Header, Request, Response, RpcError
from mno.platform.errors import (
    Conflict,
    Denied,
    Invalid,
    LimitExceeded,
    MnoError,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unsupported,
)
from mno.platform.http.arriving import received
from mno.platform.http.challenge import challenge
from mno.platform.http.gate import admitted_by_key, key_in
from mno.platform.http.problems import retry_headers, status_of, tell_refusal_in
from mno.platform.principal import Principal

Scope = MutableMapping[str, Any]

PREFIX = "/mcp"
#: What an access token for this place is asked for with.
TOKEN_SCOPE = "mcp"  # noqa: S105 - a name

_SESSION = b"mcp-session-id"
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
            check_origin(scope["headers"], scope["app"].state.public_url)
            if scope["method"] != "POST" and not _is_about_a_session(scope):
                await answer(send, 405, b"", (b"allow", b"POST"))
                return
            principal = await _admitted(scope)
            if scope["method"] == "DELETE":
                await self._end_session(principal, scope["headers"], send)
                return
            if scope["method"] == "GET":
                await self._stream(principal, only, scope, receive, send)
                return
            _check_accept(scope["headers"])
            body = await received(receive, MAX_MESSAGE_BYTES)
            held = self._hold(body)
            await self._serve(principal, body, only, scope, receive, send)
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
        self, principal: Principal, body: bytes, only: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        headers: Sequence[Header] = scope["headers"]
        try:
            found = message.read(body, headers)
        except RpcError as error:
            await answer(send, message.STATUS.get(error.code, 400), message.error_body(error), JSON)
            return
        is_modern = isinstance(found, Request) and found.is_modern
        session = None if is_modern else self._session(principal, headers)
        if isinstance(found, Response):
            await _take_answer(session, found, send)
        elif found.id is None:
            _notice(session, found)
            await answer(send, 202, b"")
        else:
            await self._reply(Incoming(principal, found, only, headers, session), scope, receive, send)

    async def _reply(self, incoming: Incoming, scope: Scope, receive: Receive, send: Send) -> None:
        request, session = incoming.request, incoming.session
        assert request.id is not None
        own: list[Header] = []
        if request.method == "initialize" and not request.is_modern:
            session = self._requests.sessions.begin(incoming.principal, request)
            own.append((_SESSION, session.id.encode()))
        elif session is not None and request.id in session.running:
            error = RpcError(
                message.INVALID_REQUEST, "A request with this id is being answered.", request_id=request.id
            )
            await answer(send, 400, message.error_body(error), JSON)
            return
        reply = Reply(request.id, send, is_modern=request.is_modern, headers=own)
        attended = Attended(receive)
        with _registered(session, request.id, attended):
            is_whole = await attended.until_given_up(self._pass(incoming, reply, partial(_may_go_on, scope)))
        if not is_whole and session is not None:
            await reply.end_with(RpcError(message.REQUEST_CANCELLED, "You have cancelled this request."))

    async def _pass(self, incoming: Incoming, reply: Reply, may_go_on: Callable[[], Awaitable[bool]]) -> None:
        """One message in an answer of one piece, several as a stream."""
        try:
            async with contextlib.aclosing(self._requests.answer(incoming)) as messages:
                await sent(messages, reply, may_go_on)
        except MnoError as error:
            await reply.end_with(error)
        except Exception:  # noqa: BLE001 - whoever asked waits for an answer with its id
            _log.exception("A message of an MCP client failed.")
            await reply.end_with(MnoError("Something went wrong in the hub. Its log says more."))

    def _session(self, principal: Principal, headers: Sequence[Header]) -> Session | None:
        """That of the request; None where it has none. `NotFound` for one that is over or somebody else's."""
        session_id = next((value for name, value in headers if name == _SESSION), None)
        return None if session_id is None else self._requests.sessions.of(session_id.decode("latin-1"), principal)

    async def _stream(self, principal: Principal, only: str, scope: Scope, receive: Receive, send: Send) -> None:
        """What a client of the older era hears between its requests, until it leaves."""
        session = self._session(principal, scope["headers"])
        assert session is not None
        if session.has_stream:
            raise Conflict("This session has its stream already.")
        session.has_stream = True
        reply = Reply(b"null", send, is_modern=False)

        async def pass_on() -> None:
            await reply.open()
            async with contextlib.aclosing(self._requests.stream(principal, session, only)) as messages:
                await sent(messages, reply, partial(_may_go_on, scope))

        try:
            if not await Attended(receive).until_given_up(pass_on()):
                await reply.end(None)  # the hub itself may be what goes
        finally:
            session.has_stream = False

    async def _end_session(self, principal: Principal, headers: Sequence[Header], send: Send) -> None:
        session = self._session(principal, headers)
        assert session is not None
        self._requests.sessions.end(session)
        await answer(send, 204, b"")


def _is_about_a_session(scope: Scope) -> bool:
    """Whether it listens to a session, or ends it: nothing else is there for methods other than POST."""
    return scope["method"] in ("GET", "DELETE") and any(name == _SESSION for name, _ in scope["headers"])


@contextlib.contextmanager
def _registered(session: Session | None, request_id: bytes, attended: Attended) -> Iterator[None]:
    """Among what a client may cancel."""
    if session is None:
        yield
        return
    session.running[request_id] = attended
    try:
        yield
    finally:
        session.running.pop(request_id, None)


async def _take_answer(session: Session | None, response: Response, send: Send) -> None:
    """What a client answers to a question of a server."""
    if session is None or response.id is None or not session.answered(response.id, response.members):
        raise Invalid("Nobody waits for an answer with this id in this session.")
    await answer(send, 202, b"")


def _notice(session: Session | None, notification: Request) -> None:
    """Acts on a notification of a client, where there is something to do."""
    if session is not None and notification.method == "notifications/cancelled":
        given_up = notification.params.get("requestId")
        if given_up is not None:
            session.cancel(bytes(given_up))


async def _may_go_on(scope: Scope) -> bool:
    """Whether whoever listens may still do so."""
    try:
        await _admitted(scope)
    except MnoError:
        return False
    return True


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
    await answer(send, status, message.error_body(RpcError(code, str(error))), JSON, *headers)
