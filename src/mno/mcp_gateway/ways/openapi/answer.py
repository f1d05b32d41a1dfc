"""The answer of an HTTP API as the result of a tool. Pure."""

import base64
from collections.abc import Sequence
from typing import Any

import orjson

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Header

#: Of an answer that says that it failed.
MAX_PROBLEM_CHARACTERS = 4_000


def result_of(status: int, headers: Sequence[Header], body: bytes) -> bytes:
    """JSON and text as they are; what is neither in base64. From 400 on it is an error that the model reads."""
    kind = next((value for name, value in headers if name == b"content-type"), b"").decode("latin-1").lower()
    media = kind.partition(";")[0].strip()
    if status >= 400:
        said = body.decode("utf-8", "replace").strip()[:MAX_PROBLEM_CHARACTERS]
        return _result([_text(f"HTTP {status}" + (f": {said}" if said else ""))], is_error=True)
    if status >= 300:
        return _result([_text(f"HTTP {status}: the API leads elsewhere; redirects are not followed.")], is_error=True)
    if not body:
        return _result([_text(f"Done (HTTP {status}).")])
    if media == "application/json" or media.endswith("+json"):
        return _json_result(body)
    if media.startswith(("image/", "audio/")):
        shown = {"type": media.partition("/")[0], "data": base64.b64encode(body).decode(), "mimeType": media}
        return _result([shown])
    try:
        return _result([_text(body.decode("utf-8"))])
    except UnicodeDecodeError:
        blob = {"uri": "mno:answer", "mimeType": media or "application/octet-stream"}
        return _result([{"type": "resource", "resource": {**blob, "blob": base64.b64encode(body).decode()}}])


def _json_result(body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    try:
        value = orjson.loads(body)
    except ValueError:
        return _result([_text(text)])
    return _result([_text(text)], structured=value if isinstance(value, dict) else None)


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _result(
    content: list[dict[str, Any]], *, is_error: bool = False, structured: dict[str, Any] | None = None
) -> bytes:
    more = {} if structured is None else {"structuredContent": structured}
    return message.encoded({"resultType": "complete", "content": content, "isError": is_error, **more})
