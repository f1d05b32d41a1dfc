"""The gateway's own way in: an ASGI application before the framework, because its layers and finding a route among all
of them take longer than everything else here.

It stands behind what holds for every request (headers, the hub's list of addresses) and asks the same gate as every
route. A key is taken where each provider's own client puts it, and an error is answered in the words that this client
reads.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import unquote_plus

import orjson

from mno.llm_gateway.calls import Calls
from mno.llm_gateway.headers import Header, check_request
from mno.llm_gateway.incoming import Incoming
from mno.llm_gateway.model import MAX_REQUEST_BYTES, MAX_REQUESTS_IN_FLIGHT_BYTES, ProviderKind
from mno.llm_gateway.passage import Refused
from mno.llm_gateway.providers import DIALECTS
from mno.llm_gateway.providers.asked import Dialect
from mno.platform import origin
from mno.platform.errors import LimitExceeded, MnoError, NotFound, Unauthenticated
from mno.platform.http.arriving import received
from mno.platform.http.gate import admitted_by_key, key_in
from mno.platform.http.problems import retry_headers, status_of, tell_refusal_in
from mno.platform.principal import Principal
from mno.platform.upstream.connection import Broken

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_log = logging.getLogger(__name__)

PERMISSION = "models.call"
PREFIX = "/llm/"
#: How long it may take to read a piece of its answer, in seconds.
CLIENT_TIMEOUT_S = 120.0

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
_BY_NAME = {kind.value: dialect for kind, dialect in DIALECTS.items()}
_KEY_HEADERS = (b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key")


class Entrance:
    """Answers what lies below `/llm/`, its own errors included."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._in_flight_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = _Client(receive, send)
        provider = scope["path"][len(PREFIX) :].partition("/")[0]
        principal: Principal | None = None
        held = 0
        try:
            principal = await self._principal(scope)
            body = await self._body(scope["headers"], receive)
            held = len(body)
            await self._calls.run(principal, _incoming(scope, provider, body), client)
        except MnoError as error:
            await tell_refusal_in(scope, f"{PREFIX}{{provider}}/{{path}}", error)
            if not client.has_started:
                await _answer_error(error, await self._dialect(principal, provider), client)
        except Exception:
            if client.has_started:
                raise  # the server closes the connection
            _log.exception("A call of the gateway failed.")
            bug = MnoError("Something went wrong in the hub. Its log says more.")
            await _answer_error(bug, await self._dialect(principal, provider), client)
        finally:
            self._in_flight_bytes -= held
            client.close()

    async def _principal(self, scope: Scope) -> Principal:
        if scope["method"] not in _METHODS:
            raise NotFound(f"{scope['method']} is not passed on to providers.")
        key = _key_of(scope["headers"], scope["query_string"])
        if key is None:
            raise Unauthenticated("Send an API key of this hub in the place of the provider's own.")
        return await admitted_by_key(scope, key, PERMISSION)

    async def _body(self, headers: Sequence[Header], receive: Receive) -> bytes:
        """The whole body, counted as it comes; `TooLarge`, or `LimitExceeded` when all requests together are."""
        check_request(headers)
        body = await received(receive, MAX_REQUEST_BYTES)
        if self._in_flight_bytes + len(body) > MAX_REQUESTS_IN_FLIGHT_BYTES:
            raise LimitExceeded(
                f"The requests that wait have {MAX_REQUESTS_IN_FLIGHT_BYTES} bytes, the limit.", retry_after_s=1
            )
        self._in_flight_bytes += len(body)
        return body

    async def _dialect(self, principal: Principal | None, provider: str) -> Dialect:
        known = None
        if principal is not None:
            with contextlib.suppress(MnoError):
                known = await self._calls.dialect_of(principal.team_id, provider)
        return known or _BY_NAME.get(provider, DIALECTS[ProviderKind.OPENAI])


class _Client:
    """The other end of one request."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._watching: asyncio.Task[Message] | None = None
        self._when_gone: list[Callable[[], None]] = []
        self._is_over = False
        self.is_gone = False
        self.has_started = False

    def watch(self) -> None:
        """Hears from now on when the client leaves; after the body only."""
        if self._watching is not None:
            return
        self._watching = asyncio.get_running_loop().create_task(self._receive())  # type: ignore[arg-type]
        self._watching.add_done_callback(lambda _: self._left())

    def when_gone(self, call: Callable[[], None]) -> None:
        if self.is_gone:
            call()
        self._when_gone.append(call)

    async def start(self, status: int, headers: Sequence[Header]) -> None:
        self.has_started = True
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def send(self, piece: bytes, *, more: bool) -> None:
        if self.is_gone:
            return
        if not more:
            self._is_over = True
        try:
            async with asyncio.timeout(CLIENT_TIMEOUT_S):
                await self._send({"type": "http.response.body", "body": piece, "more_body": more})
        except TimeoutError:
            self._left()

    def close(self) -> None:
        self._is_over = True
        if self._watching is not None:
            self._watching.cancel()

    def _left(self) -> None:
        if self._is_over or self.is_gone:
            return
        self.is_gone = True
        for call in self._when_gone:
            call()


def _incoming(scope: Scope, provider: str, body: bytes) -> Incoming:
    raw = scope.get("raw_path") or scope["path"].encode()
    # the provider's name is letters, digits and dashes: nothing in it is percent-encoded
    path = raw[len(PREFIX) + len(provider) :] or b"/"
    parent = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    named = _TRACEPARENT.fullmatch(parent)
    return Incoming(
        method=scope["method"],
        provider=provider,
        path=path,
        query=_query_without_key(scope["query_string"]),
        headers=scope["headers"],
        body=body,
        trace_id=bytes.fromhex(origin.current().trace_id),
        parent_span_id=bytes.fromhex(named.group(1).decode()) if named else bytes(8),
    )


def _key_of(headers: Sequence[Header], query: bytes) -> str | None:
    """The hub's key where OpenAI's, Anthropic's or Google's client puts its own; None where there is none."""
    shown = {name: value.decode("latin-1") for name, value in headers if name in _KEY_HEADERS}
    if b"authorization" in shown or b"x-api-key" in shown:
        return key_in({name.decode(): value for name, value in shown.items()})
    for name in (b"x-goog-api-key", b"api-key"):
        if name in shown:
            return shown[name]
    for pair in query.split(b"&"):
        if pair.startswith(b"key="):
            return unquote_plus(pair[4:].decode("latin-1"))
    return None


def _query_without_key(query: bytes) -> str:
    """The query as it was sent, but for the key, in whatever disguise it comes."""
    if not query:
        return ""
    text = query.decode("latin-1")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise NotFound("The query holds a character that must be percent-encoded.")
    pairs = (pair for pair in text.split("&") if unquote_plus(pair.partition("=")[0]) != "key")
    return "&".join(pair for pair in pairs if "mno_" not in unquote_plus(pair))


async def _answer_error(error: MnoError, dialect: Dialect, client: _Client) -> None:
    status = _status(error)
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    content = orjson.dumps(dialect.error(status, kind, str(error)))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    headers += [(name.lower().encode(), value.encode()) for name, value in retry_headers(error).items()]
    waiting_helps = getattr(error, "retry_after_s", None) is not None
    if (status < 500 and not waiting_helps) or isinstance(error, Refused):
        headers.append((b"x-should-retry", b"false"))  # what the clients of OpenAI and Anthropic heed
    await client.start(status, headers)
    await client.send(content, more=False)


def _status(error: MnoError) -> int:
    if isinstance(error, Broken):
        return 504 if error.timed_out else 502
    return 502 if isinstance(error, Refused) else int(status_of(error))
