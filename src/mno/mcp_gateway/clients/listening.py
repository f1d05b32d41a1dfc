"""What clients hear of changes: `subscriptions/listen` of the newer era, the stream of a session in the older one."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from mno.mcp_gateway.calls.access import Access
from mno.mcp_gateway.clients.sessions import MAX_SUBSCRIPTIONS, Session
from mno.mcp_gateway.offers.news import LISTS, LOGGED, UPDATED, Listener, News, Topic
from mno.mcp_gateway.protocol import addresses, levels, message
from mno.mcp_gateway.protocol.message import Object, Raw, Request, RpcError
from mno.mcp_gateway.servers.service import Ready
from mno.platform.principal import Principal

_ACKNOWLEDGED = "notifications/subscriptions/acknowledged"


class Listening:
    """Of all clients."""

    def __init__(self, news: News, access: Access) -> None:
        self._news = news
        self._access = access

    async def newer(
        self, principal: Principal, request: Request, servers: Mapping[str, Ready], only: str
    ) -> AsyncGenerator[bytes]:
        """First what is heard, then every change, until the client leaves."""
        assert request.id is not None
        wish = _wish(request)
        lists = frozenset(name for name in LISTS.values() if bytes(wish.get(name, b"")) == b"true")
        wanted = _texts(request, wish["resourceSubscriptions"]) if "resourceSubscriptions" in wish else []
        found = {address: self._resource(principal, address, servers, only) for address in wanted}
        addresses = {resource for resource in found.values() if resource is not None}
        meta = {message.SUBSCRIPTION_KEY: Raw(request.id)}
        honoured: dict[str, Any] = dict.fromkeys(sorted(lists), True)
        if addresses:
            honoured["resourceSubscriptions"] = [address for address in wanted if found[address] is not None]
        listener = Listener(principal.team_id, only, lists, addresses)
        with self._news.listening(listener):
            yield _told(_ACKNOWLEDGED, {"notifications": honoured, "_meta": meta})
            await self._news.refresh(principal.team_id)
            while True:
                for topic in await listener.next():
                    yield _told(topic.method, {**_about(topic, only), "_meta": meta})

    async def older(self, principal: Principal, session: Session, only: str) -> AsyncGenerator[bytes]:
        """Every change, and log messages, until the client leaves or the session ends."""
        listener = Listener(principal.team_id, only, frozenset(LISTS.values()), session.subscriptions, wants_logs=True)
        session.listener = listener
        try:
            with self._news.listening(listener):
                await self._news.refresh(principal.team_id)
                while not session.is_over:
                    for topic, notification in (await listener.next()).items():
                        if topic.method != LOGGED:
                            yield _told(topic.method, _about(topic, only))
                        elif levels.lets_through(session.level or levels.DEFAULT_LEVEL, notification):
                            yield message.encoded(notification)
        finally:
            session.listener = None

    async def subscribe(
        self, principal: Principal, request: Request, session: Session | None, servers: Mapping[str, Ready], only: str
    ) -> dict[str, Any]:
        """Of `resources/subscribe` and `resources/unsubscribe`."""
        address = message.text_of(request.params.get("uri"))
        resource = self._resource(principal, address, servers, only) if address else None
        if resource is None:
            text = f"Resource not found: {(address or '')[:200]}"
            raise RpcError(message.RESOURCE_NOT_FOUND, text, request_id=request.id or b"null")
        if session is None:
            text = "A subscription is kept with a session; begin one with initialize."
            raise RpcError(message.INVALID_REQUEST, text, request_id=request.id or b"null")
        if request.method == "resources/unsubscribe":
            session.subscriptions.discard(resource)
        elif len(session.subscriptions) >= MAX_SUBSCRIPTIONS:
            text = f"A session has {MAX_SUBSCRIPTIONS} subscriptions at most."
            raise RpcError(message.LIMIT_EXCEEDED, text, request_id=request.id or b"null")
        else:
            session.subscriptions.add(resource)
        if session.listener is not None:
            await self._news.refresh(principal.team_id)
        return {}

    def _resource(
        self, principal: Principal, address: str, servers: Mapping[str, Ready], only: str
    ) -> tuple[str, str] | None:
        """Its server's name and its address there; None for one that is nowhere, or not for this caller."""
        found = (servers[only], address) if only else addresses.inner(servers, address)
        if found is None or not self._access.may_server(principal, found[0]):
            return None
        return found[0].server.name, found[1]


def _wish(request: Request) -> Object:
    try:
        return message.object_of(request.params["notifications"])
    except (KeyError, ValueError):
        text = "params.notifications must say what is listened for."
        raise RpcError(message.INVALID_PARAMS, text, request_id=request.id or b"null") from None


def _texts(request: Request, raw: Raw) -> list[str]:
    try:
        found = message.texts_of(raw)
    except ValueError:
        found = [""] * (MAX_SUBSCRIPTIONS + 1)
    if len(found) > MAX_SUBSCRIPTIONS:
        text = f"resourceSubscriptions is a list of at most {MAX_SUBSCRIPTIONS} addresses."
        raise RpcError(message.INVALID_PARAMS, text, request_id=request.id or b"null")
    return found


def _about(topic: Topic, only: str) -> dict[str, Any]:
    if topic.method != UPDATED:
        return {}
    return {"uri": topic.address if only else addresses.outer(topic.server, topic.address)}


def _told(method: str, params: dict[str, Any]) -> bytes:
    return message.encoded({"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})})
