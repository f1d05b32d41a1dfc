"""A process that publishes facts or relays them, for tests that kill such processes.

    python facts_process.py publisher|relay POSTGRES_URL FILE

A publisher counts up in one of a few subjects and tells each number in the transaction that counts. A relay has three
subscribers: one writes what it hears into a table, in the delivery's transaction; another does so with all that it is
given at once; the third appends to FILE, which knows no transaction.
"""

import asyncio
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from mno.platform.database import Connection, Database
from mno.platform.facts import Fact
from mno.platform.outbox import Outbox
from mno.platform.versions import Versions

KIND = "tests.counted"
SUBJECTS = ("red", "green", "blue")

TABLES = """
CREATE TABLE counted (subject text PRIMARY KEY, n bigint NOT NULL);
INSERT INTO counted VALUES ('red', 0), ('green', 0), ('blue', 0);
CREATE TABLE heard (id bigserial, subject text NOT NULL, n bigint NOT NULL);
CREATE TABLE heard_in_groups (id bigserial, subject text NOT NULL, n bigint NOT NULL);
"""


async def publish(database: Database, outbox: Outbox) -> None:
    chance = random.Random()
    while True:
        subject = chance.choice(SUBJECTS)
        async with database.transaction() as tx:
            counted = await (
                await tx.execute(
                    "UPDATE counted SET n = n + 1 WHERE subject = %(subject)s RETURNING n", {"subject": subject}
                )
            ).fetchone()
            assert counted is not None
            await outbox.publish(tx, Fact(None, subject, KIND, {"n": counted["n"]}))
            if chance.random() < 0.1:
                await asyncio.sleep(chance.uniform(0, 0.05))


async def relay(database: Database, outbox: Outbox, file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def note(tx: Connection, fact: Fact) -> None:
        await tx.execute(
            "INSERT INTO heard (subject, n) VALUES (%(subject)s, %(n)s)",
            {"subject": fact.subject, "n": fact.data["n"]},
        )

    async def note_all(tx: Connection, facts: Sequence[Fact]) -> None:
        for fact in facts:
            await tx.execute(
                "INSERT INTO heard_in_groups (subject, n) VALUES (%(subject)s, %(n)s)",
                {"subject": fact.subject, "n": fact.data["n"]},
            )

    async def append(_: Connection, fact: Fact) -> None:
        os.write(descriptor, f"{fact.subject} {fact.data['n']} {fact.id}\n".encode())

    outbox.subscribe("table", [KIND], note)
    outbox.subscribe_to_groups("groups", [KIND], note_all)
    outbox.subscribe("file", [KIND], append)
    async with outbox.running():
        await asyncio.Event().wait()


async def main(role: str, url: str, file: Path) -> None:
    database = Database()
    await database.open(url)
    outbox = Outbox(database, Versions(database))
    if role == "publisher":
        await publish(database, outbox)
    else:
        await relay(database, outbox, file)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
