"""Background tasks and schedules, by `procrastinate` over our own Postgres.

A feature registers what it can do by name and defers it in its own transaction, so that the task and the change
that wants it commit together. Every process works on what it registered, several tasks side by side; a process
takes no task that it does not know. A task runs at least once: one that was cut off by the end of its process is
begun again, at once after an orderly stop, within a minute after a crash. A schedule fires once, however many
processes there are.

The library brings its SQL and its worker; what is ours is the connection: its queries run in our transactions and
as our role, and nothing listens. Workers are woken after a commit of their process and look by themselves.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
from procrastinate import App, RetryDecision
from procrastinate.connector import BaseAsyncConnector, Notify
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, ProcrastinateException, UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.retry import BaseRetryStrategy
from psycopg.types.json import Jsonb

from mno.platform import clock
from mno.platform.database import Connection, Database, Row, after_commit
from mno.platform.ending import ended
from mno.platform.errors import Invalid, MnoError, NotFound

_log = logging.getLogger(__name__)

#: What is done; `args` are the JSON that the task was deferred with. It opens its own transactions.
Work = Callable[[dict[str, Any]], Awaitable[None]]

#: Tasks that one process works on side by side.
MAX_TASKS_AT_ONCE = 4
#: How often a process looks for tasks although nobody woke it, in seconds; also how late a timed one may begin.
TASK_INTERVAL_S = 2.0
#: How often a worker says that it lives, in seconds.
HEARTBEAT_INTERVAL_S = 10.0
#: After this long a worker that says nothing counts as dead, in seconds.
WORKER_SILENCE_S = 30.0
#: How often tasks of dead workers are looked for, in seconds.
RESCUE_INTERVAL_S = 15.0
#: How long tasks may go on when the program is told to stop; then they are cut off and begun again later.
TASK_GRACE_S = 3.0
#: How often a task is begun before it counts as failed, where it says nothing else.
DEFAULT_TASK_ATTEMPTS = 6
#: The pause before the second attempt, in seconds; it doubles.
FIRST_TASK_RETRY_S = 5
#: The longest pause between two attempts, in seconds.
MAX_TASK_RETRY_S = 600
#: The JSON that a task is deferred with, in bytes.
MAX_TASK_ARGUMENT_BYTES = 256 * 1024
#: Tasks that are deferred in one go.
MAX_TASKS_DEFERRED_AT_ONCE = 10_000
#: Failed tasks that a list shows.
MAX_LISTED_FAILED = 200
#: How long failed tasks are kept to be looked at.
FAILED_TASK_LIFETIME = timedelta(days=30)
#: The pause before a worker that ended because of an error begins again, in seconds.
WORKER_PAUSE_S = 2.0
#: A time of a schedule that passed while no program ran is made up for within so many seconds.
MAKE_UP_S = 600

_FAILED = """
SELECT id, task_name, args, attempts FROM procrastinate_jobs WHERE status = 'failed' ORDER BY id DESC LIMIT %(limit)s
"""
#: All its attempts anew.
_RETRY = """
UPDATE procrastinate_jobs SET status = 'todo', attempts = 0, scheduled_at = NULL
WHERE id = %(id)s AND status = 'failed'
"""


@dataclass(frozen=True, slots=True)
class Failed:
    """A task that failed for good."""

    id: int
    name: str
    args: dict[str, Any]
    attempts: int


class Tasks:
    """The tasks that this process can do, and the way to have them done."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waker = _Waker()
        self._app = App(connector=_Connector(database, self._waker), periodic_defaults={"max_delay": MAKE_UP_S})
        self._names: dict[str, _Retries] = {}

    def register(self, name: str, work: Work, *, attempts: int = DEFAULT_TASK_ATTEMPTS) -> None:
        """Before `running`: this process does tasks called `name` (`<feature>.<what>`). It may run twice: make the
        second time harmless.
        """
        if name in self._names:
            raise ValueError(f"Two tasks are called '{name}'.")
        self._names[name] = retries = _Retries(attempts)

        async def run(**args: Any) -> None:
            await work(args)

        # a queue of its own, so that a process without this task leaves it to others
        self._app.task(name=name, queue=name, retry=retries)(run)

    def every(self, name: str, cron: str, work: Callable[[], Awaitable[Any]]) -> None:
        """Does `work` at the times of a cron line in UTC (a sixth field is seconds), in one process at a time.

        A time that passed while no program ran is made up for when that was less than MAKE_UP_S ago.
        """

        async def run(_: dict[str, Any]) -> None:
            await work()

        self.register(name, run)
        self._app.periodic(cron=cron, lock=name, queueing_lock=name)(self._app.tasks[name])

    async def defer(
        self,
        tx: Connection,
        name: str,
        args: Mapping[str, Any] | None = None,
        *,
        at: datetime | None = None,
        one_waiting: str | None = None,
        one_running: str | None = None,
    ) -> bool:
        """Has a task done once this transaction has committed, not before `at`.

        Of those with the same `one_waiting` only one waits at a time: False where another does already. Of those
        with the same `one_running` one runs at a time, in their order.
        """
        after_commit(tx, self._waker.wake)
        deferred = self._app.configure_task(
            name, queue=name, connection=tx, schedule_at=at, queueing_lock=one_waiting, lock=one_running
        )
        checked = _checked([args or {}])
        if one_waiting is None:
            await deferred.batch_defer_async(*checked)
            return True
        try:
            async with tx.transaction():
                await deferred.batch_defer_async(*checked)
        except AlreadyEnqueued:
            return False
        return True

    async def defer_many(self, tx: Connection, name: str, all_args: Sequence[Mapping[str, Any]]) -> None:
        """The same for many at once: one statement."""
        if all_args:
            after_commit(tx, self._waker.wake)
            await self._app.configure_task(name, queue=name, connection=tx).batch_defer_async(*_checked(all_args))

    async def failed(self) -> list[Failed]:
        """The newest MAX_LISTED_FAILED tasks that failed for good; they are kept for FAILED_TASK_LIFETIME."""
        async with self._database.across_teams() as tx:
            rows = await (await tx.execute(_FAILED, {"limit": MAX_LISTED_FAILED})).fetchall()
        return [Failed(row["id"], row["task_name"], row["args"], row["attempts"]) for row in rows]

    async def retry(self, id_: int) -> None:
        """Has a failed task done again; `NotFound` for one that did not fail."""
        async with self._database.across_teams() as tx:
            again = await tx.execute(_RETRY, {"id": id_})
            if again.rowcount == 0:
                raise NotFound(f"No task {id_} has failed.")
            after_commit(tx, self._waker.wake)

    async def prune(self) -> None:
        """Forgets tasks that failed long ago."""
        hours = int(FAILED_TASK_LIFETIME.total_seconds() // 3600)
        await self._app.job_manager.delete_old_jobs(
            hours, include_failed=True, include_cancelled=True, include_aborted=True
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Works until it is left: running tasks get TASK_GRACE_S, then they are cut off and begun again later."""
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        working = asyncio.create_task(self._work(), name="tasks-worker")
        rescuing = asyncio.create_task(self._rescue(), name="tasks-rescue")
        try:
            yield
        finally:
            await ended(rescuing)
            # asked a second time, the worker gives its tasks no time to end
            await ended(working, patience_s=TASK_GRACE_S + 1)

    async def _work(self) -> None:
        """The library's worker ends when the database is away for a moment; ours does not."""
        while self._names:
            try:
                await self._app.run_worker_async(
                    name=f"mno {uuid4().hex[:8]}",
                    queues=list(self._names),
                    concurrency=MAX_TASKS_AT_ONCE,
                    fetch_job_polling_interval=TASK_INTERVAL_S,
                    update_heartbeat_interval=HEARTBEAT_INTERVAL_S,
                    stalled_worker_timeout=WORKER_SILENCE_S,
                    shutdown_graceful_timeout=TASK_GRACE_S,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                )
                _log.warning("The worker of background tasks ended; it begins again.")
            except (MnoError, ProcrastinateException) as error:
                _log.warning("The worker of background tasks ended (%s); it begins again.", error)
            await asyncio.sleep(WORKER_PAUSE_S)

    async def _rescue(self) -> None:
        """Begins again what dead workers left."""
        while True:
            try:
                await self.rescue()
            except (MnoError, ProcrastinateException) as error:
                _log.warning("Tasks of dead workers could not be looked for: %s", error)
            await asyncio.sleep(RESCUE_INTERVAL_S)

    async def rescue(self) -> None:
        """One look for tasks whose worker has been silent for WORKER_SILENCE_S."""
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=WORKER_SILENCE_S):
            retries = self._names.get(job.task_name)
            if retries is None:
                continue
            # another process may have been quicker
            with contextlib.suppress(ConnectorException):
                if job.attempts + 1 < retries.attempts:
                    await manager.retry_job(job, clock.now())
                    self._waker.wake()
                else:
                    _log.error("The task %s was cut off %d times; it is given up.", job.task_name, job.attempts + 1)
                    await manager.finish_job(job, Status.FAILED, delete_job=False)


class _Retries(BaseRetryStrategy):
    """Growing pauses; a task that was cut off by an orderly stop goes on at once."""

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_at=clock.now())
        if job.attempts + 1 >= self.attempts:
            return None
        pause_s = min(FIRST_TASK_RETRY_S * 2**job.attempts, MAX_TASK_RETRY_S)
        return RetryDecision(retry_at=clock.now() + timedelta(seconds=pause_s))


