"""Tasks commit with their caller, survive the end of their process, and schedules fire once."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from mno.platform import clock, tasks
from mno.platform.database import Database
from mno.platform.errors import Invalid
from mno.platform.tasks import Tasks

#: Long enough for any machine, and less than the minute for which nobody polls.
BEFORE_A_POLL_S = 45.0


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "TASK_INTERVAL_S", 0.2)
    monkeypatch.setattr(tasks, "TASK_GRACE_S", 0.2)
    monkeypatch.setattr(tasks, "FIRST_TASK_RETRY_S", 0.05)


class Worker:
    """A process's tasks with one that remembers what it was given."""

    def __init__(self, database: Database, *, attempts: int = 3) -> None:
        self.tasks = Tasks(database)
        self.done: list[Any] = []
        #: When each was done.
        self.moments: dict[Any, datetime] = {}
        self.failures = 0
        self.fails = False
        self.waits: asyncio.Event | None = None
        self.tasks.register("tests.note", self._note, attempts=attempts)

    async def _note(self, args: dict[str, Any]) -> None:
        if self.fails:
            self.failures += 1
            raise RuntimeError("not today")
        if self.waits is not None:
            await self.waits.wait()
        self.done.append(args["n"])
        self.moments[args["n"]] = clock.now()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(BEFORE_A_POLL_S):
        while not holds():
            await asyncio.sleep(0.01)


async def defer(worker: Worker, database: Database, n: int, **options: Any) -> bool:
    async with database.transaction() as tx:
        return await worker.tasks.defer(tx, "tests.note", {"n": n}, **options)


async def test_a_task_is_done_once_its_transaction_has_committed(database: Database) -> None:
    worker = Worker(database)
    async with worker.tasks.running():
        with suppress(ZeroDivisionError):
            async with database.transaction(uuid4()) as tx:
                await worker.tasks.defer(tx, "tests.note", {"n": 1})
                raise ZeroDivisionError
        async with database.transaction(uuid4()) as tx:
            await worker.tasks.defer(tx, "tests.note", {"n": 2})
            await asyncio.sleep(0.5)
            assert worker.done == []
        await until(lambda: worker.done == [2])


async def test_a_task_begins_at_once_in_the_process_that_wants_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "TASK_INTERVAL_S", 60.0)
    worker = Worker(database)
    async with worker.tasks.running():
        await asyncio.sleep(0.3)
        await defer(worker, database, 1)
        await until(lambda: worker.done == [1])


async def test_a_task_waits_for_its_time(database: Database) -> None:
    worker = Worker(database)
    async with worker.tasks.running():
        at = clock.now() + timedelta(seconds=1.5)
        await defer(worker, database, 1, at=at)
        await defer(worker, database, 2)
        await until(lambda: sorted(worker.done) == [1, 2])
    assert worker.moments[1] >= at


async def test_a_failing_task_is_tried_again_and_kept_when_it_fails_for_good(database: Database) -> None:
    worker = Worker(database)
    worker.fails = True
    async with worker.tasks.running():
        await defer(worker, database, 1)
        await until(lambda: worker.failures == 3)
        failed: list[tasks.Failed] = []
        async with asyncio.timeout(BEFORE_A_POLL_S):
            while not failed:
                failed = await worker.tasks.failed()
        assert [(one.name, one.args, one.attempts) for one in failed] == [("tests.note", {"n": 1}, 3)]
        worker.fails = False
        await worker.tasks.retry(failed[0].id)
        await until(lambda: worker.done == [1])
    assert await worker.tasks.failed() == []


async def test_a_task_that_is_cut_off_by_a_stop_is_begun_again_by_the_next_process(database: Database) -> None:
    first, second = Worker(database), Worker(database)
    first.waits = asyncio.Event()
    async with first.tasks.running():
        await defer(first, database, 1)
        await asyncio.sleep(0.5)
    assert first.done == []
    async with second.tasks.running():
        await until(lambda: second.done == [1])


