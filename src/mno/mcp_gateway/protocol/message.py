"""Messages of the protocol (JSON-RPC 2.0), taken apart no further than is needed: what is passed on stays as it came.

Sources: the specification of MCP, revisions 2025-11-25 and 2026-07-28 (base protocol, streamable HTTP).
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from mno.platform.errors import MnoError

#: The revision without sessions.
MODERN = "2026-07-28"
#: A request that its client has given up; the name is that of the Language Server Protocol.
REQUEST_CANCELLED = -32800
#: Revisions with `initialize`, oldest first.
HANDSHAKE = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
#: Of the older era; the newer one says INVALID_PARAMS.
RESOURCE_NOT_FOUND = -32002
HEADER_MISMATCH = -32020
MISSING_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022
# of our own, in the band that is left to implementations
DENIED = -32003
LIMIT_EXCEEDED = -32005
SERVER_FAILED = -32006

#: The status of HTTP for an error in the era without sessions; 200 for all others.
STATUS = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    MISSING_CAPABILITY: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"
LOG_LEVEL_KEY = "io.modelcontextprotocol/logLevel"
ENVELOPE_KEYS = frozenset({VERSION_KEY, CLIENT_KEY, CAPABILITIES_KEY, LOG_LEVEL_KEY})

#: Which member of the parameters stands in the header Mcp-Name.
_NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_ROUTING = frozenset({b"mcp-protocol-version", b"mcp-method", b"mcp-name"})
_ENCODED = re.compile(r"=\?base64\?(.*)\?=")

Raw = msgspec.Raw
Object = dict[str, msgspec.Raw]
Header = tuple[bytes, bytes]


class RpcError(MnoError):
    """An error of the protocol, with the id of the request where it has one."""

    def __init__(self, code: int, message: str, data: Any = None, *, request_id: bytes = b"null") -> None:
        super().__init__(message)
        self.code = code
        self.data = data
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Request:
    """One message of a client. `id` as it was written, None for a notification."""

    method: str
    id: bytes | None
    params: Object
    meta: Object
    is_modern: bool


@dataclass(frozen=True, slots=True)
class Response:
    """What a client of the older era answers to a question of a server."""

    id: bytes | None
    members: Object


def object_of(raw: bytes | Raw) -> Object:
    """The members of an object as they are written; `ValueError` for anything else."""
    try:
        return msgspec.json.decode(raw, type=Object)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValueError("It is no JSON object.") from None


def text_of(raw: Raw | None) -> str | None:
    """A JSON text; None for anything else."""
    if raw is None or bytes(raw)[:1] != b'"':
        return None
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


def read(body: bytes, headers: Sequence[Header]) -> Request | Response:
    """The message in a request's body, or an `RpcError`: what is no JSON, no single message, or says one thing in its
    headers and another in its body.
    """
    message = _message(body)
    if "method" not in message and ("result" in message or "error" in message):
        return Response(_id(message), message)
    method = text_of(message.get("method"))
    request_id = _id(message)
    if text_of(message.get("jsonrpc")) != "2.0" or method is None:
        raise RpcError(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 request or notification.")
    params, meta = _params(message, request_id)
    version = _one_header(headers, b"mcp-protocol-version", request_id)
    is_modern = VERSION_KEY in meta or version == MODERN
    if not is_modern and version is not None and version not in HANDSHAKE:
        raise _unsupported(version, request_id)
    request = Request(method, request_id, params, meta, is_modern)
    if is_modern and request_id is not None:
        _check_envelope(request, version, headers)
    return request


def error_body(error: RpcError) -> bytes:
    told: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        told["data"] = error.data
    return encoded({"jsonrpc": "2.0", "id": Raw(error.request_id), "error": told})


def result_body(request_id: bytes, result: Any) -> bytes:
    """`result` may be `Raw`, which stays as it is."""
    return encoded({"jsonrpc": "2.0", "id": Raw(request_id), "result": result})


def header_value(text: str) -> bytes:
    """A name as it stands in a header: as it is where that is possible, else in base64."""
    plain = text.isascii() and text.isprintable() and text == text.strip() and not _ENCODED.fullmatch(text)
    return text.encode() if plain else b"=?base64?" + base64.b64encode(text.encode()) + b"?="


def _message(body: bytes) -> Object:
    try:
        body.decode()
        return msgspec.json.decode(body, type=Object)
    except msgspec.ValidationError:
        raise RpcError(
            INVALID_REQUEST, "The body must be one JSON-RPC message, not several and nothing else."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RpcError(PARSE_ERROR, "The body is no JSON, or is nested too deeply.") from None


def _id(message: Object) -> bytes | None:
    if "id" not in message:
        return None
    raw = message["id"]
    try:
        msgspec.json.decode(raw, type=int | str, strict=True)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RpcError(INVALID_REQUEST, "The id of a request is a text or a whole number.") from None
    return bytes(raw)


def _params(message: Object, request_id: bytes | None) -> tuple[Object, Object]:
    known = request_id or b"null"
    try:
        params = object_of(message["params"]) if "params" in message else {}
        return params, object_of(params["_meta"]) if "_meta" in params else {}
    except ValueError:
        raise RpcError(INVALID_PARAMS, "params and params._meta must be objects.", request_id=known) from None


def _one_header(headers: Sequence[Header], name: bytes, request_id: bytes | None) -> str | None:
    found = [value for one, value in headers if one == name]
    if len(found) > 1:
        text = f"{name.decode()} stands more than once in the headers."
        raise RpcError(HEADER_MISMATCH, text, request_id=request_id or b"null")
    return found[0].decode("latin-1").strip() if found else None


def _check_envelope(request: Request, version: str | None, headers: Sequence[Header]) -> None:
    """What every request of the era without sessions must say of itself, twice and alike."""
    assert request.id is not None
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in request.meta]
    if missing:
        raise RpcError(INVALID_PARAMS, f"params._meta lacks {', '.join(missing)}.", request_id=request.id)
    own_version = text_of(request.meta[VERSION_KEY])
    if own_version is None:
        raise RpcError(INVALID_PARAMS, f"{VERSION_KEY} must be a text.", request_id=request.id)
    expected = {b"mcp-protocol-version": own_version, b"mcp-method": request.method}
    member = _NAMED_BY.get(request.method)
    named = text_of(request.params.get(member)) if member else None
    if named is not None:
        expected[b"mcp-name"] = named
    for name, value in expected.items():
        shown = version if name == b"mcp-protocol-version" else _one_header(headers, name, request.id)
        if decoded(shown) != value:
            text = f"The header {name.decode()} does not say what the body says."
            raise RpcError(HEADER_MISMATCH, text, request_id=request.id)
    if own_version != MODERN:
        raise _unsupported(own_version, request.id)


def decoded(value: str | None) -> str | None:
    """What a header says, taken out of base64 where it is in it; None for what is broken."""
    found = None if value is None else _ENCODED.fullmatch(value)
    if found is None:
        return value
    try:
        return base64.b64decode(found.group(1), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _unsupported(version: str, request_id: bytes | None) -> RpcError:
    supported = {"supported": [*HANDSHAKE, MODERN], "requested": version[:100]}
    return RpcError(UNSUPPORTED_VERSION, "Unsupported protocol version", supported, request_id=request_id or b"null")


def code_of(error: Mapping[str, Any]) -> int:
    """The code of an error object; INTERNAL_ERROR where it has none."""
    code = error.get("code")
    return code if type(code) is int else INTERNAL_ERROR


def error_code(response: Object) -> int | None:
    """The code of the error in a response; None where there is none."""
    if "error" not in response:
        return None
    try:
        return code_of(msgspec.json.decode(response["error"], type=dict[str, Any]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return INTERNAL_ERROR


def told(response: Object) -> str:
    """What the error in a response says, shortened."""
    try:
        text = text_of(object_of(response["error"]).get("message"))
    except (KeyError, ValueError):
        text = None
    return (text or "an error without words")[:300]


def texts_of(raw: Raw) -> list[str]:
    """A JSON array of texts; `ValueError` for anything else."""
    try:
        return msgspec.json.decode(raw, type=list[str])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ValueError("It is no list of texts.") from None


def items_of(raw: Raw) -> list[Raw]:
    """The items of a JSON array as they are written; none for anything else."""
    try:
        return msgspec.json.decode(raw, type=list[Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def value_of(raw: Raw) -> Any:
    """Any JSON; `ValueError` where it is nested too deeply or broken."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ValueError("It is no JSON.") from None
