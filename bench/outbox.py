"""The outbox's figures: facts a second from publishers to a subscriber, and how soon an event is in a browser.

    .venv/bin/python bench/outbox.py [--quick] [--runs 5] [--json]

Throughput: publishers in processes of their own commit facts of many subjects while the relay, in another process,
hands them to a subscriber that writes each into a table. The clock runs from the first publication to the moment in
which nothing is owed any more; every fact is counted in the table.

Latency: a process publishes RATE facts a second, each in a transaction of its own and of another subject; a hub relays
them and makes value events of them; a viewer follows its /api/agent/events over a socket, in a third process. The clock
runs from before the publisher's transaction until the viewer has read the card.

Exits with 1 when a target is missed: 5,000 facts/s, and a p95 below 50 ms.
"""

import argparse
import asyncio
import http.client
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import orjson
import uvloop

from mno.platform.database import Database
from mno.platform.migrate import migrate_postgres, migrations_of
from mno.platform.postgres_server import PostgresServer
from outbox_hub import KEY, TABLES, publish, relay, served, steadily
from report import milliseconds, number, print_json, spread, table

FACTS = 40_000
PUBLISHERS = 2
#: Facts of one transaction: a change that tells several things.
IN_TRANSACTION = 20
RATE = 1_000
SECONDS = 15.0
#: Left out at the start of the latency run: connections open, plans are made.
WARM_UP_S = 3.0
TIMES = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
LEAST_SHARE = 0.95
LEAST_FACTS_PER_S, MOST_P95_MS = 5_000, 50.0


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="one short run; the figures are only a hint")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--json", action="store_true")
    options.add_argument("--part", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.part:
        return part(*chosen.part)
    runs = 1 if chosen.quick else chosen.runs
    facts, seconds = (10_000, 6.0) if chosen.quick else (FACTS, SECONDS)
    figures: dict[str, list[Any]] = {"load": [], "facts_per_s": [], "latency": []}
    for _ in range(runs):
        figures["load"].append(os.getloadavg()[0])
        figures["facts_per_s"].append(throughput(facts))
        figures["latency"].append(latency(seconds))
    print_json(figures) if chosen.json else print(shown(figures))
    p95 = median(one["p95_ms"] for one in figures["latency"])
    # a viewer who is told less than was due would look quicker than it is
    is_full = min(one["count"] for one in figures["latency"]) >= LEAST_SHARE * RATE * seconds
    return 0 if median(figures["facts_per_s"]) >= LEAST_FACTS_PER_S and p95 < MOST_P95_MS and is_full else 1


def shown(figures: dict[str, list[Any]]) -> str:
    rows = [
        (f"{load:.1f}", number(rate), *(milliseconds(one[name]) for name in TIMES), number(one["count"]))
        for load, rate, one in zip(figures["load"], figures["facts_per_s"], figures["latency"], strict=True)
    ]
    return table(("load before", "facts/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "cards"), rows)


def throughput(facts: int) -> float:
    """Facts a second, every one of them counted where the subscriber wrote it."""
    with tempfile.TemporaryDirectory(prefix="mno-bench-") as folder:
        Path(folder).chmod(0o711)
        server = PostgresServer(Path(folder) / "postgres")
        server.start()
        try:
            return asyncio.run(_throughput(server.url, facts))
        finally:
            server.stop()


async def _throughput(url: str, facts: int) -> float:
    database = Database()
    await database.open(url)
    try:
        await migrate_postgres(database, migrations_of("postgres"), lambda _: None)
        async with database.as_administrator() as tx:
            await tx.execute(TABLES)
        relaying = started("relay", url)
        assert relaying.stdout is not None
        relaying.stdout.readline()  # it has subscribed
        share = facts // PUBLISHERS
        publishers = [started("publisher", url, str(share), str(IN_TRANSACTION)) for _ in range(PUBLISHERS)]
        for process in publishers:
            assert process.stdout is not None
            process.stdout.readline()  # it is connected
        began = time.monotonic()
        for process in publishers:
            assert process.stdin is not None
            process.stdin.close()  # now
        while await written(database) < share * PUBLISHERS:
            assert relaying.poll() is None, "the relay ended"
            await asyncio.sleep(0.02)
        took_s = time.monotonic() - began
        for process in (*publishers, relaying):
            process.terminate()
            process.wait()
        return share * PUBLISHERS / took_s
    finally:
        await database.close()


async def written(database: Database) -> int:
    async with database.across_teams() as tx:
        row = await (await tx.execute("SELECT count(*) AS found FROM bench_heard")).fetchone()
    assert row is not None
    return int(row["found"])


def latency(seconds: float) -> dict[str, float]:
    """From before the commit until the viewer has the card."""
    with tempfile.TemporaryDirectory(prefix="mno-bench-") as folder:
        Path(folder).chmod(0o711)
        hub = started("hub", folder)
        assert hub.stdout is not None
        try:
            told = orjson.loads(hub.stdout.readline())
            return spread(followed(told, seconds))
        finally:
            hub.terminate()
            hub.wait()


def followed(hub: dict[str, Any], seconds: float) -> Sequence[float]:
    """What a viewer measures, in seconds, after the warm-up."""
    connection = http.client.HTTPConnection("127.0.0.1", hub["port"], timeout=30)
    connection.request("GET", "/api/agent/events", headers={"authorization": f"Bearer {KEY}"})
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    lasting = str(seconds + 2 * WARM_UP_S)
    publisher = started("steadily", hub["postgres"], hub["team"], hub["project"], str(RATE), lasting)
    try:
        return measured_by(answer, seconds)
    finally:
        connection.close()
        publisher.terminate()
        publisher.wait()


def measured_by(answer: http.client.HTTPResponse, seconds: float) -> Sequence[float]:
    """From the first card on, for so long; what comes in the warm-up is left out."""
    measured: list[float] = []
    began = math.inf
    is_card = False
    for line in answer:
        now = time.monotonic()
        if line.startswith(b"event: "):
            is_card = line == b"event: card\n"
            assert line != b"event: reread\n", "the viewer did not keep up"
        elif is_card and line.startswith(b"data: "):
            card = orjson.loads(line[len(b"data: ") :])
            began = min(began, now)
            if now - began > WARM_UP_S:
                measured.append(now - card["event"]["data"]["at"])
        if now - began > WARM_UP_S + seconds:
            break
    return measured


def started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, __file__, "--part", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def part(role: str, *arguments: str) -> int:
    """What a process of the benchmark does."""
    match role:
        case "publisher":
            uvloop.run(publish(arguments[0], int(arguments[1]), int(arguments[2])))
        case "relay":
            uvloop.run(relay(arguments[0]))
        case "hub":
            uvloop.run(served(Path(arguments[0])))
        case "steadily":
            url, team, project, rate, seconds = arguments
            uvloop.run(steadily(url, UUID(team), project, int(rate), float(seconds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
