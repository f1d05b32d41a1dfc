"""What this process remembers about secrets that it saw: their principals, for one second.

So the check of a warm key is a hash and a look into a dictionary, and yet a revocation in another process
counts within that second; one in this process, or one that we hear of, is forgotten at once.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any
from uuid import UUID

from mno.platform import crypto
from mno.platform.errors import Unauthenticated
from mno.platform.limits import MAX_REMEMBERED_PRINCIPALS
from mno.platform.principal import Principal

#: For how long this process believes what it read about a key or session; so a revocation elsewhere counts
#: after at most this time, even if it was not heard of.
REMEMBERED_S = 1.0
#: From this age on it is worth reading anew, for one that is still asked for.
AGING_S = 0.5


class RememberedPrincipals:
    """Principals by the fingerprint of their secret. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._known: dict[bytes, tuple[Principal, float]] = {}
        #: Grows with every `forget`, so that an answer read before a revocation is not remembered after it.
        self.generation = 0

    def get(self, fingerprint: bytes) -> Principal | None:
        entry = self._known.get(fingerprint)
        if entry is None or entry[1] < self.clock():
            return None
        return entry[0]

    def is_aging(self, fingerprint: bytes) -> bool:
        """Whether what is remembered ends soon."""
        entry = self._known.get(fingerprint)
        return entry is not None and entry[1] - self.clock() < REMEMBERED_S - AGING_S

    def remember(
        self,
        fingerprint: bytes,
        principal: Principal,
        generation: int,
        *,
        read_at: float | None = None,
        lasts_s: float = REMEMBERED_S,
    ) -> None:
        """Remembers what was read at `read_at`, while `generation` held; not if something was forgotten since.

        `lasts_s` ends it sooner, for a secret that expires in this very second.
        """
        if generation != self.generation:
            return
        if len(self._known) >= MAX_REMEMBERED_PRINCIPALS:
            self._known.clear()
        began = self.clock() if read_at is None else read_at
        self._known[fingerprint] = (principal, began + min(lasts_s, REMEMBERED_S))

    def forget(self, fingerprint: bytes) -> None:
        self.generation += 1
        self._known.pop(fingerprint, None)

    def forget_team(self, team_id: UUID) -> None:
        """All that act in it: what they may has changed."""
        self.generation += 1
        for fingerprint in [key for key, (known, _) in self._known.items() if known.team_id == team_id]:
            del self._known[fingerprint]

    def forget_everybody(self) -> None:
        self.generation += 1
        self._known.clear()


class SharedReads:
    """Looks into the database for secrets that are not remembered, or not for long any more: all that ask for one at
    the same moment share one look, but for one that began before something was forgotten.

    `read` gets the secret and its fingerprint, and remembers what it finds.
    """

    def __init__(
        self, remembered: RememberedPrincipals, read: Callable[[str, bytes], Coroutine[Any, Any, Principal]]
    ) -> None:
        self._remembered = remembered
        self._read = read
        self._reads: dict[tuple[bytes, int], asyncio.Task[Principal]] = {}

    async def principal(self, secret: str) -> Principal:
        fingerprint = crypto.fingerprint(secret)
        principal = self._remembered.get(fingerprint)
        if principal is None:
            return await asyncio.shield(self._reading(secret, fingerprint))
        if self._remembered.is_aging(fingerprint):
            self._reading(secret, fingerprint)  # before it is forgotten, so that a busy one never waits
        return principal

    def _reading(self, secret: str, fingerprint: bytes) -> asyncio.Task[Principal]:
        look = fingerprint, self._remembered.generation
        task = self._reads.get(look)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._read(secret, fingerprint))
            self._reads[look] = task
            task.add_done_callback(partial(self._was_read, look))
        return task

    def _was_read(self, look: tuple[bytes, int], task: asyncio.Task[Principal]) -> None:
        del self._reads[look]
        if task.cancelled() or not isinstance(task.exception(), Unauthenticated):
            return
        if self._remembered.get(look[0]) is not None:  # not for secrets that nobody knows: forgetting costs everybody
            self._remembered.forget(look[0])
