"""Publishers and relays are killed at random moments: nothing is lost, nothing overtakes, and all of it is counted."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from support import facts_process
from support.coverage import UNMEASURED
from support.facts_process import SUBJECTS, TABLES

KILLS = 20
#: Between two kills at least so many are published, however slow the machine is.
FACTS_BETWEEN_KILLS = 10
#: A process is killed this long after the last one, in seconds.
EARLIEST_S, LATEST_S = 0.05, 0.6

EVERYTHING_IS_DELIVERED = (
    "SELECT (SELECT count(*) FROM facts_deliveries) + (SELECT count(*) FROM facts f, facts_relay r"
    " WHERE f.position > r.position) + (SELECT count(*) FROM facts_parked) = 0"
)


class Crew:
    """Two publishers and two relays; who is killed is replaced."""

    def __init__(self, url: str, file: Path) -> None:
        self._url = url
        self._file = file
        self.processes = [(role, self._started(role)) for role in ("publisher", "publisher", "relay", "relay")]

    def _started(self, role: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(facts_process.__file__), role, self._url, str(self._file)]
        return subprocess.Popen(command, env=os.environ | UNMEASURED)

    def kill_one(self, chance: random.Random) -> None:
        position = chance.randrange(len(self.processes))
        role, process = self.processes[position]
        assert process.poll() is None, f"a {role} ended by itself"
        process.kill()
        process.wait()
        self.processes[position] = (role, self._started(role))

    def end(self, which: str) -> None:
        for role, process in self.processes:
            if role == which:
                process.kill()
                process.wait()


@contextmanager
def crew(url: str, file: Path) -> Iterator[Crew]:
    working = Crew(url, file)
    try:
        yield working
    finally:
        working.end("publisher")
        working.end("relay")


def in_order(heard: list[int]) -> bool:
    """Whether each number is heard only after the one before it; repeats are fine."""
    reached = 0
    for number in heard:
        if number > reached + 1:
            return False
        reached = max(reached, number)
    return True


async def test_no_fact_is_lost_or_overtaken_when_publishers_and_relays_are_killed(
    postgres_url: str, tmp_path: Path
) -> None:
    chance = random.Random()
    file = tmp_path / "heard"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(TABLES)
        with crew(postgres_url, file) as working:
            for kill in range(KILLS):
                await _until(admin, f"SELECT coalesce(sum(n), 0) > {kill * FACTS_BETWEEN_KILLS} FROM counted")
                await asyncio.sleep(chance.uniform(EARLIEST_S, LATEST_S))
                working.kill_one(chance)
            working.end("publisher")
            await _until(admin, EVERYTHING_IS_DELIVERED)
        counted: dict[str, int] = dict(admin.execute("SELECT subject, n FROM counted").fetchall())
        written = [
            admin.execute("SELECT subject, n FROM heard ORDER BY id").fetchall(),
            admin.execute("SELECT subject, n FROM heard_in_groups ORDER BY id").fetchall(),
        ]
    assert sum(counted.values()) > (KILLS - 1) * FACTS_BETWEEN_KILLS
    appended = [line.split() for line in file.read_text().splitlines()]
    for subject in SUBJECTS:
        everything = list(range(1, counted[subject] + 1))
        for rows in written:
            assert [n for told, n in rows if told == subject] == everything
        outside = [int(n) for told, n, _ in appended if told == subject]
        assert sorted(set(outside)) == everything
        assert in_order(outside)
    # a repeated delivery is recognised by its id
    assert len({fact for _, _, fact in appended}) == sum(counted.values())


async def _until(admin: psycopg.Connection, question: str) -> None:
    until = time.monotonic() + 90
    while True:
        row = admin.execute(question).fetchone()
        assert row is not None
        if row[0]:
            return
        assert time.monotonic() < until, question
        await asyncio.sleep(0.1)
