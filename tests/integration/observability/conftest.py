"""The span store for tests: one embedded ClickHouse a process, a project of its own for each test."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from mno.observability.spans.queries import Tenant
from mno.platform.clickhouse import ClickHouse
from mno.platform.migrate import migrations_of, statements_of


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    folder: Path = tmp_path_factory.mktemp("clickhouse") / "data"
    engine = ClickHouse(folder)
    engine.open()
    for migration in migrations_of("clickhouse"):
        for statement in statements_of(migration.sql):
            engine.command_now(statement)
    yield engine
    engine.close()


@pytest.fixture
def tenant() -> Tenant:
    return Tenant(team_id=str(uuid4()), project_id=str(uuid4()))
