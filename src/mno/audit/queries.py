"""Reading the log: pages and single entries, newest first, and long reads for exports and streams."""

import base64
import binascii
import hashlib
import struct
from collections.abc import AsyncIterator
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.audit.model import Entry, Payload
from mno.platform.database import Connection, Database, Row
from mno.platform.errors import Invalid, NotFound
from mno.platform.ids import parsed, shown

#: Entries of one page of the log.
MAX_ENTRIES_PER_PAGE = 200
#: Entries that an export reads at a time.
EXPORT_ROWS = 2_000
_CURSOR = struct.Struct(">B q 8s")
_VERSION = 1
_SELECT = "SELECT * FROM audit_entries WHERE team_id = %(team)s"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a reader looks for; empty means anything. `actor` is an id (`usr_…`, `key_…`) or part of a name,
    `action` may end in `*`.
    """

    actor: str = ""
    action: str = ""
    resource: str = ""
    outcome: str = ""
    trace_id: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


class AuditQueries:
    """Over one database. Every question names its chain."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, team_id: UUID, wanted: Filter, limit: int, cursor: str) -> tuple[list[Entry], str | None]:
        """The newest entries before the cursor, and the cursor of the next page."""
        question = hashlib.sha256(repr((team_id, astuple(wanted))).encode()).digest()[:8]
        before = _decoded(cursor, question) if cursor else 2**62
        async with self._database.transaction(team_id) as tx:
            entries = await _newest(tx, team_id, wanted, before, limit + 1)
        more = len(entries) > limit
        return entries[:limit], _encoded(entries[limit - 1].seq, question) if more else None

    async def one(self, team_id: UUID, entry_id: UUID) -> Entry:
        """`NotFound` for an entry of another chain as well."""
        async with self._database.transaction(team_id) as tx:
            found = await tx.execute(f"{_SELECT} AND id = %(id)s", {"team": team_id, "id": entry_id})
            row = await found.fetchone()
        if row is None:
            raise NotFound(f"There is no audit entry {shown('aud', entry_id)}.")
        return entry_of(row)

    async def every(self, team_id: UUID, wanted: Filter) -> AsyncIterator[list[Entry]]:
        """All that fit, newest first, in transactions of their own: a slow reader holds nothing up."""
        before = 2**62
        while True:
            async with self._database.transaction(team_id) as tx:
                entries = await _newest(tx, team_id, wanted, before, EXPORT_ROWS)
            if entries:
                yield entries
            if len(entries) < EXPORT_ROWS:
                return
            before = entries[-1].seq

    async def following(self, team_id: UUID, after: int, upto: int, limit: int) -> list[Entry]:
        """The entries after one, oldest first."""
        async with self._database.transaction(team_id) as tx:
            found = await tx.execute(
                f"{_SELECT} AND seq > %(after)s AND seq <= %(upto)s ORDER BY seq LIMIT %(limit)s",
                {"team": team_id, "after": after, "upto": upto, "limit": limit},
            )
            return [entry_of(row) for row in await found.fetchall()]


async def _newest(tx: Connection, team_id: UUID, wanted: Filter, before: int, limit: int) -> list[Entry]:
    conditions, values = _conditions(wanted)
    values |= {"team": team_id, "before": before, "limit": limit}
    where = "".join(f" AND {condition}" for condition in conditions)
    found = await tx.execute(f"{_SELECT} AND seq < %(before)s{where} ORDER BY seq DESC LIMIT %(limit)s", values)
    return [entry_of(row) for row in await found.fetchall()]


def _conditions(wanted: Filter) -> tuple[list[str], dict[str, Any]]:
    found: list[str] = []
    values: dict[str, Any] = {}

    def ask(condition: str, name: str, value: object) -> None:
        found.append(condition)
        values[name] = value

    prefix = wanted.actor.partition("_")[0]
    if prefix in ("usr", "key") and len(wanted.actor) == len(prefix) + 33:
        ask("(actor_id = %(actor)s OR person_id = %(actor)s)", "actor", parsed(prefix, wanted.actor))
    elif wanted.actor:
        ask("payload->>'actor_name' ILIKE %(actor)s", "actor", f"%{_literal(wanted.actor)}%")
    if wanted.action.endswith("*"):
        ask("action LIKE %(action)s", "action", f"{_literal(wanted.action[:-1])}%")
    elif wanted.action:
        ask("action = %(action)s", "action", wanted.action)
    for name in ("resource", "outcome", "trace_id"):
        if value := getattr(wanted, name):
            ask(f"{name} = %({name})s", name, value)
    if wanted.since:
        ask("at >= %(since)s", "since", wanted.since)
    if wanted.until:
        ask("at < %(until)s", "until", wanted.until)
    if wanted.text:
        ask(
            "(payload::text ILIKE %(text)s OR action ILIKE %(text)s OR resource ILIKE %(text)s)",
            "text",
            f"%{_literal(wanted.text)}%",
        )
    return found, values


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def entry_of(row: Row) -> Entry:
    """A row of the table as an entry."""
    payload: dict[str, Any] | None = row["payload"]
    return Entry(
        team_id=row["team_id"],
        seq=row["seq"],
        id=row["id"],
        at=row["at"],
        actor_kind=row["actor_kind"],
        actor_id=row["actor_id"],
        person_id=row["person_id"],
        action=row["action"],
        resource=row["resource"],
        outcome=row["outcome"],
        trace_id=row["trace_id"],
        times=row["times"],
        payload_hash=bytes(row["payload_hash"]),
        hash=bytes(row["hash"]),
        payload=None if payload is None else _payload(payload),
    )


def _payload(fields: dict[str, Any]) -> Payload:
    texts = ("actor_name", "resource_name", "address", "agent", "detail")
    # an edited payload may lack anything; it is shown all the same, and verification names it
    return Payload(**{name: str(fields.get(name, "")) for name in texts}, difference=fields.get("difference"))


def _encoded(seq: int, question: bytes) -> str:
    return base64.urlsafe_b64encode(_CURSOR.pack(_VERSION, seq, question)).decode().rstrip("=")


def _decoded(text: str, question: bytes) -> int:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, seq, asked = _CURSOR.unpack(packed)
    except (binascii.Error, ValueError, struct.error):
        raise Invalid("The cursor is damaged. Start again from the first page.") from None
    if version != _VERSION or asked != question:
        raise Invalid("The cursor belongs to other filters. Start again from the first page.")
    return int(seq)
