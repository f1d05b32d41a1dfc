"""When something that failed is tried again: what the other side asks for, or pauses that grow."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: The longest pause that `backoff_s` makes, in seconds.
MAX_BACKOFF_S = 300


def backoff_s(attempts: int) -> float:
    """How long to wait after so many failed tries: doubled each time, five minutes at most."""
    return float(min(2 ** min(max(attempts, 1) - 1, 9), MAX_BACKOFF_S))


def asked_pause_s(retry_after: str | None, now: datetime) -> float | None:
    """What a `Retry-After` asks for, as seconds or as a date (RFC 9110, 10.2.3); None where it says nothing."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())
