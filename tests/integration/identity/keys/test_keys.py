"""What a key may, from where, for how long; and how soon its end counts everywhere."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from mno.identity.keys import store
from mno.identity.keys.model import LAST_USE_RESOLUTION, ApiKey, KeyChange, KeyScope, KeyWish
from mno.identity.memory import AGING_S, REMEMBERED_S, RememberedPrincipals
from mno.identity.model import ADMIN_ROLE, OPERATOR_ROLE, OWNER_ROLE, VIEWER_ROLE, Home, Project
from mno.identity.policy.grants.service import GrantWish
from mno.identity.policy.model import Effect, SubjectKind
from mno.identity.service import owner_of
from mno.identity.store import insert_project
from mno.platform import clock, crypto, origin
from mno.platform.database import Database
from mno.platform.errors import Denied, Invalid, LimitExceeded, NotFound, Unauthenticated
from mno.platform.ids import new_id
from mno.platform.permissions import PROJECT
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope
from support.engines import opened
from support.nodes import Node, a_node, node_over
from support.promises import PATIENCE_S, holds_within

INGEST = KeyWish("app", (KeyScope.INGEST,))
READ = KeyWish("reader", (KeyScope.READ,))


@pytest.fixture
def node(database: Database) -> Node:
    return node_over(database)


@pytest.fixture
async def home(node: Node) -> Home:
    return await node.identity.ensure_home()


@pytest.fixture
def owner(home: Home) -> Principal:
    return owner_of(home, "test")


async def another_project(node: Node, home: Home) -> UUID:
    project = Project(new_id(), home.team.id, "another", clock.now())
    async with node.database.transaction(home.team.id) as tx:
        await insert_project(tx, project)
    return project.id


async def keys_of(node: Node, principal: Principal) -> list[ApiKey]:
    return await node.access.keys.page(principal, 0)


# — what it may —


@pytest.mark.parametrize(
    ("scope", "may", "may_not"),
    [
        (KeyScope.INGEST, {"spans.write"}, {"spans.read", "keys.read"}),
        (KeyScope.READ, {"spans.read", "usage.read", "keys.read"}, {"spans.write", "keys.write", "members.read"}),
        (KeyScope.ADMIN, {"spans.write", "keys.write", "settings.write"}, {"secrets.use", "members.write", "hub.read"}),
    ],
)
async def test_a_key_may_what_its_scope_says(
    node: Node, owner: Principal, scope: KeyScope, may: set[str], may_not: set[str]
) -> None:
    _, secret = await node.access.keys.create(owner, KeyWish("key", (scope,)))
    principal = await node.identity.principal_of_key(secret)
    assert all(principal.may(name) for name in may)
    assert not any(principal.may(name) for name in may_not)


async def test_single_permissions_stand_beside_scopes(node: Node, owner: Principal) -> None:
    wish = KeyWish("directory", permissions=("directory.write", "usage.read"))
    _, secret = await node.access.keys.create(owner, wish)
    principal = await node.identity.principal_of_key(secret)
    assert principal.may("directory.write")
    assert principal.may("usage.read")
    assert not principal.may("spans.read")


async def test_a_key_may_nothing_in_another_project(node: Node, home: Home, owner: Principal) -> None:
    other = await another_project(node, home)
    key, secret = await node.access.keys.create(owner, READ)
    person = await node.acting(home, home.owner.id)
    wish = GrantWish(SubjectKind.API_KEY, key.id, OWNER_ROLE, Level.TEAM)
    await node.access.grants.create(person, wish)
    principal = await node.identity.principal_of_key(secret)
    assert principal.may("members.write")
    assert principal.may("spans.write")
    assert node.access.policy.may(principal, "spans.read", Scope.project(home.team.id, home.project.id))
    assert not node.access.policy.may(principal, "spans.read", Scope.project(home.team.id, other))
    assert await node.access.policy.visible_projects(principal, "spans.read") == [home.project.id]


async def test_a_key_for_one_agent_may_nothing_beside_it(node: Node, home: Home, owner: Principal) -> None:
    wish = KeyWish("bot's", (KeyScope.ADMIN, KeyScope.READ, KeyScope.INGEST), agent="bot")
    _, secret = await node.access.keys.create(owner, wish)
    principal = await node.identity.principal_of_key(secret)
    may = node.access.policy.may
    # what is asked of the project without naming an agent is the project's, but to send what the agent did
    assert principal.permissions == {"spans.write", "logs.write", "events.write", "models.call", "mcp.call"}
    assert may(principal, "spans.read", Scope(Level.AGENT, home.team.id, home.project.id, "bot"))
    assert not may(principal, "spans.read", Scope(Level.AGENT, home.team.id, home.project.id, "other"))
    assert not may(principal, "spans.read", Scope(Level.TOOL, home.team.id, home.project.id, "bot"))
    assert not may(principal, "spans.read", Scope.project(home.team.id, home.project.id))
    assert not principal.team_permissions


async def test_a_denial_counts_for_a_key_as_well(node: Node, home: Home, owner: Principal) -> None:
    key, secret = await node.access.keys.create(owner, KeyWish("key", (KeyScope.READ, KeyScope.INGEST)))
    assert (await node.identity.principal_of_key(secret)).may("spans.read")
    person = await node.acting(home, home.owner.id)
    denial = GrantWish(SubjectKind.API_KEY, key.id, VIEWER_ROLE, Level.PROJECT, home.project.id, effect=Effect.DENY)
    await node.access.grants.create(person, denial)
    principal = await node.identity.principal_of_key(secret)
    assert not principal.may("spans.read")
    assert principal.may("spans.write")


async def test_nobody_makes_a_key_that_may_more_than_they(node: Node, home: Home) -> None:
    admin = await node.person(home, "Admin", ADMIN_ROLE)
    await node.access.keys.create(admin, KeyWish("fine", (KeyScope.ADMIN,)))
    with pytest.raises(Denied, match=r"team\.write"):
        await node.access.keys.create(admin, KeyWish("more", permissions=("team.write",)))
    operator = await node.person(home, "Operator", OPERATOR_ROLE)
    with pytest.raises(Denied, match=r"keys\.write"):
        await node.access.keys.create(operator, INGEST)


async def test_nobody_gets_hold_of_a_key_that_may_more_than_they(node: Node, home: Home, owner: Principal) -> None:
    key, _ = await node.access.keys.create(owner, KeyWish("powerful", permissions=("team.write",)))
    admin = await node.person(home, "Admin", ADMIN_ROLE)
    with pytest.raises(Denied, match=r"team\.write"):
        await node.access.keys.rotate(admin, key.id, timedelta(0))
    with pytest.raises(Denied, match=r"team\.write"):
        await node.access.keys.change(admin, key.id, KeyChange(name="mine"))
    await node.access.keys.revoke(admin, key.id)


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (KeyWish("  ", (KeyScope.READ,)), "name"),
        (KeyWish("x"), "scope"),
        (KeyWish("x", permissions=("spans.raed",)), r"spans\.read"),
        (KeyWish("x", permissions=("hub.read",)), "hub"),
        (KeyWish("x", permissions=("team.read",), agent="bot"), "agent"),
        (KeyWish("x", (KeyScope.READ,), allowed_addresses=("300.1.1.1",)), "address range"),
        (KeyWish("x", (KeyScope.READ,), allowed_addresses=tuple(f"10.0.0.{n}" for n in range(51))), "50"),
        (KeyWish("x", (KeyScope.READ,), expires_at=clock.now() - timedelta(days=1)), "past"),
    ],
)
async def test_a_wrong_wish_says_what_is_wrong(node: Node, owner: Principal, wish: KeyWish, told: str) -> None:
    with pytest.raises(Invalid, match=told):
        await node.access.keys.create(owner, wish)


async def test_a_key_for_a_project_of_another_team_is_not_made(node: Node, owner: Principal) -> None:
    with pytest.raises(NotFound):
        await node.access.keys.create(owner, KeyWish("x", (KeyScope.READ,), project_id=new_id()))


async def test_who_sees_one_project_sees_its_keys_only(node: Node, home: Home, owner: Principal) -> None:
    other = await another_project(node, home)
    await node.access.keys.create(owner, KeyWish("there", (KeyScope.READ,), project_id=other))
    mine, _ = await node.access.keys.create(owner, KeyWish("here", (KeyScope.READ,)))
    viewer = await node.person(home, "Viewer", VIEWER_ROLE, home.project.id)
    assert [key.id for key in await keys_of(node, viewer)] == [mine.id]


# — from where, for how long —


@pytest.mark.parametrize(
    ("address", "passes"),
    [
        ("203.0.113.9", True),
        ("::ffff:203.0.113.9", True),
        ("2001:db8::5", True),
        ("203.0.114.1", False),
        ("2001:db9::5", False),
        ("", False),
        ("nonsense", False),
    ],
)
async def test_a_key_is_taken_from_its_addresses_only(node: Node, owner: Principal, address: str, passes: bool) -> None:
    ranges = ("203.0.113.0/24", "2001:db8::/32")
    _, secret = await node.access.keys.create(owner, KeyWish("x", (KeyScope.READ,), allowed_addresses=ranges))
    origin.set_current(origin.Origin(address=address))
    try:
        for _ in range(2):  # cold and warm
            if passes:
                assert (await node.identity.principal_of_key(secret)).may("spans.read")
            else:
                with pytest.raises(Denied, match="address"):
                    await node.identity.principal_of_key(secret)
    finally:
        origin.set_current(origin.Origin())


async def test_a_key_expires(node: Node, owner: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    end = clock.now() + timedelta(hours=1)
    _, secret = await node.access.keys.create(owner, KeyWish("x", (KeyScope.READ,), expires_at=end))
    assert (await node.identity.principal_of_key(secret)).may("spans.read")
    await asyncio.sleep(1.01)
    monkeypatch.setattr(clock, "now", lambda: end)
    with pytest.raises(Unauthenticated, match="expired"):
        await node.identity.principal_of_key(secret)


async def test_rotation_lets_both_keys_work_for_a_while(
    node: Node, home: Home, owner: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = KeyWish("app", (KeyScope.INGEST,), agent="bot", allowed_addresses=())
    old, before = await node.access.keys.create(owner, wish)
    new, after = await node.access.keys.rotate(owner, old.id, timedelta(hours=1))
    assert (new.name, new.scopes, new.agent) == (old.name, old.scopes, old.agent)
    assert (await node.identity.principal_of_key(before)).id == old.id
    assert (await node.identity.principal_of_key(after)).id == new.id
    assert {key.id: key.replaced_by for key in await keys_of(node, owner)} == {old.id: new.id, new.id: None}
    with pytest.raises(Invalid, match="replaced"):
        await node.access.keys.rotate(owner, old.id, timedelta(hours=1))
    with pytest.raises(Invalid, match="its end stands"):
        await node.access.keys.change(owner, old.id, KeyChange(never_expires=True))
    later = clock.now() + timedelta(hours=1, seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    fresh = node_over(node.database)
    with pytest.raises(Unauthenticated, match="expired"):
        await fresh.identity.principal_of_key(before)
    assert (await fresh.identity.principal_of_key(after)).id == new.id


async def test_rotation_without_an_overlap_ends_the_old_key_at_once(node: Node, owner: Principal) -> None:
    old, secret = await node.access.keys.create(owner, INGEST)
    await node.identity.principal_of_key(secret)
    await node.access.keys.rotate(owner, old.id, timedelta(0))
    with pytest.raises(Unauthenticated, match="revoked"):
        await node.identity.principal_of_key(secret)


async def test_rotation_carries_the_key_s_own_grants_on(node: Node, home: Home, owner: Principal) -> None:
    old, _ = await node.access.keys.create(owner, INGEST)
    person = await node.acting(home, home.owner.id)
    await node.access.grants.create(person, GrantWish(SubjectKind.API_KEY, old.id, VIEWER_ROLE, Level.TEAM))
    _, secret = await node.access.keys.rotate(owner, old.id, timedelta(0))
    assert (await node.identity.principal_of_key(secret)).may("members.read")


# — looking it up —


async def test_callers_of_one_moment_share_one_look(node: Node, owner: Principal) -> None:
    _, secret = await node.access.keys.create(owner, READ)
    first, *others = await asyncio.gather(*(node.identity.principal_of_key(secret) for _ in range(20)))
    assert all(other is first for other in others)


async def test_a_caller_that_leaves_takes_the_look_from_nobody(node: Node, owner: Principal) -> None:
    _, secret = await node.access.keys.create(owner, READ)
    leaving, staying = (asyncio.create_task(node.identity.principal_of_key(secret)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).may("spans.read")


async def test_a_busy_key_is_read_anew_before_it_is_forgotten(database: Database) -> None:
    now = 100.0
    node = node_over(database, RememberedPrincipals(lambda: now))
    home = await node.identity.ensure_home()
    _, secret = await node.access.keys.create(owner_of(home, "test"), READ)
    first = await node.identity.principal_of_key(secret)
    now += AGING_S + 0.1
    assert await node.identity.principal_of_key(secret) is first, "nobody waits"
    async with asyncio.timeout(PATIENCE_S):
        while await node.identity.principal_of_key(secret) is first:
            await asyncio.sleep(0.01)
    now += REMEMBERED_S - 0.1  # beyond the first look's end, within the second's
    assert await node.identity.principal_of_key(secret) is not first


# — its end —


async def test_a_key_that_was_made_by_a_key_is_its_person_s_as_well(node: Node, home: Home) -> None:
    ann = await node.person(home, "Ann", OWNER_ROLE)
    _, first = await node.access.keys.create(ann, KeyWish("first", (KeyScope.ADMIN,)))
    maker = await node.identity.principal_of_key(first)
    second, secret = await node.access.keys.create(maker, INGEST)
    third, other = await node.access.keys.rotate(maker, second.id, timedelta(0))
    assert (second.created_by, third.created_by) == (ann.id, ann.id)
    assert (await node.identity.principal_of_key(other)).user_id == ann.id
    with pytest.raises(Unauthenticated):
        await node.identity.principal_of_key(secret)
    async with node.database.across_teams() as tx:
        await tx.execute("UPDATE identity_members SET deactivated_at = now() WHERE user_id = %s", (ann.id,))
        await node.access.policy.changed(tx, home.team.id)
    with pytest.raises(Unauthenticated, match="whoever made it"):
        await node.identity.principal_of_key(other)


async def test_the_account_of_its_maker_takes_the_key_along(node: Node, home: Home) -> None:
    admin = await node.person(home, "Admin", ADMIN_ROLE)
    _, secret = await node.access.keys.create(admin, INGEST)
    await node.identity.principal_of_key(secret)
    async with node.database.across_teams() as tx:
        await tx.execute("UPDATE identity_users SET deactivated_at = now() WHERE id = %(id)s", {"id": admin.id})
        await node.access.policy.changed(tx, home.team.id)
    with pytest.raises(Unauthenticated, match="whoever made it"):
        await node.identity.principal_of_key(secret)


async def test_a_revocation_counts_in_another_process_within_a_second(postgres_url: str) -> None:
    async with a_node(postgres_url) as here, a_node(postgres_url) as elsewhere:
        owner = owner_of(await here.identity.ensure_home(), "test")
        key, secret = await here.access.keys.create(owner, INGEST)
        assert (await elsewhere.identity.principal_of_key(secret)).id == key.id
        await here.access.keys.revoke(owner, key.id)
        with pytest.raises(Unauthenticated):
            await here.identity.principal_of_key(secret)

        async def is_refused() -> bool:
            try:
                await elsewhere.identity.principal_of_key(secret)
            except Unauthenticated:
                return True
            return False

        await holds_within(1, is_refused)


async def test_a_revocation_counts_within_a_second_in_a_process_that_hears_nothing(postgres_url: str) -> None:
    now = [0.0]
    async with a_node(postgres_url) as here:
        deaf = node_over(here.database, RememberedPrincipals(lambda: now[0]))
        owner = owner_of(await here.identity.ensure_home(), "test")
        key, secret = await here.access.keys.create(owner, INGEST)
        await deaf.identity.principal_of_key(secret)
        await here.access.keys.revoke(owner, key.id)
        assert (await deaf.identity.principal_of_key(secret)).id == key.id
        now[0] += 1.01
        with pytest.raises(Unauthenticated):
            await deaf.identity.principal_of_key(secret)


# — its cost and its traces —


@pytest.mark.parametrize("ranges", [(), ("10.0.0.0/8", "2001:db8::/32")])
async def test_a_warm_key_asks_no_database(postgres_url: str, ranges: tuple[str, ...]) -> None:
    async with opened(postgres_url) as database:
        node = node_over(database, RememberedPrincipals(lambda: 0.0))
        owner = owner_of(await node.identity.ensure_home(), "test")
        wish = KeyWish("app", (KeyScope.INGEST,), allowed_addresses=ranges)
        key, secret = await node.access.keys.create(owner, wish)
        origin.set_current(origin.Origin(address="10.1.2.3"))
        try:
            await node.identity.principal_of_key(secret)
            await database.close()
            assert (await node.identity.principal_of_key(secret)).id == key.id
        finally:
            origin.set_current(origin.Origin())


async def test_the_last_use_is_written_once_a_minute_at_most(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 1000, 2))
    node = node_over(database, RememberedPrincipals(lambda: float(next(ticks))))
    owner = owner_of(await node.identity.ensure_home(), "test")
    _, secret = await node.access.keys.create(owner, INGEST)
    start = clock.now()
    seen = []
    for moment in (start, start + LAST_USE_RESOLUTION / 2, start + LAST_USE_RESOLUTION * 1.1):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        await node.identity.principal_of_key(secret)
        seen.append((await keys_of(node, owner))[0].last_used_at)
    assert seen == [start, start, start + LAST_USE_RESOLUTION * 1.1]


async def test_the_secret_itself_is_not_in_the_database(node: Node, owner: Principal) -> None:
    _, secret = await node.access.keys.create(owner, INGEST)
    async with node.database.across_teams() as tx:
        row = await (await tx.execute("SELECT k::text AS everything FROM identity_api_keys k")).fetchone()
        entries = await (await tx.execute("SELECT e::text AS everything FROM audit_entries e")).fetchall()
        found = await store.key_by_fingerprint(tx, crypto.fingerprint(secret))
    assert row is not None
    assert secret not in row["everything"]
    assert entries
    assert not [entry for entry in entries if secret in entry["everything"]]
    assert found is not None


async def test_a_team_may_not_have_endless_keys(node: Node, owner: Principal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mno.identity.keys.service.MAX_KEYS_PER_TEAM", 2)
    first, _ = await node.access.keys.create(owner, READ)
    await node.access.keys.create(owner, READ)
    with pytest.raises(LimitExceeded, match="2"):
        await node.access.keys.create(owner, READ)
    await node.access.keys.revoke(owner, first.id)
    await node.access.keys.create(owner, READ)


async def test_the_program_s_own_principal_may_everything_in_its_project(owner: Principal) -> None:
    assert all(owner.may(name) for name in PROJECT)
