"""Answers remembered for equal deterministic requests, in this process, for as long as the provider's setting says."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from mno.llm_gateway.headers import Header
from mno.llm_gateway.model import Usage

#: Bytes of all answers that are remembered.
MAX_CACHE_BYTES = 64 * 1024 * 1024
#: One answer; a larger one is not remembered.
MAX_CACHED_ANSWER_BYTES = 1024 * 1024


class Remembered(NamedTuple):
    """One answer, and what it took."""

    body: bytes
    headers: list[Header]
    model: str
    response_id: str
    finish_reason: str
    usage: Usage | None
    until: float


def key_of(project_id: UUID, provider_id: UUID, path: str, query: str, body: bytes) -> bytes:
    """Equal only for the same question of the same project to the same provider."""
    digest = hashlib.sha256(project_id.bytes + provider_id.bytes)
    digest.update(f"{path}?{query}\n".encode())
    digest.update(body)
    return digest.digest()


class Cache:
    """The least recently used goes first. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, Remembered] = OrderedDict()
        self._bytes = 0

    def get(self, key: bytes) -> Remembered | None:
        found = self._known.get(key)
        if found is None:
            return None
        if found.until < self._clock():
            self._drop(key)
            return None
        self._known.move_to_end(key)
        return found

    def put(self, key: bytes, answer: Remembered, lasts_s: float) -> None:
        if len(answer.body) > MAX_CACHED_ANSWER_BYTES:
            return
        self._drop(key)
        self._known[key] = answer._replace(until=self._clock() + lasts_s)
        self._bytes += len(answer.body)
        while self._bytes > MAX_CACHE_BYTES:
            self._drop(next(iter(self._known)))

    def _drop(self, key: bytes) -> None:
        gone = self._known.pop(key, None)
        if gone is not None:
            self._bytes -= len(gone.body)
