"""Ids: UUIDv7 inside, so that rows sort by creation; a readable prefix at the edge.

`prj_0199…` on a page or in a URL says what it names; the engines store the bare UUID.
Source: RFC 9562, section 5.7.
"""

import os
import random
import time
from datetime import UTC, datetime
from uuid import UUID

from mno.platform.errors import Invalid

# `os.urandom` hands the interpreter to another thread, for which a request would wait at each id.
#: Ids of traces and spans only have to differ.
_differing = random.Random(os.urandom(32))  # noqa: S311 - no secret
#: The random part of ids to come, each taken once; a process that forks does not leave it to its child.
_unguessable: list[bytes] = []
_RANDOM_BYTES = 10
_AT_ONCE = 100
os.register_at_fork(after_in_child=_unguessable.clear)


def new_trace_id() -> bytes:
    """16 bytes that nobody else has taken (W3C Trace Context, Level 2: random)."""
    return _differing.randbytes(16)


def new_span_id() -> bytes:
    """8 bytes."""
    return _differing.randbytes(8)


def new_id() -> UUID:
    """A UUIDv7 of the present millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(_random_part(), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return UUID(int=value)


def made_at(value: UUID) -> datetime:
    """The millisecond in which `new_id` made it."""
    return datetime.fromtimestamp((value.int >> 80) / 1000, UTC)


def _random_part() -> bytes:
    try:
        return _unguessable.pop()
    except IndexError:
        fresh = os.urandom(_RANDOM_BYTES * _AT_ONCE)
        parts = [fresh[at : at + _RANDOM_BYTES] for at in range(0, len(fresh), _RANDOM_BYTES)]
        last = parts.pop()
        _unguessable.extend(parts)
        return last


def shown(prefix: str, value: UUID) -> str:
    """`prj` and a UUID become `prj_0199…` (32 hexadecimal digits)."""
    return f"{prefix}_{value.hex}"


def parsed(prefix: str, text: str) -> UUID:
    """The UUID in `prj_0199…`; `Invalid` when it is not one of that prefix."""
    head, _, digits = text.partition("_")
    if head != prefix or len(digits) != 32:
        raise Invalid(f"'{text[:60]}' is not an id of the form {prefix}_ and 32 hexadecimal digits.")
    try:
        return UUID(hex=digits)
    except ValueError:
        raise Invalid(f"'{text[:60]}' is not an id of the form {prefix}_ and 32 hexadecimal digits.") from None
