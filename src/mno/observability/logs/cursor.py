"""Where a reader of logs stands, as one opaque word: in a list, newest first, or in the order of arrival.

A list is pinned to what had arrived when its first page was read (`Snapshot`, as in spans/cursor.py), so later pages
show no line twice and lose none. What arrives later is followed in the order of arrival, which no late line upsets:
each block of the writer is later than those before. Lines of one moment are told apart by their ids.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Any

from mno.observability.spans.cursor import Snapshot
from mno.platform.errors import Invalid

_LIST, _ARRIVAL, _LINE = range(1, 4)
_LIST_LAYOUT = struct.Struct(">B q q q q 16s 8s")
_PLACE_LAYOUT = struct.Struct(">B q 16s")
_LAST_ID = b"\xff" * 16


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line: its moment (or that of its arrival) in microseconds since 1970, and its id."""

    us: int
    id: bytes


@dataclass(frozen=True, slots=True)
class ListCursor:
    """Below which line, of which snapshot, of which question (`question` is a digest of the filters)."""

    snapshot: Snapshot
    below: Place
    question: bytes


def end_of(arrived_us: int) -> Place:
    """Behind every line that had arrived by then."""
    return Place(arrived_us, _LAST_ID)


def list_cursor_text(cursor: ListCursor) -> str:
    snapshot, below = cursor.snapshot, cursor.below
    bounds = (snapshot.from_us, snapshot.to_us, snapshot.arrived_us)
    return _text(_LIST_LAYOUT.pack(_LIST, *bounds, below.us, below.id, cursor.question))


def list_cursor_of(text: str, question: bytes) -> ListCursor:
    """`Invalid` when it is damaged or belongs to another question."""
    from_us, to_us, arrived_us, us, id_, asked = _fields(text, _LIST_LAYOUT, _LIST)
    if asked != question:
        raise Invalid("The cursor belongs to other filters. Start again from the first page.")
    return ListCursor(Snapshot(from_us, to_us, arrived_us), Place(us, id_), asked)


def arrival_text(place: Place) -> str:
    """The cursor of a reader who has seen everything that arrived up to this line."""
    return _text(_PLACE_LAYOUT.pack(_ARRIVAL, place.us, place.id))


def arrival_of(text: str) -> Place:
    return Place(*_fields(text, _PLACE_LAYOUT, _ARRIVAL))


def line_text(place: Place) -> str:
    """The name of one line in addresses."""
    return _text(_PLACE_LAYOUT.pack(_LINE, place.us, place.id))


def line_of(text: str) -> Place:
    return Place(*_fields(text, _PLACE_LAYOUT, _LINE))


def _text(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _fields(text: str, layout: struct.Struct, kind: int) -> list[Any]:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found, *fields = layout.unpack(packed)
    except (binascii.Error, ValueError, struct.error):
        found, fields = 0, []
    if found != kind:
        what = "name of a log line" if kind == _LINE else "cursor"
        raise Invalid(f"The {what} is damaged, or is one of something else. Take it as the answer gave it.")
    return fields
