"""Where a reader of the trace list stands, as one opaque word.

The list is ordered by the newest matching span of each trace, and spans keep arriving. So a cursor pins
what was asked: the time range as it was resolved, and the instant up to which spans had arrived when the
first page was read. Every later page looks at exactly those spans: none of their traces is shown twice and
none is lost, whatever arrives in between (a refresh shows what is new).
"""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from mno.platform.errors import Invalid

_VERSION = 1
_LAYOUT = struct.Struct(">B q q q q 16s 8s")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the list, which runs from greater to smaller: a trace's newest matching span."""

    start_us: int
    trace_id: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What all pages of one list look at: spans that start in the range and had arrived by `arrived_us`."""

    from_us: int
    to_us: int
    arrived_us: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """After which trace, of which snapshot, of which question (`question` is a digest of the filters)."""

    snapshot: Snapshot
    after: Position
    question: bytes


def question_digest(*parts: object) -> bytes:
    """Eight bytes that tell one set of filters from another."""
    return hashlib.sha256(repr(parts).encode()).digest()[:8]


def encoded(cursor: Cursor) -> str:
    snapshot, after = cursor.snapshot, cursor.after
    packed = _LAYOUT.pack(
        _VERSION,
        snapshot.from_us,
        snapshot.to_us,
        snapshot.arrived_us,
        after.start_us,
        after.trace_id,
        cursor.question,
    )
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decoded(text: str, question: bytes) -> Cursor:
    """The cursor in `text`; `Invalid` when it is damaged or belongs to another question."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, from_us, to_us, arrived_us, start_us, trace_id, asked = _LAYOUT.unpack(packed)
    except (binascii.Error, ValueError, struct.error):
        raise Invalid("The cursor is damaged. Start again from the first page.") from None
    if version != _VERSION or asked != question:
        raise Invalid("The cursor belongs to other filters. Start again from the first page.")
    return Cursor(Snapshot(from_us, to_us, arrived_us), Position(start_us, trace_id), asked)
