"""Reads along while an answer passes: nothing is held back, but for the one event that only the hub asked for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from mno.llm_gateway.model import Usage
from mno.llm_gateway.usage import estimated_tokens

#: So much of a whole answer is kept to be read; in a larger one nobody looks for usage.
MAX_ANSWER_READ_BYTES = 32 * 1024 * 1024
#: One event of a stream; a longer one is passed on unread.
MAX_EVENT_BYTES = 8 * 1024 * 1024

_END_OF_EVENT = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LINE = re.compile(rb"\r\n|\n|\r")


@dataclass(slots=True)
class Reading:
    """What an answer has said of itself so far."""

    response_id: str = ""
    model: str = ""
    finish_reason: str = ""
    service_tier: str = ""
    usage: Usage | None = None
    #: Whether the usage is the last word: an Anthropic stream begins with a first one.
    is_final: bool = False
    #: What was generated as far as it came, in tokens; an estimate.
    generated: int = 0
    #: The provider's own words for what went wrong.
    trouble: str = ""

    def text(self, piece: Any) -> None:
        if type(piece) is str:
            self.generated += estimated_tokens(piece)

    def named(self, document: dict[str, Any], id_: str, model: str) -> None:
        if not self.response_id and type(value := document.get(id_)) is str:
            self.response_id = value[:200]
        if type(value := document.get(model)) is str:
            self.model = value[:200]


#: Learns from one document; whether it is an event that only tells usage.
Read = Callable[[Reading, dict[str, Any]], bool]


class Whole:
    """An answer in one piece."""

    def __init__(self, read: Read, reading: Reading) -> None:
        self._read = read
        self._reading = reading
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> bytes:
        self._size += len(piece)
        if self._size <= MAX_ANSWER_READ_BYTES:
            self._pieces.append(piece)
        return piece

    def end(self) -> bytes:
        if self._size <= MAX_ANSWER_READ_BYTES:
            document = _loaded(b"".join(self._pieces))
            for one in document if isinstance(document, list) else [document]:
                if isinstance(one, dict):
                    self._read(self._reading, one)
        self._pieces.clear()
        return b""

    @property
    def body(self) -> bytes:
        """What has been kept, before the end."""
        return b"".join(self._pieces)


class Stream:
    """Server-sent events. With `hides`, an event that only tells usage is left out."""

    def __init__(self, read: Read, reading: Reading, *, hides: bool) -> None:
        self._read = read
        self._reading = reading
        self._hides = hides
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        data = self._rest + piece if self._rest else piece
        at = 0
        kept: list[bytes] = []
        for ending in _END_OF_EVENT.finditer(data, max(0, len(self._rest) - 3)):
            event = data[at : ending.end()]
            at = ending.end()
            if not self._event(event) or not self._hides:
                kept.append(event)
        self._rest = data[at:]
        if not self._hides:
            if len(self._rest) > MAX_EVENT_BYTES:
                self._rest = b""
            return piece
        if len(self._rest) > MAX_EVENT_BYTES:
            kept.append(self._rest)
            self._rest = b""
        return b"".join(kept)

    def end(self) -> bytes:
        rest, self._rest = self._rest, b""
        if rest:
            only_usage = self._event(rest)
            return b"" if only_usage or not self._hides else rest
        return b""

    def _event(self, event: bytes) -> bool:
        data = _data_of(event)
        if not data or data == b"[DONE]":
            return False
        document = _loaded(data)
        return self._read(self._reading, document) if isinstance(document, dict) else False


def _data_of(event: bytes) -> bytes:
    if event.startswith(b"data: ") and event.count(b"\n") <= 2 and b"\r" not in event:
        return event[6:].rstrip(b"\n")
    lines = [line[5:].strip() for line in _LINE.split(event) if line.startswith(b"data:")]
    return b"\n".join(lines)


def _loaded(data: bytes) -> Any:
    """None where a provider sends what is no JSON: it passes all the same."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
