"""The body of an ingest request: how big it may be, how it is compressed, what it claims to be.

Nothing is believed: a body is counted as it arrives, a compressed one is unpacked with a hard cap, so a
1 GB upload or a decompression bomb costs the sender an answer and us no memory.
"""

import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from enum import Enum
from typing import Protocol

import zstandard

from mno.observability.ingest.model import MAX_BODY_BYTES, MAX_COMPRESSED_MEMBERS, MAX_DECOMPRESSED_BYTES, MEBIBYTE
from mno.platform.errors import Invalid, TooLarge, Unsupported


class Format(Enum):
    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"
    NDJSON = "application/x-ndjson"


class IncomingRequest(Protocol):
    """What is needed of a Starlette request."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    def stream(self) -> AsyncIterator[bytes]: ...


class _Stream(Protocol):
    """What zlib's and zstandard's decompressors have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


#: What is unpacked at a time: gzip grows a thousandfold, four bytes of zstd may stand for 128 KiB.
_PIECE_BYTES = 1024

_FORMATS = {
    "application/x-protobuf": Format.PROTOBUF,
    "application/protobuf": Format.PROTOBUF,
    "application/vnd.google.protobuf": Format.PROTOBUF,
    "application/json": Format.JSON,
    "application/x-ndjson": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
    "application/x-jsonlines": Format.NDJSON,
}
OTLP_FORMATS = (Format.PROTOBUF, Format.JSON)
EVENT_FORMATS = (Format.JSON, Format.NDJSON)


def format_of(content_type: str | None, allowed: tuple[Format, ...]) -> Format:
    """The format that a Content-Type names; `Unsupported` (415) names those that are read here."""
    media_type = (content_type or "").partition(";")[0].strip().lower()
    found = _FORMATS.get(media_type)
    if found is None or found not in allowed:
        names = " or ".join(form.value for form in allowed)
        raise Unsupported(f"The content type '{media_type[:80]}' is not read here; send {names}.")
    return found


async def read(request: IncomingRequest) -> bytes:
    """The body as it was sent, still compressed.

    `TooLarge` (413) by its Content-Length before a byte is read, or as soon as more than the limit arrived.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise _too_large(MAX_BODY_BYTES)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise _too_large(MAX_BODY_BYTES)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def unpacked(body: bytes, content_encoding: str | None) -> bytes:
    """The body after its Content-Encoding: identity, gzip, deflate or zstd.

    `Unsupported` for another encoding, `Invalid` for damaged data, `TooLarge` when it grows beyond the limit.
    """
    encoding = (content_encoding or "identity").strip().lower()
    match encoding:
        case "identity" | "":
            return body
        case "gzip" | "x-gzip":
            return _unpacked(body, encoding, lambda: zlib.decompressobj(31), in_a_row=True)
        case "deflate":
            # RFC 9110 means zlib's format; some clients send the bare stream.
            zlib_header = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
            window_bits = 15 if zlib_header else -15
            return _unpacked(body, encoding, lambda: zlib.decompressobj(window_bits), in_a_row=False)
        case "zstd":
            decompressor = zstandard.ZstdDecompressor(max_window_size=8 * MEBIBYTE)
            return _unpacked(body, encoding, decompressor.decompressobj, in_a_row=True)
    raise Unsupported(f"The content encoding '{encoding[:80]}' is not read here; send gzip, zstd, deflate or identity.")


def _unpacked(body: bytes, encoding: str, new_stream: Callable[[], _Stream], *, in_a_row: bool) -> bytes:
    """Fed in small pieces: the libraries have no cap that fits, and at the end of each member (gzip) or frame
    (zstd) they copy what is left of the input they were given.
    """
    parts: list[bytes] = []
    size = 0
    position = 0
    members = 1
    stream = new_stream()
    while position < len(body) and (in_a_row or not stream.eof):
        if stream.eof:
            members += 1
            _check_members(members, encoding)
            stream = new_stream()
        piece = body[position : position + _PIECE_BYTES]
        try:
            part = stream.decompress(piece)
        except (zlib.error, zstandard.ZstdError) as error:
            raise Invalid(f"The body is not valid {encoding}: {error}") from None
        position += len(piece) - len(stream.unused_data)
        parts.append(part)
        size += len(part)
        if size > MAX_DECOMPRESSED_BYTES:
            raise _too_large(MAX_DECOMPRESSED_BYTES)
    if not stream.eof:
        raise Invalid(f"The body is not valid {encoding}: it was cut short.")
    return b"".join(parts)


def _check_members(members: int, encoding: str) -> None:
    if members > MAX_COMPRESSED_MEMBERS:
        raise Invalid(f"The body is {encoding} in more than {MAX_COMPRESSED_MEMBERS:,} pieces; compress it as a whole.")


def _too_large(limit: int) -> TooLarge:
    what = "as sent" if limit == MAX_BODY_BYTES else "after decompression"
    return TooLarge(f"The body is larger than {limit // MEBIBYTE} MiB {what}. Send smaller batches.")
