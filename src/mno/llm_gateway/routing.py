"""Which targets a call may try, in which order, and when it is tried again: pure."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from mno.llm_gateway.model import Target
from mno.platform.retries import asked_pause_s

#: What waiting, or another target, may cure.
RETRIED = frozenset({408, 429, 500, 502, 503, 504, 529})
#: What says that the provider does not work, and not only that it is busy with us.
FAILING = frozenset({500, 502, 503, 504, 529})
#: The first pause before another try, in seconds; it doubles.
FIRST_PAUSE_S = 0.25
#: The longest pause, also where a provider asks for a longer one: then it is somebody else's turn, or the caller's.
MAX_PAUSE_S = 20.0


def order(targets: Sequence[Target], share: float) -> list[Target]:
    """One target by its weight, then the others as they stand. `share` lies in [0, 1) and decides which."""
    total = sum(target.weight for target in targets)
    point = share * total
    for target in targets:
        if point < target.weight:
            return [target, *(other for other in targets if other is not target)]
        point -= target.weight
    return list(targets)


def sticky_share(alias: str, value: str) -> float:
    """The same place in [0, 1) for the same caller, whichever process asks."""
    digest = hashlib.blake2b(f"{alias}\0{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def pause_s(attempt: int, retry_after: str | None, now: datetime, jitter: Callable[[], float]) -> float | None:
    """Seconds before another try after `attempt` (from 0); None when the provider asks for more than we wait."""
    asked = asked_pause_s(retry_after, now)
    if asked is not None:
        return asked if asked <= MAX_PAUSE_S else None
    return min(MAX_PAUSE_S, FIRST_PAUSE_S * (1 << attempt)) * (0.5 + jitter() / 2)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a list of names and patterns names it; an empty list names everything."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
