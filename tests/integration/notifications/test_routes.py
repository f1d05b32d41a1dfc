"""Channels over HTTP, in the whole application."""

from typing import Any

import httpx
import pytest

from mno.notifications.model import ChannelKind
from mno.platform.database import Database
from support.channels import ADDRESSES, TOKEN

SLACK = {"name": "ops", "kind": "slack", "address": ADDRESSES[ChannelKind.SLACK], "language": "zh-Hant"}


async def test_a_channel_is_added_changed_listed_and_removed_and_its_address_never_shown(
    client: httpx.AsyncClient,
) -> None:
    made = await client.post("/api/channels", json=SLACK)
    assert made.status_code == 201, made.text
    channel = made.json()
    assert (channel["host"], channel["language"], channel["secret"]) == ("hooks.slack.com", "zh-Hant", "")
    path = f"/api/channels/{channel['id']}"
    changed = await client.put(path, json={"name": "on call", "kind": "slack"})
    assert changed.json()["name"] == "on call"
    listed = await client.get("/api/channels")
    assert [one["name"] for one in listed.json()["items"]] == ["on call"]
    for answer in (made, changed, listed, await client.get("/api/audit/logs")):
        assert TOKEN not in answer.text
    assert (await client.delete(path)).status_code == 204
    assert (await client.get("/api/channels")).json()["items"] == []
    assert (await client.post(f"{path}/test")).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": f"{SLACK['address']}/{TOKEN}"},
        {"secret": TOKEN * 50},
        {"kind": "sendgrid", "api_key": [TOKEN]},
        {"name": "", "address": SLACK["address"]},
        {"kind": "email", "receivers": ["ada@example.com"]},
    ],
)
async def test_a_refusal_does_not_repeat_what_is_secret(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    refused = await client.post("/api/channels", json=SLACK | wrong)
    assert refused.status_code == 400
    assert TOKEN not in refused.text
    assert (await client.get("/api/channels")).json()["items"] == []


async def test_a_test_s_outcome_is_the_answer_and_stands_in_the_list(client: httpx.AsyncClient) -> None:
    wish = {"name": "hook", "kind": "webhook", "address": "http://169.254.169.254/latest"}
    made = (await client.post("/api/channels", json=wish)).json()
    assert made["secret"].startswith("whsec_")
    path = f"/api/channels/{made['id']}"
    tested = await client.post(f"{path}/test")
    assert tested.status_code == 200
    (outcome,) = tested.json()["items"]
    assert outcome["state"] == "dead"
    assert "not a public address" in outcome["error"]
    assert (await client.get(f"{path}/deliveries")).json()["items"] == [outcome]
    assert (await client.get(f"{path}/deliveries?state=delivered")).json()["items"] == []
    page = (await client.get(f"{path}/deliveries?limit=1")).json()
    older = await client.get(f"{path}/deliveries?limit=1&before={page['next']}")
    assert older.json() == {"items": [], "next": None}
    assert (await client.post(f"{path}/replay")).json() == {"replayed": 1}


async def test_the_kinds_say_what_they_need(client: httpx.AsyncClient) -> None:
    kinds = {one["kind"]: one for one in (await client.get("/api/channels/kinds")).json()["items"]}
    assert set(kinds) == set(ChannelKind)
    assert kinds["sendgrid"]["required"] == ["api_key", "sender", "receivers"]
    assert (kinds["dingtalk"]["required"], kinds["dingtalk"]["optional"]) == (["address"], ["secret"])


async def test_who_may_read_may_not_write_and_roles_know_it(client: httpx.AsyncClient, database: Database) -> None:
    async with database.across_teams() as tx:
        found = await tx.execute("SELECT id::text, permissions FROM identity_roles WHERE team_id IS NULL")
        rows = await found.fetchall()
    named = {row["id"][-1]: set(row["permissions"]) for row in rows}
    assert "channels.*" in named["2"]
    assert {"channels.read", "alerts.write"} <= named["3"]
    assert {"channels.read", "alerts.read"} <= named["4"]
    assert not any("channels.write" in named[role] for role in "34")
