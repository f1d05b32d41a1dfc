"""An audit log to tamper with: written as the program writes it, changed as somebody with the database could."""

from pathlib import Path
from typing import Any

import psycopg

from mno.audit import chain
from mno.audit.anchoring.anchors import SigningKey
from mno.audit.anchoring.service import Anchoring
from mno.audit.service import Audit
from mno.audit.verification.service import Verifications
from mno.audit.verification.walk import Row, link_digest
from mno.platform.database import Database
from mno.platform.ids import new_id
from mno.platform.objects import Objects
from mno.platform.principal import Principal, PrincipalKind

_ROWS = """
SELECT seq, id::text, (extract(epoch FROM at) * 1000000)::bigint, actor_kind, actor_id::text, person_id::text, action,
       resource, outcome, trace_id, times, payload_hash, hash, salt, payload::text
FROM audit_entries WHERE team_id = %s ORDER BY seq
"""


class Ledger:
    """One team's chain with its anchors, and a superuser's hands in the database."""

    def __init__(self, database: Database, url: str, folder: Path) -> None:
        self.database = database
        self.url = url
        self.folder = folder
        self.team_id = new_id()
        self.actor = Principal(
            PrincipalKind.USER, new_id(), "Ann", self.team_id, new_id(), frozenset(), frozenset({"team.write"})
        )
        self.audit = Audit(database)
        self.anchoring = Anchoring(database, Objects("", folder), SigningKey(bytes(32)), 600)
        self.verifications = Verifications(database, self.anchoring)

    async def write(self, count: int) -> None:
        for number in range(count):
            async with self.database.transaction(self.team_id) as tx:
                await self.audit.record(
                    tx, self.actor, "keys.create", f"key_{number}", name=f"Key {number}", after={"number": number}
                )

    async def anchor(self) -> int:
        return await self.anchoring.write_all()

    async def verdict(self) -> tuple[str, int | None]:
        """The fault and its place; an empty text for a chain that is whole."""
        found = await self.verifications.verify(self.team_id)
        return found.fault, found.bad_seq

    def sql(self, statement: str, *values: Any) -> None:
        """As a superuser, whom no fence holds."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.replace(":team", f"'{self.team_id}'"), values)

    def rows(self) -> list[Row]:
        with psycopg.connect(self.url) as connection:
            return [Row._make(row) for row in connection.execute(_ROWS, (self.team_id,)).fetchall()]

    def rechain(self) -> None:
        """Computes every hash anew over what stands there now: the work of somebody who read our source."""
        before = chain.start_of(self.team_id)
        for row in self.rows():
            assert row.salt is not None
            assert row.payload is not None
            payload_hash = chain.payload_hash(row.salt, row.payload.encode())
            row = row._replace(payload_hash=payload_hash)
            before = link_digest(before, str(self.team_id), row.seq, row)
            self.sql(
                "UPDATE audit_entries SET hash = %s, payload_hash = %s WHERE team_id = :team AND seq = %s",
                before,
                payload_hash,
                row.seq,
            )
        self.sql("UPDATE audit_chains SET hash = %s, seq = %s WHERE team_id = :team", before, self.rows()[-1].seq)

    def anchor_files(self) -> list[Path]:
        return sorted((self.folder / "audit" / "anchors" / self.team_id.hex).iterdir())