class _Waker:
    """Wakes the worker of this process, many calls at once."""

    def __init__(self) -> None:
        self._called = asyncio.Event()

    def wake(self) -> None:
        self._called.set()

    async def woken(self) -> None:
        await self._called.wait()
        self._called.clear()


class _Connector(BaseAsyncConnector):
    """The library's queries, each in a transaction of ours."""

    def __init__(self, database: Database, waker: _Waker) -> None:
        self._database = database
        self._waker = waker

    def get_sync_connector(self) -> BaseAsyncConnector:
        return self

    async def open_async(self, pool: Any = None) -> None:
        """The database is opened by whoever built us."""

    async def close_async(self) -> None:
        """And closed by the same."""

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        async with self._database.across_teams() as tx:
            await _executed(tx, query, arguments)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> Row:
        rows = await self.execute_query_all_async(query, **arguments)
        return rows[0]

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[Row]:
        async with self._database.across_teams() as tx:
            return await (await _executed(tx, query, arguments)).fetchall()

    async def execute_query_one_async_with_connection(
        self, connection: Connection, query: LiteralString, **arguments: Any
    ) -> Row:
        rows = await self.execute_query_all_async_with_connection(connection, query, **arguments)
        return rows[0]

    async def execute_query_all_async_with_connection(
        self, connection: Connection, query: LiteralString, **arguments: Any
    ) -> list[Row]:
        return await (await _executed(connection, query, arguments)).fetchall()

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Nobody listens on the wire: a commit of this process is the notification."""
        channel = next(iter(channels))
        while True:
            await self._waker.woken()
            await on_notification(channel=channel, payload=json.dumps({"type": "job_inserted", "job_id": 0}))


async def _executed(tx: Connection, query: LiteralString, arguments: dict[str, Any]) -> psycopg.AsyncCursor[Row]:
    try:
        return await tx.execute(query, {name: _wire(value) for name, value in arguments.items()})
    except psycopg.errors.UniqueViolation as error:
        raise UniqueViolation(constraint_name=error.diag.constraint_name or "", queueing_lock=None) from error
    except psycopg.errors.RaiseException as error:
        raise ConnectorException(str(error)) from error


def _wire(value: Any) -> Any:
    if isinstance(value, dict):
        return Jsonb(value)
    if isinstance(value, list):
        return [_wire(one) for one in value]
    if isinstance(value, tuple):
        return tuple(_wire(one) for one in value)
    return value


def _checked(all_args: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if len(all_args) > MAX_TASKS_DEFERRED_AT_ONCE:
        raise Invalid(f"At most {MAX_TASKS_DEFERRED_AT_ONCE} tasks are deferred at once.")
    for args in all_args:
        if len(json.dumps(dict(args))) > MAX_TASK_ARGUMENT_BYTES:
            raise Invalid(f"A task takes at most {MAX_TASK_ARGUMENT_BYTES} bytes; name the row that has the rest.")
    return [dict(args) for args in all_args]
