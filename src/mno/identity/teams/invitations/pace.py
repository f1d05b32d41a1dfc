"""How often one address may knock at the public doors of invitations.

A token cannot be guessed (256 random bits); this keeps somebody who tries from costing us anything. It counts in
this process: with several, the limit is so many times higher, which changes nothing about what it is for.
"""

import time
from collections.abc import Callable

from mno.platform.errors import LimitExceeded

#: Questions of one address within PACE_WINDOW_S.
MAX_KNOCKS = 30
PACE_WINDOW_S = 60.0
#: Addresses that are counted at a time; beyond it the count begins anew for all.
MAX_COUNTED_ADDRESSES = 10_000


class Pace:
    """Counts by address within a window that begins with the first knock. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._knocks: dict[str, tuple[float, int]] = {}

    def count(self, address: str) -> None:
        """`LimitExceeded`, with the seconds to wait, for one knock too many."""
        now = self._clock()
        began, knocks = self._knocks.get(address, (now, 0))
        if now - began >= PACE_WINDOW_S:
            began, knocks = now, 0
        if knocks >= MAX_KNOCKS:
            wait = int(began + PACE_WINDOW_S - now) + 1
            raise LimitExceeded(
                f"Too many questions about invitations from your address; try again in {wait} seconds.",
                retry_after_s=wait,
            )
        if address not in self._knocks and len(self._knocks) >= MAX_COUNTED_ADDRESSES:
            self._knocks.clear()
        self._knocks[address] = (began, knocks + 1)
