"""What a key may ask at a time and in a minute, counted in this process.

A minute is a bucket that fills evenly: a caller that has rested may spend a minute's worth at once, and whoever is
refused hears after how many seconds it fits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from uuid import UUID

from mno.llm_gateway.model import KeyPolicy
from mno.platform.errors import LimitExceeded

#: Keys whose pace is remembered; those that have rested for a minute go first.
MAX_PACES = 10_000
_MINUTE_S = 60.0


@dataclass(slots=True)
class Bucket:
    """What is left of a minute's worth, at a moment of the clock; below zero after more was used than reserved."""

    left: float
    at: float

    def wait_s(self, wanted: int, per_minute: int, now: float) -> float:
        """Seconds until so much fits; 0 when it does. More than a minute's worth counts as a minute's worth."""
        self.left = min(per_minute, self.left + (now - self.at) * per_minute / _MINUTE_S)
        self.at = now
        missing = min(wanted, per_minute) - self.left
        return max(0.0, missing * _MINUTE_S / per_minute)


class Pace:
    """One key's."""

    __slots__ = ("calls", "running", "tokens")

    def __init__(self, policy: KeyPolicy, now: float) -> None:
        self.running = 0
        self.calls = Bucket(policy.requests_per_minute or 0, now)
        self.tokens = Bucket(policy.tokens_per_minute or 0, now)


class Ticket:
    """One admitted call; it gives back what it did not use."""

    __slots__ = ("_held", "_pace")

    def __init__(self, pace: Pace | None, held: int) -> None:
        self._pace = pace
        self._held = held

    def used(self, tokens: int) -> None:
        if self._pace is not None:
            self._pace.tokens.left += self._held - tokens
            self._held = tokens


class Limits:
    """The paces of all keys. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._paces: dict[UUID, Pace] = {}

    @contextmanager
    def admitted(self, policy: KeyPolicy | None, name: str, tokens: int) -> Iterator[Ticket]:
        """Lets a call of about `tokens` tokens in; `LimitExceeded` says which limit is hit and when it fits again."""
        if policy is None:
            yield Ticket(None, 0)
            return
        pace = self._pace_of(policy)
        self._check(policy, pace, name, tokens)
        ticket = Ticket(pace if policy.tokens_per_minute else None, tokens)
        pace.calls.left -= 1
        if policy.tokens_per_minute:
            pace.tokens.left -= tokens
        pace.running += 1
        try:
            yield ticket
        finally:
            pace.running -= 1

    def _check(self, policy: KeyPolicy, pace: Pace, name: str, tokens: int) -> None:
        now = self._clock()
        most = policy.concurrent_calls
        if most is not None and pace.running >= most:
            raise LimitExceeded(f"The key '{name}' has {pace.running} calls running, its limit.", retry_after_s=1)
        if policy.requests_per_minute:
            wait = pace.calls.wait_s(1, policy.requests_per_minute, now)
            if wait > 0:
                raise LimitExceeded(
                    f"The key '{name}' may make {policy.requests_per_minute} requests a minute.",
                    retry_after_s=ceil(wait),
                )
        if policy.tokens_per_minute:
            wait = pace.tokens.wait_s(tokens, policy.tokens_per_minute, now)
            if wait > 0:
                raise LimitExceeded(
                    f"The key '{name}' may use {policy.tokens_per_minute} tokens a minute.", retry_after_s=ceil(wait)
                )

    def _pace_of(self, policy: KeyPolicy) -> Pace:
        pace = self._paces.get(policy.key_id)
        if pace is None:
            now = self._clock()
            if len(self._paces) >= MAX_PACES:
                self._paces = {
                    key: one
                    for key, one in self._paces.items()
                    if one.running or now - max(one.calls.at, one.tokens.at) < _MINUTE_S
                }
            pace = self._paces[policy.key_id] = Pace(policy, now)
        return pace
