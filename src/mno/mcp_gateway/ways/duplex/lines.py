"""Lines out of a stream that comes in pieces; one that is too long is let go, without what it was about being lost."""

import re
from dataclasses import dataclass

#: Bytes of each end of a line that is too long, in which its id is looked for.
END_BYTES = 300

_ID_AT_START = re.compile(rb'^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,18})\s*,')
_ID_AT_END = re.compile(rb'\}\s*,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,18})\s*\}\s*$')


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line that was too long: whose answer it is (None: nobody can tell), and its size in bytes."""

    own_id: bytes | None
    size: int


class Lines:
    """Feed it the pieces in their order; `limit` is the longest line in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._head = b""

    def feed(self, piece: bytes) -> list[bytes | Overlong]:
        """Every line that is complete now, without its end."""
        found: list[bytes | Overlong] = []
        *ended, rest = piece.split(b"\n")
        for end in ended:
            self._add(end)
            found.append(self._whole())
        self._add(rest)
        return found

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        self._parts.append(part)
        if self._size > self._limit:
            kept = b"".join(self._parts)
            self._head = self._head or kept[:END_BYTES]
            self._parts = [kept[-END_BYTES:]]

    def _whole(self) -> bytes | Overlong:
        line, size, head = b"".join(self._parts), self._size, self._head
        self._parts, self._size, self._head = [], 0, b""
        if size <= self._limit:
            return line.removesuffix(b"\r")
        named = _ID_AT_START.search(head) or _ID_AT_END.search(line)
        return Overlong(named.group(1) if named else None, size)
