"""Approvals over a real database."""

import pytest

from mno.platform.database import Database
from support.office import Office, an_office


@pytest.fixture
async def office(database: Database) -> Office:
    return await an_office(database)
