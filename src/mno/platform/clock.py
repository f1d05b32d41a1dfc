"""The present moment, in one place, so that a test can hold it still."""

import time
from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def now_ns() -> int:
    """Nanoseconds since the Unix epoch."""
    return time.time_ns()
