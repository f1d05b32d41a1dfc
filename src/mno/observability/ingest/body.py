"""The body of an ingest request: how big it may be, how it is compressed, what it claims to be.

Nothing is believed: a body is counted as it arrives, a compressed one is unpacked with a hard cap, so a
1 GB upload or a decompression bomb costs the sender an answer and us no memory. Many bodies that are each small
enough share one budget, so a thousand senders cannot add up to what one may not send.
"""

import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

import zstandard

from mno.observability.ingest.model import (
    MAX_BODIES_IN_FLIGHT_BYTES,
    MAX_BODY_BYTES,
    MAX_COMPRESSED_MEMBERS,
    MAX_DECOMPRESSED_BYTES,
    MEBIBYTE,
)
from mno.platform.errors import Invalid, LimitExceeded, TooLarge, Unsupported


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


class BodyBudget:
    """The bytes that all bodies in flight may take together; used by the event loop only."""

    def __init__(self, limit_bytes: int = MAX_BODIES_IN_FLIGHT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self.taken_bytes = 0

    def share(self) -> "BodyShare":
        """One request's part, given back at the end of its `with`."""
        return BodyShare(self)

    def check_room(self, size: int) -> None:
        """`LimitExceeded` (429) when so many bytes more would be too many."""
        if self.taken_bytes + size > self._limit_bytes:
            raise LimitExceeded(
                f"The requests that are being taken in are {self._limit_bytes // MEBIBYTE} MiB together, which is the "
                "limit; send again later.",
                retry_after_s=1,
            )


class BodyShare:
    """What one body takes of the budget: what has arrived of it, not what its sender announced.

    Otherwise a few senders that announce much and send nothing would keep everybody out.
    """

    __slots__ = ("_budget", "_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._bytes = 0

    def check_room(self, size: int) -> None:
        self._budget.check_room(size)

    def take(self, size: int) -> None:
        self._budget.check_room(size)
        self._budget.taken_bytes += size
        self._bytes += size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._budget.taken_bytes -= self._bytes
        self._bytes = 0


async def read(request: IncomingRequest, share: BodyShare) -> bytes:
    """The body as it was sent, still compressed; hold its share for as long as the body.

    `TooLarge` (413) and `LimitExceeded` (429) by its Content-Length before a byte is read, or as soon as more
    arrived than the body's limit or the common budget.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal():
        if int(length) > MAX_BODY_BYTES:
            raise _too_large(MAX_BODY_BYTES)
        share.check_room(int(length))
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise _too_large(MAX_BODY_BYTES)
        share.take(len(chunk))
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
