"""A desk over a database of the test's own, and receivers for what it sends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mno.platform.database import Database
from mno.platform.egress import Egress
from support.channels import (
    LOOPBACK,
    Answer,
    ChatWorld,
    Desk,
    Receiver,
    a_chat_world,
    desk_over,
    listening,
)


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    """A receiver of webhooks that takes everything."""
    async with listening(Receiver(lambda _: Answer(204))) as receiver:
        yield receiver


@pytest.fixture
async def chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatWorld]:
    async with a_chat_world(tmp_path, monkeypatch) as world:
        yield world


@pytest.fixture
async def desk(database: Database, postgres_url: str, tmp_path: Path) -> Desk:
    """Its guard lets this machine through."""
    return await desk_over(database, postgres_url, tmp_path, Egress(lambda: LOOPBACK))
