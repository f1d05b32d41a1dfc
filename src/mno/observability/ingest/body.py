"""The body of an ingest request: how big it may be, how it is compressed, what it claims to be.

Nothing is believed: a body is counted as it arrives, a compressed one is unpacked with a hard cap, so a
1 GB upload or a decompression bomb costs the sender an answer and us no memory.
"""

import zlib
from collections.abc import AsyncIterator, Mapping
from enum import Enum
from typing import Protocol

import zstandard

from mno.observability.ingest.model import MAX_BODY_BYTES, MAX_DECOMPRESSED_BYTES, MEBIBYTE
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


_ZSTD_PIECE_BYTES = 1024

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
            return _inflated(body, 31, encoding)
        case "deflate":
            # RFC 9110 means zlib's format; some clients send the bare stream.
            zlib_header = len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
            return _inflated(body, 15 if zlib_header else -15, encoding)
        case "zstd":
            return _zstd(body)
    raise Unsupported(f"The content encoding '{encoding[:80]}' is not read here; send gzip, zstd, deflate or identity.")


def _inflated(body: bytes, window_bits: int, encoding: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    remaining = body
    while True:
        stream = zlib.decompressobj(window_bits)
        try:
            part = stream.decompress(remaining, MAX_DECOMPRESSED_BYTES - size + 1)
        except zlib.error as error:
            raise Invalid(f"The body is not valid {encoding}: {error}") from None
        parts.append(part)
        size += len(part)
        if size > MAX_DECOMPRESSED_BYTES:
            raise _too_large(MAX_DECOMPRESSED_BYTES)
        if not stream.eof:
            raise Invalid(f"The body is not valid {encoding}: it was cut short.")
        remaining = stream.unused_data
        # A gzip body may be several members in a row.
        if not remaining or window_bits != 31:
            return b"".join(parts)


def _zstd(body: bytes) -> bytes:
    """Fed in small pieces: four bytes of zstd may stand for 128 KiB, and the library has no cap of its own."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=8 * MEBIBYTE)
    parts: list[bytes] = []
    size = 0
    position = 0
    stream = decompressor.decompressobj()
    try:
        while position < len(body):
            if stream.eof:
                stream = decompressor.decompressobj()
            piece = body[position : position + _ZSTD_PIECE_BYTES]
            part = stream.decompress(piece)
            position += len(piece) - len(stream.unused_data)
            parts.append(part)
            size += len(part)
            if size > MAX_DECOMPRESSED_BYTES:
                raise _too_large(MAX_DECOMPRESSED_BYTES)
    except zstandard.ZstdError as error:
        raise Invalid(f"The body is not valid zstd: {error}") from None
    if not stream.eof:
        raise Invalid("The body is not valid zstd: it was cut short.")
    return b"".join(parts)


def _too_large(limit: int) -> TooLarge:
    what = "as sent" if limit == MAX_BODY_BYTES else "after decompression"
    return TooLarge(f"The body is larger than {limit // MEBIBYTE} MiB {what}. Send smaller batches.")
