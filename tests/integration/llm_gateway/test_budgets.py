"""The gateway over real budgets: every way through it is counted, and a thousand callers at once overspend nothing."""

import asyncio
import contextlib
from typing import Any

import httpx
import pytest

from integration.llm_gateway.conftest import CHAT, Team, eventually
from mno.llm_gateway.model import ProviderKind
from mno.llm_gateway.providers import anthropic, gemini, openai
from mno.platform.http import connections
from mno.platform.upstream import pool
from support.upstream import Got, Upstream, Wire, completion

#: A month that ends in between has budgets of its own.
pytestmark = pytest.mark.usefixtures("still_clock")

MANY = 1_000
CROWD = 20
#: What the answer of `completion` costs with gpt-4o-mini, in nano-dollars, and its tokens.
COST_NANO, TOKENS = 11 * 150 + 7 * 600, 18


async def budget(team: Team, name: str = "narrow", **wish: Any) -> str:
    answer = await team.admin.post("/api/budgets", json={"name": name, **wish})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def standing(team: Team, budget_id: str) -> tuple[float, float]:
    """Spent and reserved."""
    found = (await team.admin.get(f"/api/budgets/{budget_id}")).json()["standing"]
    return float(found["spent"]), float(found["reserved"])


def crowd(team: Team) -> httpx.AsyncClient:
    """For CROWD callers; a pool of httpx looks through all its connections for each of its calls."""
    limits = httpx.Limits(max_connections=CROWD)
    return httpx.AsyncClient(base_url=team.hub, headers=team.caller.headers, timeout=120, limits=limits, verify=False)


# — all at once —


