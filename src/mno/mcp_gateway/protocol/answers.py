"""What a client of either era gets: the hub's own answers, and a server's answer in the words of the client's era.

A result passes byte for byte. What one era demands and the other does not know is put in; what only the newer era can
say is turned into an error for a client of the older one.
"""

from collections.abc import Callable, Iterable
from typing import Any

import mno
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import HANDSHAKE, MODERN, Object, Raw, Request, RpcError
from mno.platform.errors import Denied, Invalid, LimitExceeded, MnoError, NotFound, Unavailable

#: For how long a client may believe a list of tools, in milliseconds.
LIST_TTL_MS = 10_000

_SERVER = {"name": "mno", "version": mno.__version__, "title": "MachineNativeOps"}
#: What the hub offers whatever its servers do: a list of nothing is a list.
_CAPABILITIES: dict[str, dict[str, bool]] = {
    "tools": {"listChanged": True},
    "prompts": {"listChanged": True},
    "resources": {"listChanged": True, "subscribe": True},
    "completions": {},
}
#: The first kind that fits counts.
_CODES: tuple[tuple[type[MnoError], int], ...] = (
    (LimitExceeded, message.LIMIT_EXCEEDED),
    (Denied, message.DENIED),
    (NotFound, message.INVALID_PARAMS),
    (Invalid, message.INVALID_PARAMS),
    (Unavailable, message.SERVER_FAILED),
)


def discovered() -> dict[str, Any]:
    """Of `server/discover`."""
    return {
        "resultType": "complete",
        "supportedVersions": [*HANDSHAKE, MODERN],
        "capabilities": _CAPABILITIES,
        "ttlMs": LIST_TTL_MS,
        "cacheScope": "private",
        "_meta": {"io.modelcontextprotocol/serverInfo": _SERVER},
    }


def initialized(request: Request) -> dict[str, Any]:
    """Of `initialize`: the revision that the client wants, or the newest of its era."""
    wanted = message.text_of(request.params.get("protocolVersion"))
    version = wanted if wanted in HANDSHAKE else HANDSHAKE[-1]
    return {"protocolVersion": version, "capabilities": {**_CAPABILITIES, "logging": {}}, "serverInfo": _SERVER}


def listed(request: Request, member: str, entries: Iterable[Object]) -> dict[str, Any]:
    """Of `tools/list` and the like: all of them on one page."""
    result: dict[str, Any] = {member: list(entries)}
    if request.is_modern:
        result |= {"resultType": "complete", "ttlMs": LIST_TTL_MS, "cacheScope": "private"}
    return result


def passed_on(request: Request, response: Object) -> bytes:
    """A server's response as the client's."""
    assert request.id is not None
    if "error" in response:
        return message.encoded({"jsonrpc": "2.0", "id": Raw(request.id), "error": response["error"]})
    result = response["result"]
    if request.is_modern and result_type(result) is None:
        result = Raw(_with_type(bytes(result)))
    return message.result_body(request.id, result)


def read(request: Request, response: Object, named: Callable[[str], str]) -> Object:
    """A response to `resources/read` with the addresses that the client knows. What is read is nobody else's to keep:
    who may read it is decided for each caller.
    """
    if "result" not in response:
        return response
    result = members_of(response["result"])
    if "contents" in result:
        contents = [_addressed(raw, named) for raw in message.items_of(result["contents"])]
        result["contents"] = Raw(message.encoded(contents))
        if request.is_modern:
            result.setdefault("ttlMs", Raw(b"0"))
            result["cacheScope"] = Raw(b'"private"')
    return {**response, "result": Raw(message.encoded(result))}


def linked(response: Object, named: Callable[[str], str]) -> Object:
    """A response to `tools/call` whose links to resources have the addresses that the client knows."""
    if b'"resource' not in bytes(response.get("result", b"")):
        return response  # nearly all: they pass as they are
    result = members_of(response["result"])
    items = [members_of(raw) for raw in message.items_of(result.get("content", Raw(b"[]")))]
    for item in items:
        if message.text_of(item.get("type")) == "resource_link":
            item.update(_addressed(Raw(message.encoded(item)), named))
        elif message.text_of(item.get("type")) == "resource" and "resource" in item:
            item["resource"] = Raw(message.encoded(_addressed(item["resource"], named)))
    return {**response, "result": Raw(message.encoded({**result, "content": items}))}


def _addressed(raw: Raw, named: Callable[[str], str]) -> Object:
    content = members_of(raw)
    address = message.text_of(content.get("uri"))
    return content if address is None else {**content, "uri": Raw(message.encoded(named(address)))}


def result_type(result: Raw) -> str | None:
    """`complete`, `input_required`; None where a server of the older era does not say."""
    return message.text_of(members_of(result).get("resultType"))


def is_error(result: Raw) -> bool:
    """Whether a tool says of itself that it failed."""
    return says_error(members_of(result))


def says_error(members: Object) -> bool:
    """The same of a result that is taken apart already."""
    return bytes(members.get("isError", b"")) == b"true"


def rpc_error(error: MnoError, request_id: bytes) -> RpcError:
    """One of our errors in the protocol's words."""
    if isinstance(error, RpcError):
        return error
    code = next((code for kind, code in _CODES if isinstance(error, kind)), message.INTERNAL_ERROR)
    wait = getattr(error, "retry_after_s", None)
    return RpcError(code, str(error), None if wait is None else {"retryAfterS": wait}, request_id=request_id)


def members_of(result: Raw) -> Object:
    """A result's members as they are written; none where it is no object."""
    try:
        return message.object_of(result)
    except ValueError:
        return {}


def _with_type(result: bytes) -> bytes:
    rest = result.strip()[1:].lstrip()
    return b'{"resultType":"complete"' + (b"" if rest == b"}" else b",") + rest
