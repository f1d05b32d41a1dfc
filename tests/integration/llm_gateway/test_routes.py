"""Names for models: shares, failover, retries, breakers; and what is reserved on the way."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from integration.llm_gateway.conftest import Team, eventually
from mno.bootstrap import Services
from mno.llm_gateway.model import Amounts
from mno.platform.errors import LimitExceeded
from mno.platform.ids import new_id
from support.upstream import Got, Upstream, Wire, completion, running_upstream


@pytest.fixture
async def spare() -> AsyncIterator[Upstream]:
    async with running_upstream() as running:
        yield running


@pytest.fixture
async def two(ready: Team, spare: Upstream) -> Team:
    """A team with the providers `up` and `spare`."""
    await ready.add("spare", spare.url)
    return ready


async def alias(team: Team, *targets: tuple[str, str, int], sticky: str = "") -> None:
    wish = [{"provider": provider, "model": model, "weight": weight} for provider, model, weight in targets]
    await team.set_up("models/fast", {"targets": wish, "sticky": sticky}, method="PUT")


def failing(status: int = 503, times: int = 10**6, **headers: str) -> Any:
    left = [times]

    async def answer(_: Got, wire: Wire) -> None:
        left[0] -= 1
        if left[0] >= 0:
            await wire.json({"error": {"message": "overloaded"}}, status, **headers)
        else:
            await wire.json(completion())

    return answer


async def test_a_name_becomes_its_model_and_no_other_byte_changes(ready: Team, upstream: Upstream) -> None:
    await alias(ready, ("up", "gpt-4o-mini", 1))
    body = b'{ "temperature":0.30,"model": "fast","messages":[ ] }'
    assert (await ready.caller.post("/llm/up/v1/chat/completions", content=body)).status_code == 200
    assert upstream.got[0].body == body.replace(b' "fast"', b'"gpt-4o-mini"')
    span = (await ready.spans(1))[0]
    assert span["request_model"] == "gpt-4o-mini"
    assert span["attributes"]["mno.gateway.alias"] == "fast"


async def test_the_next_target_answers_when_the_first_fails(two: Team, upstream: Upstream, spare: Upstream) -> None:
    upstream.answer = failing()
    await alias(two, ("up", "gpt-4o-mini", 1), ("spare", "gpt-5-mini", 0))
    assert (await two.chat(model="fast")).status_code == 200
    assert (len(upstream.got), spare.got[0].json["model"]) == (1, "gpt-5-mini")
    span = (await two.spans(1))[0]
    assert span["attributes"]["mno.gateway.provider"] == "spare"
    assert span["attributes"]["mno.gateway.attempts"] == 2
    assert span["status"] == "ok"


async def test_weights_share_calls_and_a_sticky_caller_stays(two: Team, upstream: Upstream, spare: Upstream) -> None:
    await alias(two, ("up", "a", 70), ("spare", "b", 30), sticky="user")

    async def call(user: int) -> None:
        two_headers = {"x-mno-user": f"user-{user}"}
        wish = {"model": "fast", "messages": []}
        answer = await two.caller.post("/llm/up/v1/chat/completions", json=wish, headers=two_headers)
        assert answer.status_code == 200

    for _ in range(3):
        await asyncio.gather(*(call(user) for user in range(40)))
    assert len(upstream.got) % 3 == 0, "every user stays with its target"
    assert 8 <= len(upstream.got) / 3 <= 39
    assert len(upstream.got) + len(spare.got) == 120


async def test_a_target_is_tried_again_and_retry_after_is_heeded(team: Team, upstream: Upstream) -> None:
    await team.add("up", upstream.url, retries=2)
    upstream.answer = failing(429, times=2, retry_after="0.2")
    began = asyncio.get_running_loop().time()
    assert (await team.chat()).status_code == 200
    assert asyncio.get_running_loop().time() - began >= 0.4
    assert len(upstream.got) == 3


async def test_a_wait_that_is_too_long_is_the_client_s(team: Team, upstream: Upstream) -> None:
    await team.add("up", upstream.url, retries=2)
    upstream.answer = failing(429, retry_after="120")
    answer = await team.chat()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "120")
    assert len(upstream.got) == 1


async def test_a_request_that_is_wrong_is_not_tried_again(team: Team, upstream: Upstream) -> None:
    await team.add("up", upstream.url, retries=3)
    upstream.answer = failing(400)
    assert (await team.chat()).status_code == 400
    assert len(upstream.got) == 1


async def test_a_breaker_opens_and_health_says_so(ready: Team, upstream: Upstream) -> None:
    upstream.answer = failing(500)
    answers = Counter([(await ready.chat()).status_code for _ in range(7)])
    assert answers == {500: 5, 503: 2}
    refused = await ready.chat()
    assert 1 <= int(refused.headers["retry-after"]) <= 5
    assert len(upstream.got) == 5
    health = (await ready.admin.get("/api/gateway/health")).json()
    assert health == {"failing": [{"provider": "up", "model": "gpt-4o-mini", "state": "open"}]}


async def test_targets_that_speak_otherwise_cannot_share_a_name(ready: Team) -> None:
    await ready.add("claude", "http://127.0.0.1:9", kind="anthropic")
    wish = {"targets": [{"provider": "up", "model": "a"}, {"provider": "claude", "model": "b"}]}
    answer = await ready.admin.put("/api/gateway/models/fast", json=wish)
    assert answer.status_code == 400
    assert "speak alike" in answer.json()["detail"]


async def test_a_provider_behind_a_name_cannot_be_removed(ready: Team) -> None:
    await alias(ready, ("up", "gpt-4o-mini", 1))
    (provider,) = (await ready.admin.get("/api/gateway/providers")).json()["items"]
    assert (await ready.admin.delete(f"/api/gateway/providers/{provider['id']}")).status_code == 409
    (name,) = (await ready.admin.get("/api/gateway/models")).json()["items"]
    assert (await ready.admin.delete(f"/api/gateway/models/{name['id']}")).status_code == 204
    assert (await ready.admin.delete(f"/api/gateway/providers/{provider['id']}")).status_code == 204


# — what is reserved —


@dataclass
class Books:
    """Budgets that write everything down; `full` names a model for which nothing fits."""

    full: str = ""
    held: dict[UUID, Amounts] = field(default_factory=dict)
    reserved: list[tuple[Mapping[str, str], Amounts]] = field(default_factory=list)
    settled: list[tuple[Amounts, Amounts, bool]] = field(default_factory=list)
    released: int = 0

    async def reserve(
        self,
        team_id: UUID,
        project_id: UUID,
        dimensions: Mapping[str, str],
        bound: Amounts,
        lease_s: float,
        *,
        started_at: datetime | None = None,
    ) -> UUID:
        assert team_id != project_id
        assert started_at is not None
        if dimensions["model"] == self.full:
            raise LimitExceeded("The budget 'march' is used up until 1 April.", retry_after_s=3600)
        assert lease_s > 600
        reservation = new_id()
        self.held[reservation] = bound
        self.reserved.append((dict(dimensions), bound))
        return reservation

    async def settle(self, reservation: UUID, actual: Amounts, *, estimated: bool) -> None:
        self.settled.append((self.held.pop(reservation), actual, estimated))

    async def release(self, reservation: UUID) -> None:
        del self.held[reservation]
        self.released += 1


@pytest.fixture
def books(services: Services) -> Books:
    books = Books()
    services.llm.calls._budgets = books
    return books


async def closed(books: Books) -> bool:
    return not books.held


async def test_a_call_reserves_more_than_it_takes_and_settles_what_it_took(
    ready: Team, upstream: Upstream, books: Books
) -> None:
    headers = {"x-mno-user": "ada", "x-mno-session": "s", "x-mno-tags": "team=blue"}
    wish = {"model": "gpt-4o-mini", "messages": [], "max_tokens": 1000}
    assert (await ready.caller.post("/llm/up/v1/chat/completions", json=wish, headers=headers)).status_code == 200
    await eventually(lambda: closed(books), bool)
    dimensions, bound = books.reserved[0]
    assert dimensions == {
        "user": "ada",
        "session": "s",
        "api_key": ready.key_id,
        "provider": "openai",
        "model": "gpt-4o-mini",
        "tag:team": "blue",
    }
    (held, actual, estimated) = books.settled[0]
    assert held == bound
    assert actual == Amounts(11 * 150 + 7 * 600, 18, 1)
    assert not estimated
    assert bound.cost_nano is not None
    assert actual.cost_nano is not None
    assert bound.cost_nano >= 1000 * 600 > actual.cost_nano
    assert bound.tokens > 1000


async def test_a_budget_without_room_answers_before_any_provider(ready: Team, upstream: Upstream, books: Books) -> None:
    books.full = "gpt-4o-mini"
    answer = await ready.chat()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert "'march'" in answer.json()["error"]["message"]
    assert not upstream.got


async def test_a_failover_reserves_for_the_target_that_it_goes_to(
    two: Team, upstream: Upstream, spare: Upstream, books: Books
) -> None:
    upstream.answer = failing()
    await alias(two, ("up", "gpt-4o-mini", 1), ("spare", "gpt-5-mini", 0))
    assert (await two.chat(model="fast")).status_code == 200
    await eventually(lambda: closed(books), bool)
    assert [dimensions["model"] for dimensions, _ in books.reserved] == ["gpt-4o-mini", "gpt-5-mini"]
    assert (books.released, len(books.settled)) == (1, 1)


@pytest.mark.parametrize("status", [400, 500])
async def test_a_call_that_fails_takes_nothing(ready: Team, upstream: Upstream, books: Books, status: int) -> None:
    upstream.answer = failing(status)
    assert (await ready.chat()).status_code == status
    await eventually(lambda: closed(books), bool)
    assert (books.released, books.settled) == (1, [])


async def test_a_client_that_leaves_is_settled_as_an_estimate(ready: Team, upstream: Upstream, books: Books) -> None:
    async def endless(_: Got, wire: Wire) -> None:
        await wire.start_stream()
        await wire.event({"id": "c", "choices": [{"index": 0, "delta": {"content": "word " * 40}}]})
        await wire.until_gone()

    upstream.answer = endless
    wish = {"model": "gpt-4o-mini", "messages": [], "stream": True}
    async with ready.caller.stream("POST", "/llm/up/v1/chat/completions", json=wish) as answer:
        await anext(answer.aiter_raw())
    await eventually(lambda: closed(books), bool)
    ((_, actual, estimated),) = books.settled
    assert estimated
    assert actual.tokens > 50
    assert actual.cost_nano is not None
