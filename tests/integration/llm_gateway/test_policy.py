"""What a key may ask, how fast, and for which project a provider is."""

import asyncio
from typing import Any

import orjson
import pytest

from integration.llm_gateway.conftest import CHAT, Team
from mno.bootstrap import Services
from mno.identity.model import Home
from mno.platform.ids import parsed
from support.upstream import Got, Upstream, Wire, completion


async def test_a_key_asks_only_its_models_and_providers(ready: Team, upstream: Upstream) -> None:
    await ready.add("other", upstream.url)
    await ready.limit(providers=["up"], models=["gpt-4o*"])
    assert (await ready.chat()).status_code == 200
    refused = await ready.chat(model="gpt-5")
    assert refused.status_code == 403
    assert "gpt-4o*" in refused.json()["error"]["message"]
    assert (await ready.chat(provider="other")).status_code == 403
    assert len(upstream.got) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/llm/up/v1/batches", 403),
        ("POST", "/llm/up/v1/fine_tuning/jobs", 403),
        ("POST", "/llm/up/v1/images/edits", 403),
        ("GET", "/llm/up/v1/models", 200),
        ("POST", "/llm/up/v1/moderations", 200),
    ],
)
async def test_a_key_for_certain_models_has_no_way_around_them(
    ready: Team, method: str, path: str, status: int
) -> None:
    await ready.limit(models=["gpt-4o*"])
    assert (await ready.caller.request(method, path, json={} if method == "POST" else None)).status_code == status


async def test_the_model_of_a_form_is_judged_as_well(ready: Team, upstream: Upstream) -> None:
    await ready.limit(models=["whisper-*"])
    for model, status in (("whisper-1", 200), ("gpt-4o-transcribe", 403)):
        answer = await ready.caller.post(
            "/llm/up/v1/audio/transcriptions", files={"file": ("a.wav", b"RIFF")}, data={"model": model}
        )
        assert answer.status_code == status, model
    assert len(upstream.got) == 1


async def test_the_largest_output_holds_also_where_the_request_names_none(ready: Team, upstream: Upstream) -> None:
    await ready.limit(output_tokens=100)
    assert (await ready.chat(max_completion_tokens=100)).status_code == 200
    assert (await ready.chat()).status_code == 200
    refused = await ready.chat(max_tokens=60, n=2)
    assert refused.status_code == 400
    assert "100 tokens" in refused.json()["error"]["message"]
    assert [one.json.get("max_completion_tokens") for one in upstream.got] == [100, 100]


