"""The whole application with its budgets in Redis: what pages show, and what the ledger hears."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.observability.budgets.model import Amounts
from mno.platform.config import Config
from mno.platform.errors import BudgetExhausted
from support.engines import ADMIN_KEY
from support.promises import PATIENCE_S
from support.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("in_one_day")

CALL = {"model": "gpt-4o", "provider": "openai", "user": "ann", "tag:b": "2", "tag:a": "1"}


@pytest.fixture
def config(tmp_path: Path, redis_server: RedisServer) -> Config:
    return Config(
        data_folder=tmp_path / "data", bootstrap_api_key=ADMIN_KEY, otlp_grpc_port=0, redis_url=redis_server.url
    )


async def test_budgets_in_redis_stand_on_their_pages_and_in_the_ledger(
    client: httpx.AsyncClient, services: Services, home: Home
) -> None:
    assert services.budgeting.budgets.counters == "Redis"
    wish = {"name": "Each user", "limit": "10", "period": "day", "per": "user", "thresholds": [20]}
    budget = (await client.post("/api/budgets", json=wish)).json()
    place, calls = (home.team.id, home.project.id), services.budgeting.budgets
    settled, released, _ = [await calls.reserve(*place, CALL, Amounts(4_000_000_000, 10), 60) for _ in range(2)] + [
        await calls.reserve(*place, {**CALL, "user": "bob"}, Amounts(1_000_000_000, 10), 60)
    ]
    with pytest.raises(BudgetExhausted, match="'Each user' for user 'ann'"):
        await calls.reserve(*place, CALL, Amounts(2_000_000_001, 10), 60)
    await calls.settle(settled, Amounts(2_500_000_000, 10))
    await calls.settle(settled, Amounts(2_500_000_000, 10))
    await calls.release(released)
    late = await calls.reserve(*place, CALL, Amounts(3_000_000_000, 10), 0.005)
    await asyncio.sleep(0.02)
    await calls.sweep()
    await calls.settle(late, Amounts(500_000_000, 10), estimated=True)
    counters = (await client.get(f"/api/budgets/{budget['id']}/counters")).json()["items"]
    assert [(one["who"], one["spent"], one["reserved"]) for one in counters] == [
        ("ann", "3.000000000", "0.000000000"),
        ("bob", "0.000000000", "1.000000000"),
    ]
    entries: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(entries) < 7:
            await asyncio.sleep(0.02)
            entries = (await client.get("/api/ledger")).json()["items"]
    assert [(one["kind"], one["held"], one["cost"], one["tags"]) for one in reversed(entries)] == [
        ("reservation", "4.000000000", "0.000000000", ["a=1", "b=2"]),
        ("settlement", "-4.000000000", "2.500000000", ["a=1", "b=2"]),
        ("reservation", "4.000000000", "0.000000000", ["a=1", "b=2"]),
        ("release", "-4.000000000", "0.000000000", ["a=1", "b=2"]),
        ("reservation", "3.000000000", "0.000000000", ["a=1", "b=2"]),
        ("expiry", "-3.000000000", "0.000000000", ["a=1", "b=2"]),
        ("settlement", "0.000000000", "0.500000000", ["a=1", "b=2"]),
    ]
    assert entries[0]["estimated"]
