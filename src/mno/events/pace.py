"""How many events a project may send in a minute: the stream is for what a person wants to know."""

from collections.abc import Callable
from math import ceil
from uuid import UUID

from mno.events.model import MAX_SENT_PER_MINUTE
from mno.platform.errors import LimitExceeded

_MINUTE_S = 60.0


class Pace:
    """Counts each project's present minute, in this process. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float], most: int = MAX_SENT_PER_MINUTE) -> None:
        self._clock = clock
        self._most = most
        self._began = clock()
        self._sent: dict[UUID, int] = {}

    def admit(self, project_id: UUID) -> None:
        """`LimitExceeded` when the project has sent its share of this minute."""
        now = self._clock()
        if now - self._began >= _MINUTE_S:
            self._began, self._sent = now, {}
        sent = self._sent.get(project_id, 0)
        if sent >= self._most:
            raise LimitExceeded(
                f"A project may send {self._most} events in a minute. Write what happens more often to the logs.",
                retry_after_s=max(1, ceil(self._began + _MINUTE_S - now)),
            )
        self._sent[project_id] = sent + 1
