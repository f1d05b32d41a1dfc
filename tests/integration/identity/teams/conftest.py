"""A node with the rooms of teams, over a database of the test's own, and a second one beside it."""

from collections.abc import AsyncIterator

import pytest

from mno.platform.database import Database
from support.engines import opened
from support.teams import House, running_house


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with running_house(database) as house:
        yield house


@pytest.fixture
async def elsewhere(house: House, postgres_url: str) -> AsyncIterator[House]:
    async with opened(postgres_url) as database, running_house(database) as other:
        yield other
