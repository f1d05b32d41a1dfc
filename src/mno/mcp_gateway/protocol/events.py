"""Server-sent events as they come in pieces: the data of each, whole, and where to take the stream up again.

Source: HTML Living Standard, 9.2.6.
"""

import re

#: Of the time in `retry`; longer ones are none.
MAX_RETRY_DIGITS = 10

_LINE_END = re.compile(rb"\r\n|\n|\r")


class Events:
    """Feed it the pieces of a stream in their order."""

    def __init__(self) -> None:
        #: The id of the last event; empty where none has one.
        self.last_id = b""
        #: After how long to take the stream up again; None where it does not say.
        self.retry_ms: int | None = None
        self._rest = b""
        self._data: list[bytes] = []
        self._name = b""

    @property
    def waiting_bytes(self) -> int:
        """Of the event that is not complete yet."""
        return len(self._rest) + sum(map(len, self._data))

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of every event that is complete now."""
        return [data for _, data in self.named(piece)]

    def named(self, piece: bytes) -> list[tuple[bytes, bytes]]:
        """The same, each with the event's name before it."""
        whole = self._rest + piece
        # the second half of a line's end may be in the next piece
        held = b"\r" if whole.endswith(b"\r") else b""
        *lines, rest = _LINE_END.split(whole.removesuffix(held))
        self._rest = rest + held
        found: list[tuple[bytes, bytes]] = []
        for line in lines:
            if line:
                self._take(line)
                continue
            if self._data:
                found.append((self._name or b"message", b"\n".join(self._data)))
                self._data.clear()
            self._name = b""
        return found

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif name == b"event":
            self._name = value.removeprefix(b" ")
        elif name == b"id":
            self.last_id = value.removeprefix(b" ")
        elif name == b"retry" and value.strip().isdigit() and len(value) < MAX_RETRY_DIGITS:
            self.retry_ms = int(value)
