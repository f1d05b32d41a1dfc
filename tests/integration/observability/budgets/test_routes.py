"""Budgets over HTTP: made, changed, looked at, removed; who may, and what is refused."""

import asyncio
from typing import Any

import httpx
import pytest

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.observability.budgets.model import Amounts
from mno.platform import clock
from mno.platform.clickhouse import ClickHouse
from mno.platform.errors import BudgetExhausted
from support.budgets import Tenancy, a_call, sent
from support.promises import PATIENCE_S

pytestmark = pytest.mark.usefixtures("in_one_day")

A_BUDGET = {"name": "Research", "limit": "10", "period": "day", "matches": {"model": "gpt-4o"}}


async def made(client: httpx.AsyncClient, **wish: Any) -> dict[str, Any]:
    answer = await client.post("/api/budgets", json={**A_BUDGET, **wish})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_budget_is_made_and_seen_as_it_stands(
    client: httpx.AsyncClient, services: Services, home: Home
) -> None:
    budget = await made(client, thresholds=[100, 50, 50])
    assert budget["limit"] == "10.000000000"
    assert budget["thresholds"] == [50, 100]
    assert budget["standing"]["remaining"] == "10.000000000"
    place, calls = (home.team.id, home.project.id), services.budgeting.budgets
    reservation = await calls.reserve(*place, {"model": "gpt-4o"}, Amounts(4_000_000_000, 10), 60)
    await calls.reserve(*place, {"model": "gpt-4o"}, Amounts(1_000_000_000, 10), 60)
    await calls.settle(reservation, Amounts(2_500_000_000, 10))
    one = (await client.get(f"/api/budgets/{budget['id']}")).json()
    listed = (await client.get("/api/budgets")).json()["items"]
    assert listed == [one]
    standing = one["standing"]
    assert (standing["spent"], standing["reserved"], standing["remaining"]) == (
        "2.500000000",
        "1.000000000",
        "6.500000000",
    )
    assert standing["percent"] == 25.0
    with pytest.raises(BudgetExhausted, match="'Research'"):
        await calls.reserve(*place, {"model": "gpt-4o"}, Amounts(6_500_000_001, 10), 60)


async def test_a_change_holds_for_the_next_call_and_what_is_counted_stays(
    client: httpx.AsyncClient, services: Services, home: Home
) -> None:
    budget = await made(client, limit="1", unit="calls")
    place, calls = (home.team.id, home.project.id), services.budgeting.budgets
    await calls.reserve(*place, {"model": "gpt-4o"}, Amounts(None, 10), 60)
    with pytest.raises(BudgetExhausted):
        await calls.reserve(*place, {"model": "gpt-4o"}, Amounts(None, 10), 60)
    change = {"name": "More", "limit": 2, "version": budget["version"]}
    changed = await client.put(f"/api/budgets/{budget['id']}", json=change)
    assert changed.status_code == 200, changed.text
    assert changed.json()["standing"]["reserved"] == "1"
    await calls.reserve(*place, {"model": "gpt-4o"}, Amounts(None, 10), 60)
    assert (await client.put(f"/api/budgets/{budget['id']}", json=change)).status_code == 409
    assert (await client.delete(f"/api/budgets/{budget['id']}")).status_code == 204
    assert (await client.get(f"/api/budgets/{budget['id']}")).status_code == 404
    await calls.reserve(*place, {"model": "gpt-4o"}, Amounts(None, 10), 60)
    logged = (await client.get("/api/audit/logs")).json()["items"]
    actions = [entry["action"] for entry in logged if entry["action"].startswith("budgets.")]
    assert actions == ["budgets.delete", "budgets.write", "budgets.create"]


@pytest.mark.parametrize(
    "wish",
    [
        {"name": " "},
        {"limit": "-1"},
        {"limit": "1e30"},
        {"limit": "1.5", "unit": "calls"},
        {"unit": "tokens", "status": 402},
        {"unit": "tokens", "unpriced": "block"},
        {"unpriced": "price"},
        {"status": 500},
        {"thresholds": [0]},
        {"thresholds": list(range(1, 20))},
        {"matches": {"colour": "red"}},
        {"matches": {"user": ""}},
        {"per": "team"},
        {"per": "model"},
        {"period": "rolling"},
        {"period": "rolling", "rolling_s": 60},
        {"period": "day", "rolling_s": 3_600},
        {"period": "year"},
        {"spent": "5"},
    ],
)
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, wish: dict[str, Any]) -> None:
    answer = await client.post("/api/budgets", json={**A_BUDGET, **wish})
    assert answer.status_code == 400, answer.text
    assert (await client.get("/api/budgets")).json()["items"] == []


async def test_a_name_is_taken_once(client: httpx.AsyncClient) -> None:
    first, second = await made(client), await made(client, name="Other")
    assert (await client.post("/api/budgets", json={**A_BUDGET, "name": "research"})).status_code == 409
    change = {"name": first["name"], "limit": 2, "version": 1}
    assert (await client.put(f"/api/budgets/{second['id']}", json=change)).status_code == 409


