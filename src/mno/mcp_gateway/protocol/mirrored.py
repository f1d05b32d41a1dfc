"""Arguments that a tool wants to see in headers too (`x-mcp-header` in its schema), so that whatever lies before its
server can route by them: made by the hub, and held against those that a client of the newer era sent.

Source: the specification of MCP, revision 2026-07-28, "Transports", "Custom Headers".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import HEADER_MISMATCH, MODERN, Header, Object, RpcError

PREFIX = b"mcp-param-"
#: Arguments of one tool that stand in headers.
MAX_MIRRORED_ARGUMENTS = 50

_KEY = "x-mcp-header"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_TYPES = frozenset({"string", "integer", "boolean"})

#: The way to an argument, by the name of its header.
Mirrored = Mapping[bytes, tuple[str, ...]]


def mirrored_in(schema: Any) -> Mirrored:
    """What a tool's schema wants in headers; `ValueError` for what the specification forbids."""
    found: dict[bytes, tuple[str, ...]] = {}
    for path, node in _positions(schema):
        name, kind = node[_KEY], node.get("type")
        is_named = isinstance(name, str) and _TOKEN.fullmatch(name) is not None
        if not path or not is_named or not isinstance(kind, str) or kind not in _TYPES:
            raise ValueError(f"{_KEY} stands where it may not, or names no header.")
        header = PREFIX + name.lower().encode()
        if header in found or len(found) >= MAX_MIRRORED_ARGUMENTS:
            raise ValueError(f"{_KEY} names a header twice, or too many.")
        found[header] = path
    return found


def headers_of(mirrored: Mirrored, params: Object, given: Sequence[Header]) -> list[Header]:
    """The headers for the server. An `RpcError` where a client of the newer era sent others, or none, for them."""
    arguments = message.value_of(params["arguments"]) if "arguments" in params else {}
    values = {name: _text(_at(arguments, path)) for name, path in mirrored.items()}
    if any(name == b"mcp-protocol-version" and value == MODERN.encode() for name, value in given):
        sent = dict(given)
        for name, value in values.items():
            shown = sent.get(name)
            if message.decoded(None if shown is None else shown.decode("latin-1").strip()) != value:
                text = f"The header {name.decode()} does not say what the arguments say."
                raise RpcError(HEADER_MISMATCH, text)
    return [(name, message.header_value(value)) for name, value in values.items() if value is not None]


def _positions(schema: Any) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every place with the annotation: the way of properties that leads there, empty where there is no such way."""
    waiting: list[tuple[tuple[str, ...] | None, Any]] = [((), schema)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, list):
            waiting += [(None, one) for one in node]
        if not isinstance(node, dict):
            continue
        if _KEY in node:
            yield path or (), node
        for keyword, value in node.items():
            if keyword == "properties" and isinstance(value, dict):
                waiting += [(None if path is None else (*path, name), one) for name, one in value.items()]
            elif keyword not in ("default", "examples", "const", "enum", _KEY):
                waiting.append((None, value))


def _at(arguments: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        arguments = arguments.get(name) if isinstance(arguments, dict) else None
    return arguments


def _text(value: Any) -> str | None:
    """As it stands in a header; None for what is not there, or has no such text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
