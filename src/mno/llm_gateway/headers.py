"""Which headers pass, in both directions.

Everything passes but what belongs to one connection only (RFC 9110, 7.6.1), what says who the caller is to the hub,
and what the hub decides itself. A request is written anew for the provider, with one length that we counted, so
nothing that a client smuggles between two headers reaches the next server.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from mno.platform.errors import Invalid

Header = tuple[bytes, bytes]

_OF_ONE_CONNECTION = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
#: Who calls, from where, and what is written anew.
_KEPT_HERE = _OF_ONE_CONNECTION | {
    b"host", b"content-length", b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie",
    b"accept-encoding", b"expect", b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host",
    b"x-forwarded-proto", b"x-real-ip", b"origin", b"referer",
}  # fmt: skip
#: What a provider has no say in: our pages stand at the same address as its answers.
_KEPT_THERE = _OF_ONE_CONNECTION | {
    b"set-cookie", b"set-cookie2", b"alt-svc", b"strict-transport-security", b"content-security-policy",
    b"content-security-policy-report-only", b"x-frame-options", b"cross-origin-opener-policy",
    b"cross-origin-resource-policy", b"cross-origin-embedder-policy", b"permissions-policy", b"referrer-policy",
    b"x-content-type-options", b"access-control-allow-origin", b"access-control-allow-credentials", b"clear-site-data",
    b"service-worker-allowed", b"server", b"date", b"report-to", b"nel", b"www-authenticate",
}  # fmt: skip
#: Headers by which a caller tells the hub of itself begin so.
OURS = b"x-mno-"
_NOT_IN_A_VALUE = re.compile(rb"[\x00\r\n]")
_NOT_IN_A_PATH = re.compile(rb"[^\x21-\x7e]")
_DOTS = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


def check_request(headers: Sequence[Header]) -> None:
    """`Invalid` for a request of which two servers could understand different things."""
    lengths = 0
    encoded = False
    for name, value in headers:
        if name == b"content-length":
            lengths += 1
            if not value.isdigit():
                raise Invalid("Content-Length is not a number.")
        elif name == b"transfer-encoding":
            encoded = True
            if value.strip().lower() != b"chunked":
                raise Invalid("Transfer-Encoding can only be chunked.")
    if _NOT_IN_A_VALUE.search(b"".join([value for _, value in headers])):
        raise Invalid("A header holds a line break.")
    if lengths > 1 or (lengths and encoded):
        raise Invalid("The request says twice how long it is.")


def check_path(raw: bytes) -> str:
    """The path as it was sent, below the provider's address; `Invalid` for one that leads elsewhere."""
    if _NOT_IN_A_PATH.search(raw):
        raise Invalid("The path holds a character that must be percent-encoded.")
    path = raw.decode("ascii")
    if _DOTS.search(path) or "\\" in path or "//" in path or "%2f" in path.lower():
        raise Invalid("The path may not lead upwards, and no part of it may be empty.")
    return path


def request_head(
    method: str, target: str, host: str, headers: Iterable[Header], credential: Mapping[bytes, bytes], length: int
) -> bytes:
    """The head of the request to the provider. The answer is asked for as it is, not compressed: we read along."""
    headers = list(headers)
    named = _named_by_connection(headers)
    lines = [
        b"%b %b HTTP/1.1\r\nhost: %b\r\naccept-encoding: identity" % (method.encode(), target.encode(), host.encode())
    ]
    for name, value in headers:
        if name not in _KEPT_HERE and name not in named and name not in credential and not name.startswith(OURS):
            lines.append(name + b": " + value)
    lines += [name + b": " + value for name, value in credential.items()]
    if length or method in ("POST", "PUT", "PATCH"):
        lines.append(b"content-length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def answer_headers(headers: list[Header], *, keeps_length: bool) -> list[Header]:
    """The provider's headers as the client gets them."""
    named = _named_by_connection(headers)
    return [
        (name, value)
        for name, value in headers
        if name not in _KEPT_THERE and name not in named and (keeps_length or name != b"content-length")
    ]


def _named_by_connection(headers: Iterable[Header]) -> frozenset[bytes]:
    named: set[bytes] = set()
    for name, value in headers:
        if name == b"connection":
            named.update(one.strip().lower() for one in value.split(b","))
    named.discard(b"content-type")
    return frozenset(named)