async def test_usage_before_the_budget_counts_and_burns_down(client: httpx.AsyncClient) -> None:
    events = [
        {"provider": "openai", "model": "gpt-4o", "input_tokens": 1_000, "cost": cost, "user": user}
        for cost, user in ((0.25, "ann"), (0.5, "bob"), (0.25, "bob"))
    ]
    assert (await client.post("/api/usage-events", json=events)).status_code < 300
    async with asyncio.timeout(PATIENCE_S):
        budget = await made(client, name="Each user", per="user")
        while budget["standing"]["spent"] != "0.750000000":
            await client.delete(f"/api/budgets/{budget['id']}")
            budget = await made(client, name="Each user", per="user")
    assert (budget["standing"]["who"], budget["standing"]["percent"]) == ("bob", 7.5)
    counters = (await client.get(f"/api/budgets/{budget['id']}/counters")).json()["items"]
    assert [(one["who"], one["spent"]) for one in counters] == [("bob", "0.750000000"), ("ann", "0.250000000")]
    burnt: dict[str, Any] = {"steps": []}
    async with asyncio.timeout(PATIENCE_S):
        while not burnt["steps"]:  # the usage follows its spans a moment later
            burnt = (await client.get(f"/api/budgets/{budget['id']}/burn-down", params={"who": "ann"})).json()
    assert burnt["standing"]["who"] == "ann"
    assert [step["spent"] for step in burnt["steps"]] == ["0.250000000"]
    fullest = (await client.get(f"/api/budgets/{budget['id']}/burn-down")).json()
    assert fullest["steps"][-1]["spent"] == "0.750000000"


async def test_a_burn_down_goes_on_to_the_end_of_the_period_with_a_run_out(
    client: httpx.AsyncClient, home: Home, clickhouse: ClickHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = clock.now().replace(day=15, hour=12)  # neither does the month begin nor end
    monkeypatch.setattr(clock, "now", lambda: noon)
    tenancy = Tenancy(home.team.id, home.project.id)
    calls = [a_call(hour, 1_000_000_000, minutes_ago=60 * hour + 1) for hour in range(21 * 24)]
    sent(clickhouse, tenancy, *calls)
    lasting = await made(client, limit="1000000", period="month")
    burnt = (await client.get(f"/api/budgets/{lasting['id']}/burn-down")).json()
    last = burnt["forecast"][-1]
    assert last["at"] == lasting["standing"]["resets_at"]
    assert float(last["lower"]) <= float(last["median"]) <= float(last["upper"])
    assert float(burnt["steps"][-1]["spent"]) <= float(last["upper"])
    assert burnt["runs_out_at"] is None
    scarce = await made(client, name="Scarce", limit="0.5", period="month")
    assert (await client.get(f"/api/budgets/{scarce['id']}/burn-down")).json()["runs_out_at"] is not None
    for period in ({"period": "hour"}, {"period": "rolling", "rolling_s": 86_400}):
        other = await made(client, name=period["period"], **period)
        assert (await client.get(f"/api/budgets/{other['id']}/burn-down")).json()["forecast"] == []


async def test_spend_that_arrives_fills_a_budget_within_seconds(
    client: httpx.AsyncClient, services: Services, home: Home
) -> None:
    await made(client, limit="1", of="team")
    event = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1_000, "cost": 0.75}
    assert (await client.post("/api/usage-events", json=[event])).status_code < 300
    spent = ""
    async with asyncio.timeout(PATIENCE_S):
        while spent != "0.750000000":
            spent = (await client.get("/api/budgets")).json()["items"][0]["standing"]["spent"]
    with pytest.raises(BudgetExhausted):
        await services.budgeting.budgets.reserve(
            home.team.id, home.project.id, {"model": "gpt-4o"}, Amounts(250_000_001, 1), 60
        )


async def test_who_may_look_may_not_change(client: httpx.AsyncClient) -> None:
    budget = await made(client)
    key = (await client.post("/api/keys", json={"name": "looker", "scopes": ["read"]})).json()["key"]
    headers = {"authorization": f"Bearer {key}"}
    assert (await client.get(f"/api/budgets/{budget['id']}", headers=headers)).status_code == 200
    change = {"name": "Mine", "limit": 2, "version": 1}
    for answer in (
        await client.post("/api/budgets", json=A_BUDGET, headers=headers),
        await client.put(f"/api/budgets/{budget['id']}", json=change, headers=headers),
        await client.delete(f"/api/budgets/{budget['id']}", headers=headers),
        await client.post("/api/ledger/credits", json={"amount": "1", "note": "x"}, headers=headers),
    ):
        assert answer.status_code == 403, answer.text


async def test_a_budget_of_the_team_is_not_shown_to_a_key_of_one_project(client: httpx.AsyncClient) -> None:
    budget = await made(client, of="team")
    assert budget["project"] is None
    key = (await client.post("/api/keys", json={"name": "narrow", "scopes": ["admin"]})).json()["key"]
    headers = {"authorization": f"Bearer {key}"}
    assert (await client.get("/api/budgets", headers=headers)).json()["items"] == []
    assert (await client.get(f"/api/budgets/{budget['id']}", headers=headers)).status_code == 404
    wish = {**A_BUDGET, "name": "Wide", "of": "team"}
    assert (await client.post("/api/budgets", json=wish, headers=headers)).status_code == 403
