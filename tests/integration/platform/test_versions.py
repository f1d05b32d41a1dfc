"""Every process hears within a second that what it remembers has changed, whatever happens in between."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from mno.platform import versions as module
from mno.platform.database import Connection, Database
from mno.platform.migrate import migrate_postgres, migrations_of
from mno.platform.postgres_server import MAX_SOCKET_FOLDER_BYTES, PostgresServer
from mno.platform.versions import CHANNEL, Versions
from support.engines import opened, silent


@asynccontextmanager
async def a_process(url: str) -> AsyncIterator[tuple[Database, Versions, list[str]]]:
    """A process of the installation and what it hears; what it hears at its beginning is left out."""
    async with opened(url) as database:
        versions = Versions(database)
        heard: list[str] = []
        versions.watch("policy/", heard.append)
        async with versions.running():
            heard.clear()
            yield database, versions, heard


async def bump(database: Database, versions: Versions, topic: str) -> None:
    async with database.transaction() as tx:
        await versions.bump(tx, topic)


async def until(true: Callable[[], bool], seconds: float = 45.0) -> None:
    """Waits for it; fails when it takes longer than even a slow machine does."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.005)


async def test_another_process_hears_of_a_change_and_once_only(postgres_url: str) -> None:
    async with a_process(postgres_url) as (here, versions, _), a_process(postgres_url) as (_, _, heard):
        await bump(here, versions, "policy/a")
        await until(lambda: heard == ["policy/a"])
        await asyncio.sleep(module.POLL_S * 2.2)
        assert heard == ["policy/a"]
        await bump(here, versions, "policy/a")
        await until(lambda: heard == ["policy/a", "policy/a"])


async def test_the_own_process_has_heard_when_the_transaction_ends(postgres_url: str) -> None:
    async with a_process(postgres_url) as (here, versions, heard):
        async with here.transaction() as tx:
            await versions.bump(tx, "policy/a")
            assert heard == []
        assert heard == ["policy/a"]


async def test_what_is_rolled_back_is_not_told(postgres_url: str) -> None:
    async with a_process(postgres_url) as (here, versions, mine), a_process(postgres_url) as (_, _, theirs):
        with pytest.raises(ValueError, match="stop"):
            async with here.transaction() as tx:
                await versions.bump(tx, "policy/a")
                raise ValueError("stop")
        await bump(here, versions, "policy/b")
        await until(lambda: "policy/b" in theirs)
        assert set(mine) == set(theirs) == {"policy/b"}


async def test_only_what_is_watched_is_told(postgres_url: str) -> None:
    async with a_process(postgres_url) as (here, versions, _), a_process(postgres_url) as (_, _, heard):
        await bump(here, versions, "settings/a")
        await bump(here, versions, "policy/a")
        await until(lambda: heard == ["policy/a"])


async def test_a_lost_notification_costs_one_poll(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_process(postgres_url) as (here, versions, _), a_process(postgres_url) as (_, _, heard):
        monkeypatch.setattr(module, "CHANNEL", "nobody_listens_here")
        await bump(here, versions, "policy/a")
        await until(lambda: heard == ["policy/a"])


async def test_a_change_that_commits_late_is_not_skipped(postgres_url: str) -> None:
    async with a_process(postgres_url) as (here, versions, _), a_process(postgres_url) as (_, _, heard):
        async with here.transaction() as slow:
            await versions.bump(slow, "policy/slow")
            for name in ("b", "c"):
                await bump(here, versions, f"policy/{name}")
                await until(lambda name=name: f"policy/{name}" in heard)  # type: ignore[misc]
        await until(lambda: heard.count("policy/slow") == 1)


async def test_two_that_change_one_topic_take_turns(postgres_url: str) -> None:
    order: list[str] = []

    async def change(name: str, tx: Connection, versions: Versions) -> None:
        await versions.bump(tx, "policy/a")
        order.append(name)

    async with a_process(postgres_url) as (here, versions, _):

        async def second() -> None:
            async with here.transaction() as tx:
                await change("second", tx, versions)

        async with here.transaction() as tx:
            await change("first", tx, versions)
            waiting = asyncio.create_task(second())
            await asyncio.sleep(0.1)
            order.append("first is done")
        await waiting
    assert order == ["first", "first is done", "second"]


async def test_one_that_fails_does_not_keep_others_from_hearing(postgres_url: str) -> None:
    async with opened(postgres_url) as database:
        versions = Versions(database)
        heard: list[str] = []

        def fail(topic: str) -> None:
            raise ValueError(topic)

        versions.watch("policy/", fail)
        versions.watch("policy/", heard.append)
        async with versions.running():
            assert heard == ["policy/"]
            await bump(database, versions, "policy/a")
            assert heard == ["policy/", "policy/a"]


async def test_a_cut_connection_is_made_again_and_nothing_is_missed(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    cut = "SELECT pg_terminate_backend(pid, 45000) FROM pg_stat_activity WHERE application_name = %s AND datname = %s"
    name = psycopg.conninfo.conninfo_to_dict(postgres_url)["dbname"]
    async with opened(postgres_url) as there, a_process(postgres_url) as (_, _, heard):
        with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as admin:
            for round_ in range(3):
                found = admin.execute(cut, (f"mno {CHANNEL}", name)).fetchall()
                assert found == [(True,)], "it ends before it could tell of what follows"
                await bump(there, Versions(there), f"policy/{round_}")
                await until(lambda topic=f"policy/{round_}": topic in heard)  # type: ignore[misc]
    assert heard == ["policy/0", "policy/1", "policy/2"]


@pytest.fixture
def a_short_folder() -> Iterator[Path]:
    """So short that a server has its socket in it; else it would be elsewhere after a restart."""
    with tempfile.TemporaryDirectory(prefix="mno-") as folder:
        assert len(folder) < MAX_SOCKET_FOLDER_BYTES - len("/postgres")
        yield Path(folder)


@pytest.mark.slow
async def test_a_restart_of_postgres_is_survived(a_short_folder: Path) -> None:
    server = PostgresServer(a_short_folder / "postgres")
    await asyncio.to_thread(server.start)
    try:
        async with opened(server.url) as database:
            await migrate_postgres(database, migrations_of("postgres"), silent)
        async with a_process(server.url) as (_, listening, heard):
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(1.2)
            assert listening.unconfirmed_s() > 1
            await asyncio.to_thread(server.start)
            async with opened(server.url) as elsewhere:
                await bump(elsewhere, Versions(elsewhere), "policy/after")
                await until(lambda: heard == ["policy/after"])
            await until(lambda: listening.unconfirmed_s() < 1)
    finally:
        await asyncio.to_thread(server.stop)
