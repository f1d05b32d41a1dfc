"""The audit log's figures: how fast entries are appended, and how long a million of them take to verify.

    .venv/bin/python bench/audit.py [--quick] [--entries 1000000] [--json]

Appending is measured as the program does it (one transaction each, into one chain and into many at once). The
million is appended in batches through the same code, because a change of its own for each would take half an hour;
its verification walks every hash of every entry and compares with the anchor.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

from mno.audit import store
from mno.audit.anchoring.anchors import SigningKey
from mno.audit.anchoring.service import Anchoring
from mno.audit.model import NewEntry, Outcome, Payload
from mno.audit.service import Audit
from mno.audit.verification.service import Verifications
from mno.platform.database import Database
from mno.platform.ids import new_id
from mno.platform.migrate import migrate_postgres, migrations_of
from mno.platform.objects import Objects
from mno.platform.postgres_server import PostgresServer
from mno.platform.principal import Principal, PrincipalKind

SECONDS = 5.0
BATCH = 2_000
WRITERS = 8


def an_actor(team_id: UUID) -> Principal:
    return Principal(PrincipalKind.USER, new_id(), "Ann Example", team_id, new_id(), frozenset())


async def appended_per_second(database: Database, teams: list[UUID]) -> float:
    """Single changes, as services record them, by WRITERS at once."""
    audit = Audit(database)
    end = time.monotonic() + SECONDS
    done = 0

    async def writer(team_id: UUID) -> None:
        nonlocal done
        actor = an_actor(team_id)
        while time.monotonic() < end:
            async with database.transaction(team_id) as tx:
                before, after = {"limit": done, "name": "prod"}, {"limit": done + 1, "name": "prod"}
                await audit.record(tx, actor, "settings.write", "prj_1", name="Project", before=before, after=after)
            done += 1

    began = time.monotonic()
    await asyncio.gather(*(writer(team_id) for team_id in teams))
    return done / (time.monotonic() - began)


async def fill(database: Database, team_id: UUID, entries: int) -> float:
    """Entries of the usual size, in batches; entries a second."""
    person = new_id()
    began = time.monotonic()
    for first in range(0, entries, BATCH):
        batch = [
            NewEntry(
                "user",
                person,
                person,
                "keys.create",
                f"key_{new_id().hex}",
                Outcome.DONE,
                new_id().hex,
                Payload(
                    "Ann Example",
                    f"Key {number}",
                    "192.0.2.7",
                    "mno-cli",
                    "",
                    {"limit": {"before": 1, "after": number}},
                ),
            )
            for number in range(first, min(first + BATCH, entries))
        ]
        async with database.transaction(team_id) as tx:
            await store.append(tx, team_id, batch)
    return entries / (time.monotonic() - began)


async def measured(url: str, folder: Path, entries: int) -> dict[str, float]:
    database = Database()
    await database.open(url)
    try:
        await migrate_postgres(database, migrations_of("postgres"), lambda _: None)
        one = await appended_per_second(database, [new_id()] * WRITERS)
        many = await appended_per_second(database, [new_id() for _ in range(WRITERS)])
        team_id = new_id()
        batched = await fill(database, team_id, entries)
        anchoring = Anchoring(database, Objects("", folder), SigningKey(bytes(32)), 600)
        await anchoring.write_all()
        async with database.as_administrator() as tx:
            await tx.execute("ANALYZE audit_entries")
        found = await Verifications(database, anchoring).verify(team_id)
        assert found.fault == "", found.message
        assert found.entries == entries
        return {
            "appended_per_s_one_chain": round(one),
            "appended_per_s_many_chains": round(many),
            "appended_per_s_in_batches": round(batched),
            "verified_entries": found.entries,
            "verification_s": round(found.seconds, 1),
        }
    finally:
        await database.close()


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--entries", type=int, default=1_000_000)
    reading.add_argument("--quick", action="store_true", help="50,000 entries; the figures are only a hint")
    reading.add_argument("--json", action="store_true")
    arguments = reading.parse_args()
    entries = 50_000 if arguments.quick else arguments.entries
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        server = PostgresServer(Path(folder) / "postgres")
        server.start()
        try:
            figures = asyncio.run(measured(server.url, Path(folder) / "objects", entries))
        finally:
            server.stop()
    if arguments.json:
        json.dump(figures, sys.stdout)
        return
    print(f"appended, one chain, {WRITERS} writers     {figures['appended_per_s_one_chain']:>10,} entries/s")
    print(f"appended, {WRITERS} chains, {WRITERS} writers     {figures['appended_per_s_many_chains']:>10,} entries/s")
    print(f"appended in batches of {BATCH:,}      {figures['appended_per_s_in_batches']:>10,} entries/s")
    print(f"verified {figures['verified_entries']:,} entries in    {figures['verification_s']:>10} s")


if __name__ == "__main__":
    main()
