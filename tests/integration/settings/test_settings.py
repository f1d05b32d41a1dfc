"""Settings hold at once on every node, say what a save changes, and can be taken back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import pytest

from mno.audit.service import Audit
from mno.bootstrap import Services
from mno.platform import origin
from mno.platform.database import Database
from mno.platform.errors import Conflict, Denied, Invalid
from mno.platform.ids import parsed
from mno.platform.origin import Origin
from mno.platform.permissions import ALL, SYSTEMS
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.scope import Level
from mno.platform.versions import Versions
from mno.settings.service import Settings
from support.promises import PATIENCE_S


@pytest.fixture
async def node(database: Database) -> AsyncIterator["Node"]:
    async with AsyncExitStack() as stack:
        yield Node(database, stack)


class Node:
    """Starts nodes: each has memory and ears of its own over the one database."""

    def __init__(self, database: Database, stack: AsyncExitStack) -> None:
        self._database = database
        self._stack = stack

    async def start(self) -> Settings:
        versions = Versions(self._database)
        settings = Settings(self._database, versions, Audit(self._database))
        await self._stack.enter_async_context(versions.running())
        await self._stack.enter_async_context(settings.running())
        return settings


def an_owner() -> Principal:
    return Principal(PrincipalKind.USER, uuid4(), "Ann", uuid4(), uuid4(), ALL, ALL, ALL)


async def test_the_narrowest_level_wins_and_the_default_is_last(node: Node) -> None:
    settings, owner = await node.start(), an_owner()

    def days() -> object:
        return settings.value("retention.spans_days", owner.team_id, owner.project_id)

    assert days() == 0
    for level, value in ((Level.HUB, 90), (Level.TEAM, 60), (Level.PROJECT, 30)):
        await settings.change(owner, level, {"retention.spans_days": value})
        assert days() == value
    assert settings.value("retention.spans_days", owner.team_id) == 60
    assert settings.value("retention.spans_days") == 90
    await settings.change(owner, Level.PROJECT, {"retention.spans_days": None})
    assert days() == 60


async def test_a_save_counts_on_another_node_soon(node: Node) -> None:
    here, there, owner = await node.start(), await node.start(), an_owner()
    await here.change(owner, Level.TEAM, {"security.allowed_addresses": ["203.0.113.0/24"]})
    async with asyncio.timeout(PATIENCE_S):
        while not there.allowed_networks(owner.team_id):
            await asyncio.sleep(0.01)
    assert [str(one) for one in there.allowed_networks(owner.team_id)] == ["203.0.113.0/24"]
    assert there.allowed_networks(None) == ()


async def test_a_preview_says_what_a_save_would_change_and_saves_nothing(node: Node) -> None:
    settings, owner = await node.start(), an_owner()
    changes, revision = await settings.change(owner, Level.TEAM, {"systems.costs": False}, preview=True)
    assert [(one.name, one.before, one.after) for one in changes] == [("systems.costs", None, False)]
    assert revision == 0
    assert settings.value("systems.costs", owner.team_id) is True
    assert await settings.history(owner, Level.TEAM, None) == []


async def test_a_save_on_an_old_look_is_a_conflict(node: Node) -> None:
    settings, owner = await node.start(), an_owner()
    await settings.change(owner, Level.TEAM, {"systems.costs": False}, expected=0)
    with pytest.raises(Conflict, match="revision 1"):
        await settings.change(owner, Level.TEAM, {"systems.costs": True}, expected=0)


async def test_of_two_saves_on_the_same_look_one_wins(node: Node) -> None:
    settings, owner = await node.start(), an_owner()
    saves = [settings.change(owner, Level.TEAM, {"retention.logs_days": days}, expected=0) for days in range(1, 6)]
    outcomes = await asyncio.gather(*saves, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict"] * 4 + ["tuple"]


async def test_a_rollback_brings_back_what_held_after_a_save(node: Node) -> None:
    settings, owner = await node.start(), an_owner()
    await settings.change(owner, Level.TEAM, {"retention.logs_days": 1, "general.language": "en"}, note="first")
    await settings.change(owner, Level.TEAM, {"retention.logs_days": 2, "systems.costs": False})
    await settings.change(owner, Level.TEAM, {"retention.logs_days": None, "general.language": "zh-Hant"})
    preview, _ = await settings.roll_back(owner, Level.TEAM, 1, preview=True)
    assert {one.name: one.after for one in preview} == {
        "retention.logs_days": 1, "general.language": "en", "systems.costs": None,
    }  # fmt: skip
    await settings.roll_back(owner, Level.TEAM, 1)
    held = [
        settings.value(name, owner.team_id) for name in ("retention.logs_days", "general.language", "systems.costs")
    ]
    assert held == [1, "en", True]
    history = await settings.history(owner, Level.TEAM, None)
    assert [revision.note for revision in history] == ["back to revision 1", "", "", "first"]
    with pytest.raises(Invalid, match="revision 9"):
        await settings.roll_back(owner, Level.TEAM, 9)


async def test_nobody_locks_themselves_out_without_saying_so(node: Node) -> None:
    settings, owner = await node.start(), an_owner()
    origin.set_current(Origin(address="198.51.100.7"))
    wanted = {"security.allowed_addresses": ["203.0.113.0/24"]}
    with pytest.raises(Conflict, match=r"198\.51\.100\.7"):
        await settings.change(owner, Level.TEAM, wanted)
    await settings.change(owner, Level.TEAM, {"security.allowed_addresses": ["198.51.100.0/24"]})
    await settings.change(owner, Level.TEAM, wanted, confirmed=True)


async def test_other_proxies_want_a_word_while_a_list_of_addresses_stands(node: Node) -> None:
    settings, owner = await node.start(), an_owner()
    origin.set_current(Origin(address="198.51.100.7"))
    proxies = {"security.trusted_proxies": ["10.0.0.0/8"]}
    await settings.change(owner, Level.HUB, proxies)
    await settings.change(owner, Level.HUB, {"security.allowed_addresses": ["198.51.100.0/24"]})
    with pytest.raises(Conflict, match="trusted proxies"):
        await settings.change(owner, Level.HUB, {"security.trusted_proxies": None})
    with pytest.raises(Conflict, match="trusted proxies"):
        await settings.roll_back(owner, Level.HUB, 0)
    await settings.change(owner, Level.HUB, {"security.trusted_proxies": None}, confirmed=True)


@pytest.mark.parametrize("level", [Level.HUB, Level.TEAM, Level.PROJECT])
async def test_each_level_wants_its_own_permission(node: Node, level: Level) -> None:
    settings, owner = await node.start(), an_owner()
    nothing: frozenset[str] = frozenset()
    nobody = {
        Level.HUB: replace(owner, hub_permissions=nothing),
        Level.TEAM: replace(owner, team_permissions=nothing),
        Level.PROJECT: replace(owner, permissions=nothing),
    }[level]
    with pytest.raises(Denied, match="settings"):
        await settings.listing(nobody, level)
    with pytest.raises(Denied, match="settings"):
        await settings.change(nobody, level, {"retention.spans_days": 1})


async def test_another_team_s_settings_are_its_own(node: Node) -> None:
    settings, mine, theirs = await node.start(), an_owner(), an_owner()
    await settings.change(mine, Level.TEAM, {"systems.costs": False})
    assert settings.value("systems.costs", theirs.team_id) is True
    items, revision = await settings.listing(theirs, Level.TEAM)
    assert revision == 0
    assert all(item.own is None for item in items)


async def test_a_save_is_in_the_audit_log_with_its_difference(node: Node, database: Database) -> None:
    settings, owner = await node.start(), an_owner()
    await settings.change(owner, Level.TEAM, {"retention.logs_days": 7})
    async with database.transaction(owner.team_id) as tx:
        rows = await (await tx.execute("SELECT action, resource FROM audit_entries")).fetchall()
    assert rows == [{"action": "settings.write", "resource": f"team_{owner.team_id.hex}"}]


# — over HTTP —


async def test_the_api_lists_previews_saves_and_rolls_back(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/config/system?level=project")).json()
    names = {item["name"]: item for item in listed["items"]}
    assert names["retention.spans_days"]["value"] == 0
    assert names["retention.spans_days"]["words"]["zh-Hant"]["title"]
    assert "mail.host" not in names
    wish = {"level": "project", "values": {"retention.spans_days": 30}, "revision": listed["revision"]}
    previewed = (await client.put("/api/config/system", json={**wish, "preview": True})).json()
    assert previewed == {
        "revision": 0, "saved": False, "changes": [{"name": "retention.spans_days", "before": None, "after": 30}],
    }  # fmt: skip
    assert (await client.put("/api/config/system", json=wish)).json()["saved"] is True
    assert (await client.put("/api/config/system", json=wish)).status_code == 409
    history = (await client.get("/api/config/system/history?level=project")).json()
    assert [one["changes"][0]["after"] for one in history["items"]] == [30]
    rolled = await client.post("/api/config/system/rollback", json={"level": "project", "to": 0})
    assert rolled.json()["changes"] == [{"name": "retention.spans_days", "before": 30, "after": None}]


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"level": "planet", "values": {}}, 400),
        ({"level": "project", "values": {"nonsense": 1}}, 400),
        ({"level": "project", "values": {"retention.spans_days": "no"}}, 400),
        ({"level": "team", "values": {}, "team_id": str(UUID(int=0))}, 400),
        ({"level": "team"}, 400),
    ],
)
async def test_bad_wishes_are_refused(client: httpx.AsyncClient, wish: dict[str, object], status: int) -> None:
    assert (await client.put("/api/config/system", json=wish)).status_code == status


async def test_redaction_can_be_tried_before_it_is_saved(client: httpx.AsyncClient) -> None:
    trial = {"text": "ann@example.com has TCK-7", "detectors": ["email"]}
    pattern = {"name": "ticket", "pattern": "TCK-[0-9]+", "replacement": "<t>"}
    answer = await client.post("/api/config/system/redaction/trial", json={**trial, "patterns": [pattern]})
    assert answer.json()["text"] == "[email] has <t>"
    assert [(one["rule"], one["start"], one["end"]) for one in answer.json()["found"]] == [
        ("email", 0, 15), ("pattern:ticket", 20, 25),
    ]  # fmt: skip
    bad = await client.post(
        "/api/config/system/redaction/trial", json={**trial, "patterns": [{**pattern, "pattern": "("}]}
    )
    assert bad.status_code == 400


async def test_a_team_s_list_keeps_its_members_out_and_the_hub_s_environment_shows_no_secret(
    client: httpx.AsyncClient,
) -> None:
    shown = (await client.get("/api/config/system?level=hub")).json()
    assert {"name": "MNO_POSTGRES_URL", "value": "embedded"} in shown["environment"]
    wish = {"level": "team", "values": {"security.allowed_addresses": ["203.0.113.0/24"]}, "confirmed": True}
    assert (await client.put("/api/config/system", json=wish)).status_code == 200
    refused = await client.get("/api/usage/summary")
    assert refused.status_code == 403
    assert "127.0.0.1" in refused.json()["detail"]


async def test_a_system_that_is_switched_off_is_refused_by_its_name_and_data_still_comes_in(
    client: httpx.AsyncClient,
) -> None:
    for off, path, other in (
        ("costs", "/api/usage/summary", "/api/traces"),
        ("monitor", "/api/traces", "/api/usage/summary"),
    ):
        wish = {"level": "team", "values": {f"systems.{off}": False}}
        assert (await client.put("/api/config/system", json=wish)).status_code == 200
        refused = await client.get(path)
        assert refused.status_code == 403
        assert f"systems.{off}" in refused.json()["detail"]
        held = (await client.get("/api/auth/session")).json()["permissions"]
        assert not SYSTEMS[off] & set(held)
        assert (await client.get(other)).status_code == 200
        assert (await client.post("/api/usage-events", json=[])).status_code == 200
        wish["values"] = {f"systems.{off}": None}
        assert (await client.put("/api/config/system", json=wish)).status_code == 200
        assert (await client.get(path)).status_code == 200


async def test_a_team_s_list_holds_also_for_who_acts_on_it_out_of_another_team(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, services: Services
) -> None:
    link = httpx.URL((await client.post("/api/auth/link")).json()["url"])
    anonymous.headers["sec-fetch-site"] = "same-origin"
    assert (await anonymous.get(f"{link.path}?{link.query.decode()}")).status_code == 303
    closed = (await anonymous.post("/api/teams", json={"name": "Closed"})).json()["id"]
    project = (await anonymous.post("/api/projects", json={"name": "Wanderer"})).json()["id"]
    writer = replace(an_owner(), team_id=parsed("team", closed))
    origin.set_current(Origin())
    await services.settings.change(writer, Level.TEAM, {"security.allowed_addresses": ["203.0.113.0/24"]})
    for answer in (
        await anonymous.patch(f"/api/teams/{closed}", json={"name": "Open"}),
        await anonymous.post(f"/api/teams/{closed}/archive"),
        await anonymous.post(f"/api/projects/{project}/move", json={"team_id": closed}),
    ):
        assert (answer.status_code, "not open" in answer.text) == (403, True), answer.text
