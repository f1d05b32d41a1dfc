"""The two databases: opened together, migrated, closed in reverse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from mno.platform.clickhouse import ClickHouse
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.migrate import Report, migrate_clickhouse, migrate_postgres, migrations_of
from mno.platform.paths import DataFolder
from mno.platform.postgres_server import PostgresServer


@dataclass(frozen=True)
class Engines:
    """The two databases; `postgres_server` is None where somebody else runs Postgres."""

    folder: DataFolder
    postgres_url: str
    postgres_server: PostgresServer | None
    database: Database
    clickhouse: ClickHouse

    @asynccontextmanager
    async def running(self, report: Report) -> AsyncIterator[None]:
        """Takes the data folder, opens both engines and migrates them. Errors say what to do about them."""
        async with AsyncExitStack() as opened:
            self.folder.claim()
            opened.callback(self.folder.release)
            if self.postgres_server is not None:
                report("Starting Postgres" if self.folder.postgres.exists() else "Creating the Postgres database")
                await asyncio.to_thread(self.postgres_server.start)
                opened.push_async_callback(asyncio.to_thread, self.postgres_server.stop)
            await self.database.open(self._postgres_url())
            opened.push_async_callback(self.database.close)
            report("Starting ClickHouse")
            await asyncio.to_thread(self.clickhouse.open)
            opened.push_async_callback(asyncio.to_thread, self.clickhouse.close)
            await migrate_postgres(self.database, migrations_of("postgres"), report)
            await migrate_clickhouse(self.clickhouse, migrations_of("clickhouse"), report)
            yield

    def _postgres_url(self) -> str:
        return self.postgres_server.url if self.postgres_server else self.postgres_url


def build_engines(config: Config) -> Engines:
    folder = DataFolder(config.data_folder)
    return Engines(
        folder=folder,
        postgres_url=config.postgres_url,
        postgres_server=None if config.postgres_url else PostgresServer(folder.postgres),
        database=Database(),
        clickhouse=ClickHouse(folder.clickhouse, config.clickhouse_url),
    )
