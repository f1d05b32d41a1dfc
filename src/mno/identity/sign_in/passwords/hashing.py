"""Passwords at rest: argon2id, computed off the event loop and only a few at a time.

Each costs 64 MiB and a good part of a tenth of a second on purpose, so what waits is bounded: beyond that a
caller hears to come again.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mno.platform.errors import LimitExceeded

R = TypeVar("R")

#: Passwords that are computed at the same time.
MAX_PASSWORDS_AT_ONCE = 2
#: Passwords that wait for their turn.
MAX_PASSWORDS_WAITING = 32
#: RFC 9106's second recommended option, with fewer lanes: a server's cores have other work.
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)


class PasswordHashes:
    """Makes and checks hashes. `hasher` holds the parameters; a hash of others is made anew when it is right."""

    def __init__(self, hasher: PasswordHasher = HASHER) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(MAX_PASSWORDS_AT_ONCE, thread_name_prefix="password")
        self._under_way = 0
        self._nobodys: str | None = None

    async def make(self, password: str) -> str:
        return await self._in_turn(self._hasher.hash, password)

    async def check(self, known: str | None, password: str) -> tuple[bool, str | None]:
        """Whether the password is right, and the hash to keep from now on when its parameters are old.

        Without a hash (nobody of that name, or somebody without a password) it takes as long as with one.
        """
        return await self._in_turn(self._check, known, password)

    def close(self) -> None:
        self._threads.shutdown(wait=False)

    def _check(self, known: str | None, password: str) -> tuple[bool, str | None]:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("nobody knows this one")
        try:
            self._hasher.verify(known or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False, None
        if known is None:
            return False, None
        return True, self._hasher.hash(password) if self._hasher.check_needs_rehash(known) else None

    async def _in_turn(self, work: Callable[..., R], *given: object) -> R:
        if self._under_way >= MAX_PASSWORDS_AT_ONCE + MAX_PASSWORDS_WAITING:
            raise LimitExceeded("Too many people sign in at this moment; try again.", retry_after_s=2)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)
        finally:
            self._under_way -= 1
