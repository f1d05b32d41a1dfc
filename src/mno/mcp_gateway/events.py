"""Server-sent events as they come in pieces: the data of each, whole. Source: HTML Living Standard, 9.2.6."""

import re

_LINE_END = re.compile(rb"\r\n|\n|\r")


class Events:
    """Feed it the pieces of a stream in their order."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of every event that is complete now."""
        whole = self._rest + piece
        # the second half of a line's end may be in the next piece
        held = b"\r" if whole.endswith(b"\r") else b""
        *lines, rest = _LINE_END.split(whole.removesuffix(held))
        self._rest = rest + held
        found: list[bytes] = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                found.append(b"\n".join(self._data))
                self._data.clear()
        return found

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
