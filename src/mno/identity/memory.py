"""What this process remembers about secrets that it saw: their principals, for one second.

So the check of a warm key is a hash and a look into a dictionary, and yet a revocation in another process
counts within that second; one in this process is forgotten at once.
"""

import time
from collections.abc import Callable

from mno.identity.model import REMEMBERED_S
from mno.platform.limits import MAX_REMEMBERED_PRINCIPALS
from mno.platform.principal import Principal


class RememberedPrincipals:
    """Principals by the fingerprint of their secret. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[bytes, tuple[Principal, float]] = {}
        #: Grows with every `forget`, so that an answer read before a revocation is not remembered after it.
        self.generation = 0

    def get(self, fingerprint: bytes) -> Principal | None:
        entry = self._known.get(fingerprint)
        if entry is None or entry[1] < self._clock():
            return None
        return entry[0]

    def remember(self, fingerprint: bytes, principal: Principal, generation: int) -> None:
        """Remembers what was read while `generation` held; does nothing when something was forgotten since."""
        if generation != self.generation:
            return
        if len(self._known) >= MAX_REMEMBERED_PRINCIPALS:
            self._known.clear()
        self._known[fingerprint] = (principal, self._clock() + REMEMBERED_S)

    def forget(self, fingerprint: bytes) -> None:
        self.generation += 1
        self._known.pop(fingerprint, None)