async def test_requests_of_a_minute_end_with_a_429_that_says_when(ready: Team, upstream: Upstream) -> None:
    await ready.limit(requests_per_minute=2)
    answers = [await ready.chat() for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    assert "2 requests a minute" in answers[2].json()["error"]["message"]


async def test_tokens_of_a_minute_are_counted_as_the_provider_counts_them(ready: Team, upstream: Upstream) -> None:
    async def dear(_: Got, wire: Wire) -> None:
        await wire.json(completion(prompt_tokens=500, completion_tokens=500))

    upstream.answer = dear
    await ready.limit(tokens_per_minute=900)
    assert [(await ready.chat()).status_code for _ in range(2)] == [200, 429]


async def test_calls_at_one_time_are_bounded(ready: Team, upstream: Upstream) -> None:
    go_on = asyncio.Event()

    async def waits(_: Got, wire: Wire) -> None:
        await go_on.wait()
        await wire.json(completion())

    upstream.answer = waits
    await ready.limit(concurrent_calls=2)
    running = [asyncio.create_task(ready.chat()) for _ in range(2)]
    while len(upstream.got) < 2:
        await asyncio.sleep(0.01)
    refused = await ready.chat()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    go_on.set()
    assert [(await one).status_code for one in running] == [200, 200]
    assert (await ready.chat()).status_code == 200


async def test_a_provider_for_another_project_is_not_there(
    team: Team, upstream: Upstream, services: Services, home: Home
) -> None:
    project = (await team.admin.post("/api/projects", json={"name": "Other"})).json()["id"]
    await team.add("up", upstream.url, projects=[project])
    assert (await team.chat()).status_code == 404
    theirs = "mno_" + "theirs0123" * 4
    async with services.engines.database.across_teams() as tx:
        await services.access.keys.ensure(tx, home.team.id, parsed("prj", project), "theirs", theirs)
    team.caller.headers["authorization"] = f"Bearer {theirs}"
    assert (await team.chat()).status_code == 200


async def test_a_key_for_one_agent_calls_models_as_that_agent(ready: Team, upstream: Upstream) -> None:
    made = await ready.admin.post("/api/keys", json={"name": "a", "scopes": ["gateway"], "agent": "planner"})
    ready.caller.headers.update({"authorization": f"Bearer {made.json()['key']}", "x-mno-agent": "another"})
    assert (await ready.chat()).status_code == 200
    assert (await ready.spans(1))[0]["agent"] == "planner"


async def test_a_change_counts_at_once_and_is_audited_without_the_credential(team: Team, upstream: Upstream) -> None:
    made = await team.add("up", upstream.url)
    assert made["has_credential"] is True
    assert (await team.chat()).status_code == 200
    wish: dict[str, Any] = {"name": "up", "kind": "openai-compatible", "base_url": upstream.url}
    changed = await team.set_up(f"providers/{made['id']}", {**wish, "credential": "sk-another"}, method="PUT")
    assert changed["has_credential"] is True
    assert (await team.chat()).status_code == 200
    assert upstream.got[-1].headers["authorization"] == "Bearer sk-another"
    moved = await team.admin.put(
        f"/api/gateway/providers/{made['id']}", json={**wish, "base_url": "https://elsewhere.example"}
    )
    assert moved.status_code == 409, "a credential must not be sent to an address that it was not given for"
    assert (await team.admin.delete(f"/api/gateway/providers/{made['id']}")).status_code == 204
    assert (await team.chat()).status_code == 404
    log = (await team.admin.get("/api/audit/logs")).json()["items"]
    actions = [entry["action"] for entry in log if entry["action"].startswith("gateway_providers.")]
    assert actions == ["gateway_providers.delete", "gateway_providers.change", "gateway_providers.create"]
    assert b"sk-" not in orjson.dumps([entry for entry in log if entry["action"] in actions])


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "Has Spaces"},
        {"base_url": "ftp://example.com"},
        {"base_url": "http://user:password@example.com"},
        {"base_url": "http://example.com/?key=1"},
        {"base_url": ""},
        {"credential": "two\nlines"},
        {"retries": 9},
        {"models": [""]},
        {"surprise": 1},
    ],
)
async def test_a_provider_that_cannot_be_is_refused(team: Team, wish: dict[str, Any]) -> None:
    whole = {"name": "up", "kind": "openai-compatible", "base_url": "http://10.0.0.1:8000", **wish}
    assert (await team.admin.post("/api/gateway/providers", json=whole)).status_code == 400
    assert (await team.admin.get("/api/gateway/providers")).json()["items"] == []


async def test_only_who_may_for_the_whole_team_sets_the_gateway_up(ready: Team, upstream: Upstream) -> None:
    made = await ready.admin.post("/api/keys", json={"name": "admin", "scopes": ["admin"]})
    headers = {"authorization": f"Bearer {made.json()['key']}"}
    wish = {"name": "mine", "kind": "openai", "credential": "sk-x"}
    assert (await ready.caller.post("/api/gateway/providers", json=wish, headers=headers)).status_code == 403
    policy = await ready.caller.put(f"/api/gateway/keys/{ready.key_id}", json={}, headers=headers)
    assert policy.status_code == 403
    assert (await ready.caller.get("/api/gateway/providers", headers=headers)).status_code == 200


def test_the_question_of_these_tests_names_its_model() -> None:
    assert CHAT["model"] == "gpt-4o-mini"


async def test_what_is_set_for_the_project_counts_at_once(ready: Team, upstream: Upstream) -> None:
    async def settings(**values: Any) -> None:
        named = {f"llm.{name}": value for name, value in values.items()}
        answer = await ready.admin.put("/api/config/system", json={"level": "project", "values": named})
        assert answer.status_code == 200, answer.text

    await settings(model="gpt-4o-mini", max_output_tokens=64)
    assert (await ready.caller.post("/llm/up/v1/chat/completions", json={"messages": []})).status_code == 200
    assert upstream.got[-1].json == {"messages": [], "model": "gpt-4o-mini", "max_completion_tokens": 64}
    assert (await ready.chat(max_tokens=200)).status_code == 200
    assert upstream.got[-1].json == {**CHAT, "max_tokens": 200}
    await settings(providers=["openai", "anthropic"])
    refused = await ready.chat()
    assert refused.status_code == 403
    assert "llm.providers" in refused.json()["error"]["message"]
    await settings(providers=None, model=None, max_output_tokens=None)
    assert (await ready.chat()).status_code == 200
    assert upstream.got[-1].json == CHAT
