"""The outermost layer: from where a request comes, and whether the hub is open to that address at all.

The address is that of the connection, unless it is a trusted proxy's: then it is the last one in
`X-Forwarded-For` that is not a trusted proxy as well. Nobody else's header is believed. That the browser speaks HTTPS
is believed of a proxy on this machine as well: it marks the caller's own cookie and nothing else. The trace id is the
caller's (W3C Trace Context), or a new one; every answer names it in `traceresponse`.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mno.platform import origin
from mno.platform.http.problems import Refusals, problem_response
from mno.platform.ids import new_trace_id
from mno.platform.origin import Origin

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_THIS_MACHINE = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
#: What the door looks at.
_READ = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"traceparent", b"user-agent"})
#: What is kept of a User-Agent.
MAX_AGENT_CHARACTERS = 200
#: An address in brackets with its zone; what is longer is none.
MAX_ADDRESS_CHARACTERS = 100
#: Addresses in one X-Forwarded-For that are looked at, from the end.
MAX_HOPS = 20


class SiteRules(Protocol):
    """What is set about addresses and systems; asked at every request, so it must be quick."""

    def trusted_proxies(self) -> Sequence[Network]: ...

    def allowed_networks(self, team_id: UUID | None) -> Sequence[Network]:
        """Of the hub (None) or a team; empty: everybody."""
        ...

    def switched_off(self, team_id: UUID) -> Sequence[str]:
        """The systems (`permissions.SYSTEMS`) that the team has switched off."""
        ...


class NoRules:
    """The rules where none are set: everybody may come and everything is on."""

    def trusted_proxies(self) -> Sequence[Network]:
        return ()

    def allowed_networks(self, team_id: UUID | None) -> Sequence[Network]:  # noqa: ARG002 - the protocol asks for it
        return ()

    def switched_off(self, team_id: UUID) -> Sequence[str]:  # noqa: ARG002 - the protocol asks for it
        return ()


class Door:
    """Sets the request's `Origin`, and refuses addresses that the hub's allow list does not name (403)."""

    def __init__(self, app: ASGIApp, rules: SiteRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        told = _told(scope["headers"])
        if self._came_by_https(scope, told):
            scope = {**scope, "scheme": "https" if scope["type"] == "http" else "wss"}
        came_from = self._origin(scope, told)
        origin.set_current(came_from)
        if not admits(self._rules.allowed_networks(None), came_from.address):
            detail = f"The hub is not open to the address {came_from.address or 'that you come from'}."
            refusals: Refusals | None = getattr(scope["app"].state, "refusals", None)
            if refusals is not None:
                await refusals.refused(None, "access.deny", "hub", detail=detail)
            await problem_response(HTTPStatus.FORBIDDEN, detail, instance=scope["path"])(scope, receive, send)
            return

        async def send_traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                if all(name != b"traceresponse" for name, _ in headers):
                    value = f"00-{came_from.trace_id}-0000000000000001-00"
                    message["headers"] = [*headers, (b"traceresponse", value.encode())]
            await send(message)

        await self._app(scope, receive, send_traced)

    def _origin(self, scope: Scope, told: Mapping[bytes, Sequence[str]]) -> Origin:
        peer = scope["client"][0] if scope.get("client") else ""
        # some proxies add a line of their own below that of the caller
        forwarded = ",".join(told.get(b"x-forwarded-for", ()))
        trace = _TRACEPARENT.fullmatch(told[b"traceparent"][0]) if b"traceparent" in told else None
        return Origin(
            address=address_behind(peer, forwarded, self._rules.trusted_proxies()),
            trace_id=trace.group(1) if trace else new_trace_id().hex(),
            agent=told[b"user-agent"][0][:MAX_AGENT_CHARACTERS] if b"user-agent" in told else "",
        )

    def _came_by_https(self, scope: Scope, told: Mapping[bytes, Sequence[str]]) -> bool:
        schemes = told.get(b"x-forwarded-proto")
        if not schemes or schemes[-1].rpartition(",")[2].strip().lower() != "https":
            return False
        peer = scope["client"][0] if scope.get("client") else ""
        return _within(peer, (*_THIS_MACHINE, *self._rules.trusted_proxies()))


def _told(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[str]]:
    """What the request says to the door, in one pass: this is done for every request."""
    told: dict[bytes, list[str]] = {}
    for name, value in headers:
        if name in _READ:
            told.setdefault(name, []).append(value.decode("latin-1"))
    return told


def address_behind(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The caller's address: the peer's, or behind trusted proxies the first one that is not theirs."""
    if not trusted or not forwarded or not _within(peer, trusted):
        return plain_address(peer)
    for hop in reversed(forwarded.split(",")[-MAX_HOPS:]):
        address = plain_address(hop.strip())
        if not address:
            # whoever wrote this is nobody we know: what a trusted proxy saw is the last that we believe
            return plain_address(peer)
        if not _within(address, trusted):
            return address
        peer = address
    return plain_address(peer)


def plain_address(text: str) -> str:
    """An address in its one plain form, IPv4 inside IPv6 as IPv4; empty for what is none (a socket, a name)."""
    return _plain(text) if len(text) <= MAX_ADDRESS_CHARACTERS else ""


@lru_cache(maxsize=4_096)
def _plain(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def admits(allowed: Sequence[Network], address: str) -> bool:
    """Whether an allow list lets this address in; an empty list lets everybody in."""
    return not allowed or _within(address, allowed)


def _within(address: str, networks: Sequence[Network]) -> bool:
    plain = plain_address(address)
    if not plain:
        return False
    parsed = ipaddress.ip_address(plain)
    return any(parsed in network for network in networks)
