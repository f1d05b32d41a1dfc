"""Whose spans may move a budget.

The gateway's own move nothing by themselves, because their calls were settled before; but one of them may take the
place of a span that the application sent, so they are heeded where others have sent spans lately.
"""

import time

from mno.observability.spans.model import Owner

#: How the gateway's own spans say by which way they came.
GATEWAY = "gateway"

#: For how long a span of the gateway may take the place of one that came before, in seconds.
SAME_CALL_WAIT_S = 600.0


class SentByOthers:
    """Belongs to the store thread."""

    def __init__(self) -> None:
        #: When others last sent spans there.
        self._others: dict[tuple[str, str], float] = {}

    def __call__(self, owner: Owner) -> bool:
        place, now = (owner.team_id, owner.project_id), time.monotonic()
        if owner.source != GATEWAY:
            self._others[place] = now
            return True
        return now - self._others.get(place, -SAME_CALL_WAIT_S) < SAME_CALL_WAIT_S
