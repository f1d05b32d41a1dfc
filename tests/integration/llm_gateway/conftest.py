"""A hub behind a real socket, with one OpenAI-compatible provider that a test may make say anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI

from support.engines import ADMIN_KEY
from support.promises import PATIENCE_S
from support.served import served
from support.upstream import Upstream, running_upstream

Found = TypeVar("Found")

CREDENTIAL = "sk-provider-credential-0123456789"
CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello?"}]}


@pytest.fixture
async def hub(app: FastAPI) -> AsyncIterator[str]:
    """The address of the whole application on a real port; providers on this machine are let through."""
    async with served(app) as address:
        yield address


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as running:
        yield running


@dataclass
class Team:
    """An administrator, a key for the gateway, and what was written down of its calls."""

    hub: str
    admin: httpx.AsyncClient
    caller: httpx.AsyncClient
    key: str
    key_id: str
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def set_up(self, path: str, wish: dict[str, Any], method: str = "POST") -> dict[str, Any]:
        answer = await self.admin.request(method, f"/api/gateway/{path}", json=wish)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    async def add(self, name: str, base_url: str, **wish: Any) -> dict[str, Any]:
        return await self.set_up(
            "providers",
            {
                "name": name,
                "kind": "openai-compatible",
                "base_url": base_url,
                "priced_as": "openai",
                "credential": CREDENTIAL,
                "retries": 0,
                **wish,
            },
        )

    async def limit(self, **wish: Any) -> dict[str, Any]:
        return await self.set_up(f"keys/{self.key_id}", wish, method="PUT")

    async def chat(self, provider: str = "up", **wish: Any) -> httpx.Response:
        return await self.caller.post(f"/llm/{provider}/v1/chat/completions", json={**CHAT, **wish})

    async def spans(self, count: int, where: Callable[[dict[str, Any]], bool] = lambda _: True) -> list[dict[str, Any]]:
        """What the gateway wrote down, once there is so much of it, oldest first."""

        async def found() -> list[dict[str, Any]]:
            spans = []
            for trace in (await self.admin.get("/api/traces", params={"limit": 200})).json()["items"]:
                whole = (await self.admin.get(f"/api/traces/{trace['trace_id']}")).json()
                for one in whole["spans"]:
                    path = f"/api/traces/{trace['trace_id']}/spans/{one['span_id']}"
                    answer = await self.admin.get(path)
                    if answer.status_code == 200:  # a trace may be found a moment before its spans can be looked up
                        spans.append(answer.json())
            return sorted((one for one in spans if where(one)), key=lambda one: one["start_time"])

        return await eventually(found, lambda spans: len(spans) >= count)


async def eventually(
    ask: Callable[[], Awaitable[Found]], met: Callable[[Found], bool], timeout_s: float = PATIENCE_S
) -> Found:
    """The first answer that will do."""
    async with asyncio.timeout(timeout_s):
        while True:
            answer = await ask()
            if met(answer):
                return answer
            await asyncio.sleep(0.05)


@pytest.fixture
async def team(hub: str) -> AsyncIterator[Team]:
    async with (
        httpx.AsyncClient(base_url=hub, headers={"authorization": f"Bearer {ADMIN_KEY}"}, timeout=PATIENCE_S) as admin,
        httpx.AsyncClient(base_url=hub, timeout=PATIENCE_S) as caller,
    ):
        allowed = {"security.egress_allowed": ["127.0.0.0/8"]}
        before = (await admin.get("/api/config/system", params={"level": "hub"})).json()
        wish = {"level": "hub", "revision": before["revision"], "values": allowed}
        answer = await admin.put("/api/config/system", json=wish)
        assert answer.status_code < 300, answer.text
        made = (await admin.post("/api/keys", json={"name": "gateway", "scopes": ["gateway"]})).json()
        caller.headers["authorization"] = f"Bearer {made['key']}"
        yield Team(hub, admin, caller, made["key"], made["id"])


@pytest.fixture
async def ready(team: Team, upstream: Upstream) -> Team:
    """The team with the provider `up`."""
    await team.add("up", upstream.url)
    return team
