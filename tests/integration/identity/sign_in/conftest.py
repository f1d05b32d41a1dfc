"""Nodes with the rooms of signing in, over a database of the test's own."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from mno.platform.database import Database
from support.engines import opened
from support.github import Github, running_github
from support.oidc_provider import OidcProvider, running_oidc_provider
from support.sign_in import Rooms, running_rooms

_KEY = os.urandom(32)


@pytest.fixture
def github() -> Iterator[Github]:
    with running_github() as github:
        yield github


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    with running_oidc_provider() as provider:
        yield provider


@pytest.fixture
async def rooms(database: Database, github: Github) -> AsyncIterator[Rooms]:
    async with running_rooms(database, sealing_key=_KEY, github_url=github.url) as rooms:
        yield rooms


@pytest.fixture
async def elsewhere(rooms: Rooms, postgres_url: str, github: Github) -> AsyncIterator[Rooms]:
    """A second node over the same database."""
    async with (
        opened(postgres_url) as database,
        running_rooms(database, sealing_key=_KEY, github_url=github.url) as other,
    ):
        yield other
