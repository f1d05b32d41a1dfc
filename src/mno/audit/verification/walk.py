"""Whether a chain is whole: a walk over its entries in order, which names the first that is not as it was written.

Rules only; rows and anchors come from outside. The walk keeps a few numbers, whatever the length of the chain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import orjson

from mno.audit.anchoring.anchors import Anchor
from mno.audit.chain import start_of

#: The action under which an erasure is written down; its resource names the person.
ERASE = "audit.erase"
#: How far the walk looks for the entry that changed places with the first bad one.
SWAP_SEARCH = 200_000
_NOBODY = str(UUID(int=0))


class Fault(StrEnum):
    """What was found."""

    EDITED = "edited"
    DELETED = "deleted"
    SWAPPED = "swapped"
    CUT = "cut"
    RECHAINED = "rechained"
    FORGED_ANCHOR = "forged_anchor"
    MISSING_ANCHOR = "missing_anchor"
    UNRECORDED_ERASURE = "unrecorded_erasure"
    HEAD = "head"


class Row(NamedTuple):
    """An entry as the store streams it; texts, numbers and bytes only, because there are millions."""

    seq: int
    id: str
    at: int
    actor_kind: str
    actor_id: str
    person_id: str
    action: str
    resource: str
    outcome: str
    trace_id: str
    times: int
    payload_hash: bytes
    hash: bytes
    salt: bytes | None
    payload: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """The first bad entry (or anchor) of a chain. `entry_id` is empty where no entry stands there any more."""

    fault: Fault
    seq: int
    message: str
    entry_id: str = ""


@dataclass(slots=True)
class Walk:
    """One chain, from its start or from the checkpoint before its first kept entry."""

    team_id: UUID
    checkpoint: Anchor | None
    #: Trusted ones, by sequence number.
    anchors: dict[int, Anchor]
    entries: int = 0
    erased: int = 0
    seq: int = 0
    hash: bytes = b""
    finding: Finding | None = None
    #: Whose payloads are gone, with the first such entry, until a later one says that they were erased.
    _gone: dict[tuple[str, ...], Row] = field(default_factory=dict)
    _suspect: Row | None = None
    _searched: int = 0
    _team: str = ""
    _good_anchor: int = 0

    def __post_init__(self) -> None:
        self._team = str(self.team_id)
        if self.checkpoint is None:
            self.seq, self.hash = 0, start_of(self.team_id)
        else:
            self.seq, self.hash = self.checkpoint.seq, self.checkpoint.hash
            self._good_anchor = self.seq

    @property
    def searching(self) -> bool:
        """Whether more rows can still say more about what was found."""
        return self._suspect is not None and self._searched < SWAP_SEARCH

    def take(self, rows: Iterable[tuple[object, ...]]) -> bool:
        """The next rows in order; False when nothing more has to be read."""
        for raw in rows:
            row = Row._make(raw)
            if self._suspect is not None:
                self._searched += 1
                self._compare(self._suspect, row)
                if not self.searching:
                    return False
            elif not self._follow(row) and not self.searching:
                return False
        return True

    def _follow(self, row: Row) -> bool:
        if row.seq != self.seq + 1:
            self._gap(row)
            return False
        if link_digest(self.hash, self._team, row.seq, row) != row.hash:
            self._find(Fault.EDITED, row, f"Entry {row.seq} is not what was written.")
            self._suspect = row
            return False
        if row.salt is None or row.payload is None:
            self.erased += 1
            self._gone.setdefault(_persons_of(row), row)
        elif sha256(row.salt + row.payload.encode()).digest() != row.payload_hash:
            self._find(Fault.EDITED, row, f"The names, address, detail or difference of entry {row.seq} were edited.")
            return False
        self.seq, self.hash = row.seq, row.hash
        self.entries += 1
        if row.action == ERASE:
            self._gone = {persons: first for persons, first in self._gone.items() if row.resource not in persons}
        anchor = self.anchors.get(row.seq)
        if anchor is not None:
            return self._compare_anchor(anchor, row)
        return True

    def _gap(self, row: Row) -> None:
        first = self.seq + 1
        if self.seq == 0 and self.checkpoint is None:
            what = f"The entries before {row.seq} are missing, and no signed checkpoint says that they were pruned."
        else:
            what = f"Entry {first} is missing: {self.seq} is followed by {row.seq}."
        self.finding = Finding(Fault.DELETED, first, what)

    def _compare(self, suspect: Row, row: Row) -> None:
        """Whether `row` is what stood in the place of the first bad entry."""
        if link_digest(self.hash, self._team, suspect.seq, row) in (row.hash, suspect.hash):
            self._find(Fault.SWAPPED, suspect, f"Entries {suspect.seq} and {row.seq} changed places.")
            self._suspect = None

    def _compare_anchor(self, anchor: Anchor, row: Row) -> bool:
        if anchor.hash == row.hash:
            self._good_anchor = row.seq
            return True
        first = self._good_anchor + 1
        self.finding = Finding(
            Fault.RECHAINED,
            first,
            f"The chain was written anew: entry {row.seq} does not have the hash that was signed on "
            f"{anchor.at:%Y-%m-%d %H:%M} UTC. The first changed entry is one of {first} to {row.seq}.",
        )
        return False

    def _find(self, fault: Fault, row: Row, message: str) -> None:
        self.finding = Finding(fault, row.seq, message, row.id)

    def end(self, head: tuple[int, bytes] | None, last_seq: int) -> Finding | None:
        """After the last row: `head` as the database keeps it, `last_seq` the greatest number that it holds."""
        if self.finding is not None:
            return self.finding
        newest = max(self.anchors, default=0)
        if newest > self.seq:
            anchor = self.anchors[newest]
            self.finding = Finding(
                Fault.CUT,
                self.seq + 1,
                f"The tail is missing: the chain ends at {self.seq}, and on {anchor.at:%Y-%m-%d %H:%M} UTC it was "
                f"signed that it reached {newest}.",
            )
        elif head is not None and head[0] > self.seq:
            self.finding = Finding(Fault.CUT, self.seq + 1, f"The tail is missing: the chain's head is {head[0]}.")
        elif head != (self.seq, self.hash) and (head is not None or self.entries):
            self.finding = Finding(Fault.HEAD, self.seq, "The head of the chain is not its last entry.")
        elif last_seq > self.seq:
            self.finding = Finding(Fault.HEAD, self.seq + 1, f"Entry {self.seq + 1} stands beyond the chain's head.")
        elif self._gone:
            row = min(self._gone.values())
            self._find(
                Fault.UNRECORDED_ERASURE,
                row,
                f"The payload of entry {row.seq} is gone, and no entry says who erased it.",
            )
        return self.finding


def link_digest(before: bytes, team: str, seq: int, row: Row) -> bytes:
    """The same as `chain.link_hash`, with the object's keys in their canonical order already."""
    canonical = orjson.dumps(
        {
            "action": row.action,
            "actor_id": row.actor_id,
            "actor_kind": row.actor_kind,
            "at": row.at,
            "id": row.id,
            "outcome": row.outcome,
            "payload": row.payload_hash.hex(),
            "person_id": row.person_id,
            "resource": row.resource,
            "seq": seq,
            "team_id": team,
            "times": row.times,
            "trace_id": row.trace_id,
        }
    )
    return sha256(before + canonical).digest()


def missing_anchor(anchors: Sequence[Anchor], listed: frozenset[int], pruned: int) -> Finding | None:
    """The first anchor that another one names as the one before it, and that is not there any more."""
    for anchor in anchors:
        if anchor.previous > pruned and anchor.previous not in listed:
            message = f"The anchor of entry {anchor.previous} was removed; that of entry {anchor.seq} names it."
            return Finding(Fault.MISSING_ANCHOR, anchor.previous, message)
    return None


def _persons_of(row: Row) -> tuple[str, ...]:
    """Whom an entry is about, as ids of the edge: who acted, and the person to whom it was done."""
    acted = () if row.person_id == _NOBODY else (f"usr_{UUID(row.person_id).hex}",)
    return (*acted, row.resource) if row.resource.startswith("usr_") else acted
