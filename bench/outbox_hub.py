"""What the processes of `outbox.py` do: publish at once or at a steady rate, relay, and be a hub."""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import orjson
import uvicorn

from mno.bootstrap import build
from mno.entry.web import create_app, uvicorn_config
from mno.events.facts import SENT
from mno.platform.config import Config
from mno.platform.database import Connection, Database
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown
from mno.platform.outbox import Outbox
from mno.platform.versions import Versions

KEY = "mno_bench0123456789abcdefghijklmnopqrstuvwxyz"
KIND = "bench.happened"
SUBJECTS = 1_000
TABLES = "CREATE TABLE bench_heard (id uuid PRIMARY KEY, subject text NOT NULL, n bigint NOT NULL)"
#: Transactions that are open at once at the steady rate.
WRITERS = 4


async def publish(url: str, facts: int, in_transaction: int) -> None:
    database = Database()
    await database.open(url)
    outbox = Outbox(database, Versions(database))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.read()  # ends when everybody is ready
    for first in range(0, facts, in_transaction):
        async with database.transaction() as tx:
            numbers = range(first, min(first + in_transaction, facts))
            told = [Fact(None, f"sub_{number % SUBJECTS}", KIND, {"n": number, "say": "x" * 100}) for number in numbers]
            await outbox.publish_all(tx, told)
    await database.close()


async def relay(url: str) -> None:
    """Until it is told to stop; every fact becomes a row."""
    database = Database()
    await database.open(url)
    outbox = Outbox(database, Versions(database))

    async def take(tx: Connection, facts: Sequence[Fact]) -> None:
        await tx.execute(
            "INSERT INTO bench_heard"
            " SELECT * FROM unnest(%(ids)s::uuid[], %(subjects)s::text[], %(numbers)s::bigint[])",
            {
                "ids": [fact.id for fact in facts],
                "subjects": [fact.subject for fact in facts],
                "numbers": [fact.data["n"] for fact in facts],
            },
        )

    outbox.subscribe_to_groups("bench", [KIND], take)
    async with outbox.running():
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def served(folder: Path) -> None:
    """A hub on a free port, which it prints with what a publisher needs, until it is told to stop."""
    services = build(Config(data_folder=folder / "data", bootstrap_api_key=KEY, otlp_grpc_port=0))
    async with services.running(lambda _: None) as home:
        config = uvicorn_config(create_app(services))
        config.host, config.port = "127.0.0.1", 0
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        assert services.engines.postgres_server is not None
        told = {
            "port": server.servers[0].sockets[0].getsockname()[1],
            "postgres": services.engines.postgres_server.url,
            "team": home.team.id.hex,
            "project": shown("prj", home.project.id),
        }
        sys.stdout.write(orjson.dumps(told).decode() + "\n")
        sys.stdout.flush()
        await serving


async def steadily(url: str, team_id: UUID, project: str, rate: int, seconds: float) -> None:
    """Publishes each fact when it is due, however long the others take. Each is a transaction of its own, in one
    statement, so that the publisher takes little of the machine.
    """
    database = Database()
    await database.open(url)
    outbox = Outbox(database, Versions(database))
    due = asyncio.Queue[int]()

    async def write() -> None:
        connection = await database.at_once("bench")
        while True:
            number = await due.get()
            said = {
                "id": new_id().hex,
                "project": project,
                "kind": "task.progress.milestone",
                "severity": "info",
                "trace": "",
                "data": {"agent": "Clerk", "title": f"Invoice {number} is read", "added": {}, "at": time.monotonic()},
            }
            await outbox.publish(connection, Fact(team_id, f"invoice {number}", SENT, said))
            due.task_done()

    writers = [asyncio.create_task(write()) for _ in range(WRITERS)]
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        ahead_s = began + number / rate - time.monotonic()
        if ahead_s > 0:
            await asyncio.sleep(ahead_s)
        due.put_nowait(number)
    await due.join()
    for writer in writers:
        writer.cancel()
    await asyncio.gather(*writers, return_exceptions=True)
    await database.close()
