"""Which server a request of a client is about, and the request as that server knows it."""

from collections.abc import Mapping
from typing import NamedTuple

from mno.mcp_gateway.model import MAX_TOOL_NAME_CHARACTERS
from mno.mcp_gateway.protocol import addresses, message
from mno.mcp_gateway.protocol.message import Object, Raw, Request, RpcError
from mno.mcp_gateway.servers.naming import Names
from mno.mcp_gateway.servers.service import Ready


class Target(NamedTuple):
    """`name` is what the request is about, as the server calls it."""

    ready: Ready
    name: str
    params: Object


class Reach(NamedTuple):
    """Where a request may go: to these servers, by these names, or to `only` one by what that calls its own."""

    servers: Mapping[str, Ready]
    names: Names
    only: str


def target_of(request: Request, reach: Reach) -> Target:
    """Of a request about one tool, prompt or resource; an `RpcError` where it names none of these servers."""
    match request.method:
        case "tools/call":
            return _tool(request, reach)
        case "prompts/get":
            ready, name = _prompt(request, request.params, reach)
            return Target(ready, name, _with(request, {"name": name}))
        case "completion/complete":
            return _completion(request, reach)
        case _:
            ready, address = _resource(request, request.params, reach)
            return Target(ready, address, _with(request, {"uri": address}))


def _tool(request: Request, reach: Reach) -> Target:
    servers, names, only = reach
    named = _text(request, request.params, "name")
    server, tool = (only, named) if only else names.find_tool(named) or ("", "")
    ready = servers.get(server)
    if ready is None or not 0 < len(tool) <= MAX_TOOL_NAME_CHARACTERS:
        raise _unknown(request, f"Unknown tool: {named[:200]}")
    tool = tool if only else ready.own_name(tool)
    return Target(ready, tool, _with(request, {"name": tool}))


def _completion(request: Request, reach: Reach) -> Target:
    """Of an argument of a prompt, or of a variable of a resource template."""
    try:
        ref = message.object_of(request.params["ref"])
    except (KeyError, ValueError):
        raise _unknown(request, "params.ref must say of what an argument is completed.") from None
    is_prompt = message.text_of(ref.get("type")) == "ref/prompt"
    find, member = (_prompt, "name") if is_prompt else (_resource, "uri")
    ready, name = find(request, ref, reach)
    inner = {**ref, member: Raw(message.encoded(name))}
    return Target(ready, name, {**_with(request, {}), "ref": Raw(message.encoded(inner))})


def _prompt(request: Request, params: Object, reach: Reach) -> tuple[Ready, str]:
    servers, names, only = reach
    named = _text(request, params, "name")
    server, name = (only, named) if only else names.find(named) or ("", "")
    ready = servers.get(server)
    if ready is None:
        raise _unknown(request, f"Unknown prompt: {named[:200]}")
    return ready, name


def _resource(request: Request, params: Object, reach: Reach) -> tuple[Ready, str]:
    servers, _, only = reach
    address = _text(request, params, "uri")
    found = (servers[only], address) if only else addresses.inner(servers, address)
    if found is None:
        text = f"Resource not found: {address[:200]}. Here an address says its server: mno+<server>+<address>."
        code = message.INVALID_PARAMS if request.is_modern else message.RESOURCE_NOT_FOUND
        raise RpcError(code, text, {"uri": address[:2_000]}, request_id=request.id or b"null")
    return found


def _text(request: Request, params: Object, member: str) -> str:
    found = message.text_of(params.get(member))
    if not found:
        raise _unknown(request, f"params.{member} must be a text for {request.method}.")
    return found


def _with(request: Request, named: Mapping[str, str]) -> Object:
    own = {member: Raw(message.encoded(value)) for member, value in named.items()}
    return {**request.params, **own, **({"_meta": Raw(message.encoded(request.meta))} if request.meta else {})}


def _unknown(request: Request, text: str) -> RpcError:
    return RpcError(message.INVALID_PARAMS, text, request_id=request.id or b"null")
