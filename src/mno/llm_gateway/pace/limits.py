"""What a key may ask at a time and in a minute, counted in this process."""

from collections.abc import Callable
from math import ceil, inf
from typing import Protocol
from uuid import UUID

from mno.llm_gateway.model import KeyPolicy
from mno.platform.errors import LimitExceeded
from mno.platform.pace import MINUTE_S, Bucket

#: Keys whose pace is remembered; those that have rested for a minute go first.
MAX_PACES = 10_000


class Pace:
    """One key's."""

    __slots__ = ("calls", "running", "tokens")

    def __init__(self, now: float) -> None:
        self.running = 0
        # as full as any limit, until there is one
        self.calls = Bucket(inf, now)
        self.tokens = Bucket(inf, now)


class Ticket(Protocol):
    """One admitted call; it gives back what it did not use."""

    def used(self, tokens: int) -> None:
        """So many tokens instead of those that were expected."""
        ...

    def end(self) -> None:
        """The call is over; once."""
        ...


class OwnTicket:
    """One call that this process let in."""

    __slots__ = ("_held", "_pace")

    def __init__(self, pace: Pace, held: int | None) -> None:
        self._pace = pace
        self._held = held

    def used(self, tokens: int) -> None:
        if self._held is not None:
            self._pace.tokens.left += self._held - tokens
            self._held = tokens

    def end(self) -> None:
        self._pace.running -= 1


class _Free:
    """Of a key without limits."""

    def used(self, tokens: int) -> None:
        """Nobody counts."""

    def end(self) -> None:
        """Nobody counts."""


FREE: Ticket = _Free()


class Limits:
    """The paces of all keys. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._paces: dict[UUID, Pace] = {}

    async def admit(self, policy: KeyPolicy | None, name: str, tokens: int, lease_s: float) -> Ticket:  # noqa: ARG002 - what ends with this process needs no lease
        """Lets a call of about `tokens` tokens in; `LimitExceeded` says which limit is hit and when it fits again."""
        return self.enter(policy, name, tokens) if policy is not None else FREE

    def enter(self, policy: KeyPolicy, name: str, tokens: int) -> Ticket:
        """The same for a key that has limits."""
        pace = self._pace_of(policy)
        self._check(policy, pace, name, tokens)
        # what has no limit is not counted: it would be a debt on the day on which it gets one
        if policy.requests_per_minute:
            pace.calls.left -= 1
        if policy.tokens_per_minute:
            pace.tokens.left -= tokens
        pace.running += 1
        return OwnTicket(pace, tokens if policy.tokens_per_minute else None)

    async def close(self) -> None:
        """Nothing is held."""

    def _check(self, policy: KeyPolicy, pace: Pace, name: str, tokens: int) -> None:
        now = self._clock()
        most = policy.concurrent_calls
        if most is not None and pace.running >= most:
            raise too_many_running(name, pace.running)
        if policy.requests_per_minute:
            wait = pace.calls.wait_s(1, policy.requests_per_minute, now)
            if wait > 0:
                raise too_many_calls(name, policy, ceil(wait))
        if policy.tokens_per_minute:
            wait = pace.tokens.wait_s(tokens, policy.tokens_per_minute, now)
            if wait > 0:
                raise too_many_tokens(name, policy, ceil(wait))

    def _pace_of(self, policy: KeyPolicy) -> Pace:
        pace = self._paces.get(policy.key_id)
        if pace is None:
            now = self._clock()
            if len(self._paces) >= MAX_PACES:
                self._paces = {
                    key: one
                    for key, one in self._paces.items()
                    if one.running or now - max(one.calls.at, one.tokens.at) < MINUTE_S
                }
            pace = self._paces[policy.key_id] = Pace(now)
        return pace


def too_many_running(name: str, running: int) -> LimitExceeded:
    return LimitExceeded(f"The key '{name}' has {running} calls running, its limit.", retry_after_s=1)


def too_many_calls(name: str, policy: KeyPolicy, wait_s: int) -> LimitExceeded:
    return LimitExceeded(
        f"The key '{name}' may make {policy.requests_per_minute} requests a minute.", retry_after_s=wait_s
    )


def too_many_tokens(name: str, policy: KeyPolicy, wait_s: int) -> LimitExceeded:
    return LimitExceeded(f"The key '{name}' may use {policy.tokens_per_minute} tokens a minute.", retry_after_s=wait_s)