@pytest.mark.parametrize(
    ("unit", "limit", "one", "count"),
    [("money", "0.030000000", COST_NANO / 1e9, MANY), ("tokens", "60000", TOKENS, 200), ("calls", "37", 1, 200)],
)
async def test_many_calls_at_once_overspend_nothing_and_none_is_refused_that_fits(
    ready: Team, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, unit: str, limit: str, one: float, count: int
) -> None:
    # callers, hub and provider share this process: with a thousand of them everybody has to wait
    monkeypatch.setattr(pool, "CONNECT_TIMEOUT_S", 120.0)
    monkeypatch.setattr(connections, "HEAD_TIMEOUT_S", 120.0)
    budget_id = await budget(ready, unit=unit, limit=limit)
    arrived, go_on = 0, asyncio.Event()

    async def held(_: Got, wire: Wire) -> None:
        nonlocal arrived
        arrived += 1
        await go_on.wait()
        await wire.json(completion())

    upstream.answer = held
    body = {**CHAT, "max_tokens": 1_000}
    refused: list[httpx.Response] = []
    async with contextlib.AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(crowd(ready)) for _ in range(0, count, CROWD)]

        async def call(number: int) -> int:
            answer = await clients[number // CROWD].post("/llm/up/v1/chat/completions", json=body)
            if answer.status_code != 200:
                refused.append(answer)
            return answer.status_code

        calls = [asyncio.create_task(call(number)) for number in range(count)]

        async def decided() -> int:
            return arrived + len(refused)

        await eventually(decided, lambda found: found == count, timeout_s=120)
        assert {answer.status_code for answer in refused} == {429}, refused[0].text
        spent, reserved = await standing(ready, budget_id)
        assert spent == 0
        # what is held fits, and nothing more would have
        assert 0 < arrived < count
        assert reserved <= float(limit) < reserved + reserved / arrived
        go_on.set()
        statuses = await asyncio.gather(*calls)
    assert sorted(statuses) == [200] * arrived + [429] * (count - arrived)
    assert all("'narrow'" in answer.json()["error"]["message"] for answer in refused)
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    spent, _ = await eventually(lambda: standing(ready, budget_id), lambda found: found[1] == 0)
    assert spent == pytest.approx(arrived * one)
    if unit != "calls":
        assert (await ready.chat(max_tokens=1_000)).status_code == 200, "what was given back can be used"


async def test_what_a_call_gives_back_is_there_for_the_next_one_at_once(ready: Team, upstream: Upstream) -> None:
    body = b'{"model":"gpt-4o-mini","messages":[],"max_tokens":1000}'
    bound = len(body) + 1_000 + 1_000
    budget_id = await budget(ready, unit="tokens", limit=str(bound + 4 * TOKENS))

    async def call() -> int:
        return (await ready.caller.post("/llm/up/v1/chat/completions", content=body)).status_code

    assert [await call() for _ in range(6)] == [200] * 5 + [429]
    assert await eventually(lambda: standing(ready, budget_id), lambda found: found[1] == 0) == (5 * TOKENS, 0)


# — every way —

#: Of each provider: where it is called and how the operations' names become paths.
KINDS = {
    ProviderKind.COMPATIBLE: ("/v1/{}", openai._OPERATIONS),
    ProviderKind.OPENAI: ("/v1/{}", openai._OPERATIONS),
    ProviderKind.ANTHROPIC: ("/v1/{}", anthropic._OPERATIONS),
    ProviderKind.GEMINI: ("/v1beta/models/gemini-2.5-flash:{}", gemini._OPERATIONS),
}
#: What is passed through without being known, or costs nothing.
FREE = {
    ProviderKind.COMPATIBLE: [("GET", "/v1/models"), ("DELETE", "/v1/files/f"), ("PATCH", "/x"), ("PUT", "/x/y")],
    ProviderKind.OPENAI: [
        ("GET", "/v1/models"), ("POST", "/v1/batches"), ("POST", "/v1/files"), ("GET", "/v1/files/f/content"),
        ("POST", "/v1/fine_tuning/jobs"), ("POST", "/v1/responses/input_tokens"), ("GET", "/v1/responses/r"),
    ],
    ProviderKind.ANTHROPIC: [
        ("POST", "/v1/messages/count_tokens"), ("POST", "/v1/messages/batches"), ("GET", "/v1/messages/batches/b"),
        ("GET", "/v1/models"),
    ],
    ProviderKind.GEMINI: [
        ("POST", "/v1beta/models/gemini-2.5-flash:countTokens"), ("GET", "/v1beta/models"),
        ("POST", "/v1beta/cachedContents"), ("POST", "/v1beta/models/gemini-2.5-flash:batchGenerateContent"),
    ],
}  # fmt: skip


def ways(kind: ProviderKind, *, metered: bool) -> list[tuple[str, str]]:
    path, operations = KINDS[kind]
    known = [("POST", path.format(name)) for name, operation in operations.items() if operation.metered is metered]
    return known if metered else known + FREE[kind]


async def asked(team: Team, kind: ProviderKind, way: tuple[str, str]) -> httpx.Response:
    """A call that counts on a budget of its own, by a tag."""
    method, path = way
    body = {"model": "gpt-4o-mini", "messages": []} if method == "POST" else None
    headers = {"x-mno-tags": f"way={method} {path}".replace(",", "")}
    return await team.caller.request(method, f"/llm/{kind.value}{path}", json=body, headers=headers)


@pytest.mark.parametrize("kind", list(ProviderKind))
async def test_every_call_of_a_model_is_reserved_settled_and_refused_by_its_budget(
    team: Team, upstream: Upstream, kind: ProviderKind
) -> None:
    await team.add(kind.value, upstream.url, kind=kind)
    for way in ways(kind, metered=True):
        budget_id = await budget(team, " ".join(way), unit="calls", limit="1", matches={"tag:way": " ".join(way)})
        before = len(upstream.got)
        assert (await asked(team, kind, way)).status_code == 200, way
        assert await eventually(lambda: standing(team, budget_id), lambda found: found[0] > 0) == (1, 0), way  # noqa: B023
        refused = await asked(team, kind, way)
        assert (refused.status_code, len(upstream.got)) == (429, before + 1), way


@pytest.mark.parametrize("kind", list(ProviderKind))
async def test_what_costs_nothing_takes_nothing_and_passes_a_full_budget(
    team: Team, upstream: Upstream, kind: ProviderKind
) -> None:
    async def free(_: Got, wire: Wire) -> None:
        await wire.json({"object": "thing"})

    upstream.answer = free
    await team.add(kind.value, upstream.url, kind=kind)
    for way in ways(kind, metered=False):
        budget_id = await budget(team, " ".join(way), unit="calls", limit="0", matches={"tag:way": " ".join(way)})
        assert (await asked(team, kind, way)).status_code == 200, way
        assert await standing(team, budget_id) == (0, 0), way


async def test_usage_at_a_path_that_nobody_knows_is_settled_all_the_same(ready: Team, upstream: Upstream) -> None:
    budget_id = await budget(ready, unit="tokens", limit="1000")
    assert (await ready.caller.post("/llm/up/v1/what/ever/comes", json={"model": "gpt-4o-mini"})).status_code == 200
    assert await eventually(lambda: standing(ready, budget_id), lambda found: found[0] > 0) == (TOKENS, 0)
