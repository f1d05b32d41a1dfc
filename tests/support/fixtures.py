"""Real engines for the tests: one embedded Postgres and one embedded ClickHouse for each test process.

A test that asks for Postgres gets a database of its own with the whole schema and no rows (support/databases.py);
one that asks for ClickHouse gets isolation by team, because every row carries one and each test's home team is new.
"""

import support.libraries  # noqa: F401  # isort: skip - before what it makes quick

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from mno.bootstrap import Services, assemble
from mno.bootstrap.engines import Engines
from mno.identity.model import Home
from mno.platform import clock, interpreter, tasks
from mno.platform.clickhouse import ClickHouse
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.migrate import migrate_clickhouse, migrate_postgres, migrations_of
from mno.platform.paths import DataFolder
from mno.platform.postgres_server import PostgresServer
from mno.platform.time_range import from_microseconds
from support.adapters import share_adapters
from support.applications import Applications
from support.backends import keep_backends
from support.databases import Databases, hurry
from support.engines import ADMIN_KEY, emptied, opened, silent
from support.examples import choose_examples
from support.trust import share_trust

_TEMPLATE = "template_of_tests"

choose_examples()
share_adapters()
share_trust()
keep_backends()
# A test's program has not been away: to make up for schedules would have every test look at the spans of all before it.
tasks.MAKE_UP_S = 1


def pytest_collection_finish() -> None:
    """What lives as long as the tests is set aside, as the program does: to look through it for
    garbage takes longer than many a test.
    """
    interpreter.settle()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("pg") / "postgres")
    server.start()
    hurry(server)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a database with the whole schema and no rows."""

    async def prepare() -> None:
        async with opened(postgres_server.url_of(_TEMPLATE)) as database:
            await migrate_postgres(database, migrations_of("postgres"), silent)

    with psycopg.connect(postgres_server.url_of("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_TEMPLATE}")
    asyncio.run(prepare())
    return _TEMPLATE


@pytest.fixture(scope="session")
def databases(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Databases]:
    databases = Databases(postgres_server, postgres_template)
    yield databases
    databases.close()


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """A migrated database of this test's own."""
    with databases.lent() as url:
        yield url


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    async with opened(postgres_url) as database:
        yield database


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """One engine for the whole process, migrated: the embedded one cannot be opened twice in a process."""
    engine = ClickHouse(tmp_path_factory.mktemp("clickhouse") / "data")
    engine.open()
    asyncio.run(migrate_clickhouse(engine, migrations_of("clickhouse"), silent))
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def clickhouse(engine: ClickHouse) -> ClickHouse:
    """The engine without the rows of other files: what goes over all teams would meet some hundred of them."""
    emptied(engine)
    return engine


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Where it stands for this test: no wait is over and no day ends because the machine is slow or it is midnight."""
    nanoseconds = clock.now_ns()
    moment = from_microseconds(nanoseconds // 1000)
    monkeypatch.setattr(clock, "now", lambda: moment)
    monkeypatch.setattr(clock, "now_ns", lambda: nanoseconds)
    return moment


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_folder=tmp_path / "data", bootstrap_api_key=ADMIN_KEY, otlp_grpc_port=0)


@pytest.fixture
def services(config: Config, database: Database, clickhouse: ClickHouse) -> Services:
    """Every service over open engines; not started yet: ask for `home` or `client`."""
    config.data_folder.mkdir(parents=True)
    engines = Engines(DataFolder(config.data_folder), "", None, database, clickhouse)
    return assemble(config, engines)


@pytest.fixture
async def home(services: Services) -> AsyncIterator[Home]:
    """The running services' home team, which is new in every test."""
    async with services.serving() as home:
        yield home


@pytest.fixture(scope="session")
def applications() -> Applications:
    return Applications()


@pytest.fixture
def app(services: Services, home: Home, applications: Applications) -> Iterator[FastAPI]:
    """The whole application, running, with real engines."""
    with applications.over(services) as app:
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with an admin key."""
    headers = {"authorization": f"Bearer {ADMIN_KEY}"}
    async with _caller(app, headers) as client:
        yield client


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without any secret."""
    async with _caller(app, {}) as client:
        yield client


def _caller(app: FastAPI, headers: dict[str, str]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8420", headers=headers)
