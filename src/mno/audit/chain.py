"""What is hashed, and how: canonical JSON (RFC 8785) under SHA-256, each entry over the one before it.

    payload_hash = SHA-256(salt, payload)
    hash         = SHA-256(hash before, fields and payload_hash)

The salt is random, so the hash of an erased payload tells nothing about it, not even to somebody who guesses.
"""

import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import rfc8785

from mno.audit.difference import plain, text
from mno.audit.model import NewEntry, Payload

SALT_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Link(NamedTuple):
    """The fields of an entry that its chain holds, in the form in which they are hashed."""

    team_id: str
    seq: int
    id: str
    #: Microseconds since the epoch.
    at: int
    actor_kind: str
    actor_id: str
    person_id: str
    action: str
    resource: str
    outcome: str
    trace_id: str
    times: int


def start_of(team_id: UUID) -> bytes:
    """What the first entry of a chain follows; another for every team."""
    return hashlib.sha256(b"mno audit chain 1 " + team_id.bytes).digest()


def microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def canonical_payload(payload: Payload) -> bytes:
    """The payload's canonical JSON: fields without a value are left out."""
    fields: dict[str, Any] = {
        name: text(value)
        for name, value in (
            ("actor_name", payload.actor_name),
            ("resource_name", payload.resource_name),
            ("address", payload.address),
            ("agent", payload.agent),
            ("detail", payload.detail),
        )
        if value
    }
    if payload.difference is not None:
        fields["difference"] = plain(payload.difference)
    return rfc8785.dumps(fields)


def payload_hash(salt: bytes, payload: bytes) -> bytes:
    return hashlib.sha256(salt + payload).digest()


def link_hash(before: bytes, link: Link, payload: bytes) -> bytes:
    """The hash of one entry over the one before it; `payload` is its payload's hash.

    The object holds text and exact integers only, under names in ASCII: for such, sorted keys are all that RFC 8785
    asks for beyond what orjson writes (a test compares the two), and a million of them are hashed in seconds.
    """
    canonical = orjson.dumps(link._asdict() | {"payload": payload.hex()}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(before + canonical).digest()


def new_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def link_of(team_id: UUID, seq: int, entry_id: UUID, at: datetime, entry: NewEntry) -> Link:
    """The entry's fields at its place."""
    return Link(
        team_id=str(team_id),
        seq=seq,
        id=str(entry_id),
        at=microseconds(at),
        actor_kind=entry.actor_kind,
        actor_id=str(entry.actor_id),
        person_id=str(entry.person_id),
        action=entry.action,
        resource=entry.resource,
        outcome=str(entry.outcome),
        trace_id=entry.trace_id,
        times=entry.times,
    )
