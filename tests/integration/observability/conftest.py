"""A project of its own for each test of the read side, and midnight before or after the tests that ask for it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from mno.observability.spans.queries import Tenant
from mno.platform import clock


@pytest.fixture
def tenant() -> Tenant:
    """New in each test: the span store is shared by the whole process."""
    return Tenant(team_id=str(uuid4()), project_id=str(uuid4()))


@pytest.fixture
async def in_one_day() -> None:
    """Lets midnight (UTC) pass first where it is near: for tests of the whole program, whose clocks go on."""
    soon = clock.now() + timedelta(seconds=30)
    while clock.now().date() != soon.date():
        await asyncio.sleep(0.5)
