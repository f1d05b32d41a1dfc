"""An MCP server that costs nothing: streamable HTTP over HTTP/1.1, answered from bytes that lie ready.

A process of its own, so that its work is not the gateway's: `python fake_tools.py PORT`. It speaks both eras without
sessions and has one tool, `echo`, whatever path it is asked at.
"""

import asyncio
import sys
from typing import Any

import orjson

from fake_http import Answering, listen

_TOOL = {
    "name": "echo",
    "description": "Says what it was told, and some words more.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
}
_INFO = {"name": "fake-tools", "version": "1.0.0"}
_RESULTS: dict[str, Any] = {
    "server/discover": {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "serverInfo": _INFO},
    "initialize": {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": _INFO},
    "tools/list": {"tools": [_TOOL]},
    "tools/call": {"content": [{"type": "text", "text": "An answer of some words. " * 12}], "isError": False},
    "ping": {},
}
_READY = {
    method: orjson.dumps({**result, "resultType": "complete", "ttlMs": 60_000, "cacheScope": "public"})
    for method, result in _RESULTS.items()
}
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


class ToolServer(Answering):
    """One connection."""

    def answer(self, head: bytes, body: bytes, /) -> None:
        self.transport.write(_answer(body) if head.startswith(b"post") else _nothing(405))


def _answer(body: bytes) -> bytes:
    message = orjson.loads(body)
    if "id" not in message:
        return _nothing(202)
    ready = _READY.get(message["method"])
    id_ = orjson.dumps(message["id"])
    if ready is None:
        found = b'{"jsonrpc":"2.0","id":%b,"error":{"code":-32601,"message":"Method not found"}}' % id_
    else:
        found = b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (id_, ready)
    return _HEAD % (len(found), found)


def _nothing(status: int) -> bytes:
    return b"HTTP/1.1 %d -\r\ncontent-length: 0\r\n\r\n" % status


if __name__ == "__main__":
    asyncio.run(listen(int(sys.argv[1]), ToolServer))
