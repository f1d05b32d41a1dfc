"""What a client asks of the gateway: each method answered here, or passed on to the server that it is about."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from mno.mcp_gateway.calls.access import Access
from mno.mcp_gateway.calls.pace import Pacing
from mno.mcp_gateway.calls.service import NO_CAPS, Calls
from mno.mcp_gateway.clients.listening import Listening
from mno.mcp_gateway.clients.passing import Passing
from mno.mcp_gateway.clients.relay import Caller, Relay
from mno.mcp_gateway.clients.sessions import Session, Sessions, owner_of
from mno.mcp_gateway.clients.targets import Reach, Target, target_of
from mno.mcp_gateway.credentials.asking import as_page
from mno.mcp_gateway.credentials.model import CredentialWanted
from mno.mcp_gateway.offers.listing import PROMPTS, RESOURCES, TEMPLATES, Item, Kind, Listings
from mno.mcp_gateway.offers.news import News
from mno.mcp_gateway.offers.tools import Tools
from mno.mcp_gateway.protocol import addresses, answers, levels, message
from mno.mcp_gateway.protocol.message import Header, Object, Raw, Request, RpcError
from mno.mcp_gateway.servers.naming import NO_NAMES
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.mcp_gateway.ways.guarded import Guarded
from mno.platform.errors import Denied, NotFound
from mno.platform.principal import Principal

_PASSED = frozenset({"tools/call", "prompts/get", "resources/read", "completion/complete"})
_LISTED = {kind.method: kind for kind in (PROMPTS, RESOURCES, TEMPLATES)}


class Incoming(NamedTuple):
    """One request as it came in. `only` is the one server that its client speaks to, or empty."""

    principal: Principal
    request: Request
    only: str
    headers: Sequence[Header]
    session: Session | None = None


class Requests:
    """Of all clients."""

    def __init__(
        self, servers: Servers, tools: Tools, access: Access, calls: Calls, ways: Guarded, paces: Pacing
    ) -> None:
        self._servers = servers
        self._tools = tools
        self._listings = Listings(ways)
        self._access = access
        self._calls = calls
        self._passing = Passing(ways, paces)
        self._news = News(servers, ways, self._forget)
        self._relay = Relay(self._news.said)
        self._listening = Listening(self._news, access)
        self.sessions = Sessions()

    async def close(self) -> None:
        """Gives up what waits, and ends all sessions."""
        self.sessions.close()
        self._news.close()
        self._listings.close()
        await self._relay.close()

    async def answer(self, incoming: Incoming) -> AsyncGenerator[bytes]:
        """Messages for the client, the last one its response. An `RpcError` or another of our errors where there is
        none.
        """
        request = incoming.request
        assert request.id is not None
        servers = self._of(await self._servers.of_caller(incoming.principal), incoming.only)
        if request.method in _PASSED:
            messages = self._passed(incoming, servers)
        elif request.method == "subscriptions/listen" and request.is_modern:
            messages = self._listening.newer(incoming.principal, request, servers, incoming.only)
        else:
            yield message.result_body(request.id, await self._own(incoming, servers))
            return
        try:
            async with contextlib.aclosing(messages):
                async for one in messages:
                    yield one
        except CredentialWanted as wanted:
            if incoming.session is None:
                raise
            raise as_page(wanted, incoming.session.capabilities, request.id) from None

    async def stream(self, principal: Principal, session: Session, only: str) -> AsyncGenerator[bytes]:
        """What a client of the older era hears between its requests."""
        self._of(await self._servers.of(principal.team_id), only)
        async with contextlib.aclosing(self._listening.older(principal, session, only)) as messages:
            async for one in messages:
                yield one

    async def _own(self, incoming: Incoming, servers: Mapping[str, Ready]) -> dict[str, Any]:
        """What the gateway answers itself."""
        request = incoming.request
        match request.method, request.is_modern:
            case "tools/list", _:
                return answers.listed(request, "tools", await self._listed_tools(incoming, servers))
            case method, _ if method in _LISTED:
                kind = _LISTED[method]
                return answers.listed(request, kind.member, await self._listed(incoming, servers, kind))
            case "server/discover", True:
                return answers.discovered()
            case "initialize", False:
                return answers.initialized(request)
            case "ping", False:
                return {}
            case "resources/subscribe" | "resources/unsubscribe", False:
                session = incoming.session
                return await self._listening.subscribe(incoming.principal, request, session, servers, incoming.only)
            case "logging/setLevel", False:
                return _level_set(incoming)
            case _:
                text = f"The gateway does not know the method '{request.method[:80]}'."
                raise RpcError(message.METHOD_NOT_FOUND, text, request_id=request.id or b"null")

    # — parts —

    def _forget(self, server_id: UUID) -> None:
        """A server has said that its lists have changed."""
        self._listings.forget(server_id)
        self._tools.forget_server(server_id)

    def _of(self, servers: Mapping[str, Ready], only: str) -> Mapping[str, Ready]:
        if not only:
            return servers
        if only not in servers:
            raise NotFound(f"There is no MCP server '{only[:80]}' that is switched on.")
        return {only: servers[only]}

    async def _listed_tools(self, incoming: Incoming, servers: Mapping[str, Ready]) -> list[Object]:
        principal, usable = incoming.principal, self._access.usable
        if incoming.only:
            ready = servers[incoming.only]
            return [one.definition for one in usable(principal, ready, await self._tools.of(ready))]
        lists = await self._tools.of_all(servers)
        names = await self._servers.names(principal.team_id)  # after the lists, which may have brought new ones
        found: list[Object] = []
        for known in lists:
            called = known.called(names)
            found += [called[one.name] for one in usable(principal, known.ready, known.tools) if one.name in called]
        return found

    async def _listed(self, incoming: Incoming, servers: Mapping[str, Ready], kind: Kind) -> list[Object]:
        allowed = {name: ready for name, ready in servers.items() if self._access.may_server(incoming.principal, ready)}
        listing = self._listings.of(kind)
        if incoming.only:
            return [item.definition for ready in allowed.values() for item in await listing.of_one(ready)]
        lists = await listing.of_all(allowed)
        names = await self._servers.names(incoming.principal.team_id)
        named = names.prompt if kind is PROMPTS else addresses.outer
        return [_renamed(item, kind, named(ready.server.name, item.name)) for ready, items in lists for item in items]

    async def _passed(self, incoming: Incoming, servers: Mapping[str, Ready]) -> AsyncGenerator[bytes]:
        principal, request, only, _, session = incoming
        names = NO_NAMES if only else await self._servers.names(principal.team_id)
        target = target_of(request, Reach(servers, names, only))
        if request.method == "tools/call":
            ask = partial(self._asked, incoming, target)
        else:
            if not self._access.may_server(principal, target.ready):
                raise Denied(f"'{principal.name}' may not use the server '{target.ready.server.name}'.")
            ask = partial(self._passing.messages, principal, request.method, target)
        params = _as_newer(target.params, session)
        named = str if only else partial(addresses.outer, target.ready.server.name)
        relayed = self._relay.messages(Caller(owner_of(principal), request, session), target, params, ask)
        async with contextlib.aclosing(relayed) as messages:
            async for one in messages:
                if "method" in one:
                    yield message.encoded(one)
                elif request.method == "resources/read" and (request.is_modern or not only):
                    yield answers.passed_on(request, answers.read(request, one, named))
                elif request.method == "tools/call" and not only:
                    yield answers.passed_on(request, answers.linked(one, named))
                else:
                    yield answers.passed_on(request, one)

    def _asked(self, incoming: Incoming, target: Target, params: Object) -> AsyncGenerator[Object]:
        return self._calls.asked(incoming.principal, target.ready, target.name, params, incoming.headers, NO_CAPS)


def _renamed(item: Item, kind: Kind, name: str) -> Object:
    return {**item.definition, kind.named_by: Raw(message.encoded(name))}


def _as_newer(params: Object, session: Session | None) -> Object:
    """The parameters with what the newer era says in each request and the older one once: what the client can answer,
    and which log messages it wants.
    """
    if session is None or not (session.level or session.answers):
        return params
    meta = message.object_of(params["_meta"]) if "_meta" in params else {}
    meta[message.CAPABILITIES_KEY] = session.capabilities
    if session.level:
        meta[message.LOG_LEVEL_KEY] = Raw(message.encoded(session.level))
    return {**params, "_meta": Raw(message.encoded(meta))}


def _level_set(incoming: Incoming) -> dict[str, Any]:
    request, session = incoming.request, incoming.session
    level = message.text_of(request.params.get("level"))
    if level not in levels.LEVELS:
        text = f"params.level must be one of {', '.join(levels.LEVELS)}."
        raise RpcError(message.INVALID_PARAMS, text, request_id=request.id or b"null")
    if session is None:
        text = "A level is kept with a session; begin one with initialize."
        raise RpcError(message.INVALID_REQUEST, text, request_id=request.id or b"null")
    session.level = level
    return {}