KILLED = """
import asyncio, sys
from mno.platform.database import Database
from mno.platform.tasks import Tasks

async def work(args):
    print("begun", flush=True)
    await asyncio.Event().wait()

async def main():
    database = Database()
    await database.open(sys.argv[1])
    tasks = Tasks(database)
    tasks.register("tests.note", work)
    async with tasks.running():
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_task_whose_process_was_killed_is_done_by_another_and_not_before_that_is_sure(
    database: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "HEARTBEAT_INTERVAL_S", 0.2)
    monkeypatch.setattr(tasks, "WORKER_SILENCE_S", 2.0)
    monkeypatch.setattr(tasks, "RESCUE_INTERVAL_S", 0.2)
    second = Worker(database)
    await defer(second, database, 1)
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, postgres_url, stdout=asyncio.subprocess.PIPE
    )
    assert killed.stdout is not None
    assert await killed.stdout.readline() == b"begun\n"
    killed.kill()
    await killed.wait()
    async with database.across_teams() as tx:
        row = await (await tx.execute("SELECT last_heartbeat FROM procrastinate_workers")).fetchone()
    assert row is not None
    async with second.tasks.running():
        await until(lambda: second.done == [1])
    assert (second.moments[1] - row["last_heartbeat"]).total_seconds() >= tasks.WORKER_SILENCE_S


async def test_a_process_leaves_tasks_alone_that_it_does_not_know(database: Database) -> None:
    old, new = Tasks(database), Worker(database)
    old.register("tests.other", new._note)
    await defer(new, database, 1)
    async with old.running():
        await asyncio.sleep(0.6)
        assert await new.tasks.failed() == []
        async with new.tasks.running():
            await until(lambda: new.done == [1])


async def test_of_those_of_which_one_may_wait_only_one_waits(database: Database) -> None:
    worker = Worker(database)
    async with database.transaction() as tx:
        assert await worker.tasks.defer(tx, "tests.note", {"n": 1}, one_waiting="note")
        assert not await worker.tasks.defer(tx, "tests.note", {"n": 2}, one_waiting="note")
        assert await worker.tasks.defer(tx, "tests.note", {"n": 3})
    async with worker.tasks.running():
        await until(lambda: sorted(worker.done) == [1, 3])


async def test_of_those_of_which_one_may_run_each_waits_for_the_one_before(database: Database) -> None:
    running = most = 0
    order: list[int] = []

    async def work(args: dict[str, Any]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        order.append(args["n"])
        running -= 1

    alone = Tasks(database)
    alone.register("tests.alone", work)
    async with database.transaction() as tx:
        for n in range(6):
            await alone.defer(tx, "tests.alone", {"n": n}, one_running="alone")
    async with alone.running():
        await until(lambda: len(order) == 6)
    assert most == 1
    assert order == list(range(6))


async def test_many_are_deferred_in_one_go(database: Database) -> None:
    worker = Worker(database)
    async with database.transaction() as tx:
        await worker.tasks.defer_many(tx, "tests.note", [{"n": n} for n in range(50)])
    async with worker.tasks.running():
        await until(lambda: sorted(worker.done) == list(range(50)))


async def test_a_schedule_fires_once_for_two_processes(database: Database) -> None:
    fired: list[str] = []

    def a_process(name: str) -> Tasks:
        async def fire() -> None:
            fired.append(name)

        process = Tasks(database)
        process.every("tests.each_second", "* * * * * */1", fire)
        return process

    one, other = a_process("one"), a_process("other")
    began = clock.now()
    async with one.running(), other.running():
        await until(lambda: len(fired) >= 4)
        seconds = (clock.now() - began).total_seconds()
    assert len(fired) <= seconds + 2, f"{len(fired)} times in {seconds:.1f} s"


@pytest.mark.parametrize(("make_up_s", "missed"), [(600, 1), (1, 0)])
async def test_a_time_that_passed_not_long_ago_is_made_up_for(
    database: Database, monkeypatch: pytest.MonkeyPatch, make_up_s: int, missed: int
) -> None:
    monkeypatch.setattr(tasks, "MAKE_UP_S", make_up_s)
    fired: list[str] = []

    async def fire(name: str) -> None:
        fired.append(name)

    before = clock.now() - timedelta(minutes=3)
    process = Tasks(database)
    process.every("tests.missed", f"{before.minute} {before.hour} * * *", lambda: fire("missed"))
    process.every("tests.each_second", "* * * * * */1", lambda: fire("each second"))
    async with process.running():
        await until(lambda: fired.count("each second") >= 2 and fired.count("missed") >= missed)
    assert fired.count("missed") == missed


async def test_arguments_that_are_too_large_are_refused(database: Database) -> None:
    worker = Worker(database)
    with pytest.raises(Invalid, match="bytes"):
        async with database.transaction() as tx:
            await worker.tasks.defer(tx, "tests.note", {"n": "x" * 300_000})


async def test_two_tasks_cannot_have_one_name(database: Database) -> None:
    worker = Worker(database)
    with pytest.raises(ValueError, match=r"tests\.note"):
        worker.tasks.register("tests.note", worker._note)
