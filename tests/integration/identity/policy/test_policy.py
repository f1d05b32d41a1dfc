"""Roles and grants as their owners use them, on one node and on two."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest

from mno.identity.model import (
    ADMIN_ROLE,
    HUB_ADMINISTRATOR_ROLE,
    OPERATOR_ROLE,
    OWNER_ROLE,
    VIEWER_ROLE,
    Home,
)
from mno.identity.policy import service, store
from mno.identity.policy.grants.service import GrantFilter, GrantWish
from mno.identity.policy.model import BELIEVED_S, Effect, SubjectKind
from mno.identity.policy.roles.service import RoleWish
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated
from mno.platform.ids import new_id
from mno.platform.permissions import ALL
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope
from support.nodes import Node, a_node, node_over
from support.promises import PATIENCE_S, holds_within


@pytest.fixture
def node(database: Database) -> Node:
    return node_over(database)


@pytest.fixture
async def home(node: Node) -> Home:
    return await node.identity.ensure_home()


@pytest.fixture
async def owner(node: Node, home: Home) -> Principal:
    return await node.acting(home, home.owner.id, "Owner")


@pytest.fixture
async def nodes(postgres_url: str) -> AsyncIterator[tuple[Node, Node]]:
    async with a_node(postgres_url) as one, a_node(postgres_url) as other:
        yield one, other


def to_user(user: Principal, role_id: UUID, effect: Effect = Effect.ALLOW) -> GrantWish:
    return GrantWish(SubjectKind.USER, user.id, role_id, Level.TEAM, effect=effect)


async def a_group(node: Node, home: Home, *members: UUID) -> UUID:
    group = new_id()
    async with node.database.transaction(home.team.id) as tx:
        await tx.execute(
            "INSERT INTO identity_groups (id, team_id, name) VALUES (%(id)s, %(team)s, %(id)s::text)",
            {"id": group, "team": home.team.id},
        )
        for member in members:
            await tx.execute(
                "INSERT INTO identity_group_members (team_id, group_id, user_id)"
                " VALUES (%(team)s, %(group)s, %(user)s)",
                {"team": home.team.id, "group": group, "user": member},
            )
        await node.access.policy.changed(tx, home.team.id)
    return group


# — what people may —


async def test_the_first_owner_may_everything(owner: Principal) -> None:
    assert all(owner.may(name) for name in ALL)


async def test_a_member_without_a_grant_may_nothing(node: Node, home: Home) -> None:
    nobody = await node.person(home, "Nobody")
    assert not any(nobody.may(name) for name in ALL)


async def test_an_outsider_has_no_principal(node: Node, home: Home) -> None:
    with pytest.raises(Unauthenticated, match="not a member"):
        await node.acting(home, new_id())


async def test_a_group_s_grant_holds_for_who_is_in_it(node: Node, home: Home, owner: Principal) -> None:
    person = await node.person(home, "Ann")
    group = await a_group(node, home, person.id)
    await node.access.grants.create(owner, GrantWish(SubjectKind.GROUP, group, OPERATOR_ROLE, Level.TEAM))
    assert (await node.acting(home, person.id)).may("spans.write")


async def test_a_denial_wins_over_every_grant(node: Node, home: Home, owner: Principal) -> None:
    person = await node.person(home, "Ann", OPERATOR_ROLE)
    group = await a_group(node, home, person.id)
    wish = GrantWish(SubjectKind.GROUP, group, VIEWER_ROLE, Level.PROJECT, home.project.id, effect=Effect.DENY)
    await node.access.grants.create(owner, wish)
    ann = await node.acting(home, person.id)
    assert not ann.may("spans.read")
    assert ann.may("spans.write")
    assert ann.may_in_team("spans.read")
    assert await node.access.policy.visible_projects(ann, "spans.read") == []
    assert await node.access.policy.visible_projects(ann, "spans.write") is None


async def test_a_role_that_demands_a_second_factor_waits_for_one(node: Node, home: Home, owner: Principal) -> None:
    wish = RoleWish("careful", permissions=("secrets.*",), includes=(VIEWER_ROLE,), demands_second_factor=True)
    role = await node.access.roles.create(owner, wish)
    person = await node.person(home, "Ann", role.role.id)
    assert (await node.acting(home, person.id, verified=True)).may("secrets.write")
    assert not (await node.acting(home, person.id, verified=False)).may("secrets.write")
    answer = await node.access.policy.explain_user(
        home.team.id, person.id, "secrets.write", Scope.project(home.team.id, home.project.id), verified=False
    )
    assert not answer.allowed
    assert "second factor" in answer.summary


# — roles —


async def test_an_unknown_permission_is_refused_with_the_nearest(node: Node, owner: Principal) -> None:
    with pytest.raises(Invalid, match=r"spans\.read"):
        await node.access.roles.create(owner, RoleWish("x", permissions=("spans.raed",)))
    with pytest.raises(Invalid, match="hub"):
        await node.access.roles.create(owner, RoleWish("x", permissions=("hub.*",)))


async def test_roles_that_would_include_themselves_are_refused(node: Node, owner: Principal) -> None:
    roles = node.access.roles
    one = (await roles.create(owner, RoleWish("one", permissions=("spans.read",)))).role.id
    two = (await roles.create(owner, RoleWish("two", includes=(one,)))).role.id
    three = (await roles.create(owner, RoleWish("three", includes=(two,)))).role.id
    with pytest.raises(Invalid, match="one > three > two > one"):
        await roles.update(owner, one, RoleWish("one", permissions=("spans.read",), includes=(three,)))
    with pytest.raises(Invalid, match="one > one"):
        await roles.update(owner, one, RoleWish("one", includes=(one,)))


async def test_two_that_would_close_a_cycle_at_one_moment_do_not(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    home = await here.identity.ensure_home()
    owner = await here.acting(home, home.owner.id)
    one = (await here.access.roles.create(owner, RoleWish("one", permissions=("spans.read",)))).role.id
    two = (await here.access.roles.create(owner, RoleWish("two", permissions=("spans.read",)))).role.id
    outcomes = await asyncio.gather(
        here.access.roles.update(owner, one, RoleWish("one", includes=(two,))),
        there.access.roles.update(owner, two, RoleWish("two", includes=(one,))),
        return_exceptions=True,
    )
    assert len([outcome for outcome in outcomes if isinstance(outcome, Invalid)]) == 1


async def test_nobody_writes_into_a_role_what_they_do_not_hold(node: Node, home: Home, owner: Principal) -> None:
    admin = await node.person(home, "Admin", ADMIN_ROLE)
    roles = node.access.roles
    await roles.create(admin, RoleWish("fine", permissions=("members.*", "spans.read")))
    for wish in (RoleWish("x", permissions=("team.write",)), RoleWish("x", includes=(OWNER_ROLE,))):
        with pytest.raises(Denied, match=r"team\.write"):
            await roles.create(admin, wish)
    theirs = (await roles.create(owner, RoleWish("theirs", permissions=("team.write",)))).role.id
    with pytest.raises(Denied, match=r"team\.write"):
        await roles.update(admin, theirs, RoleWish("theirs", permissions=("team.read",)))
    with pytest.raises(Denied, match=r"team\.write"):
        await roles.delete(admin, theirs)


async def test_what_every_team_has_nobody_changes(node: Node, owner: Principal) -> None:
    with pytest.raises(Denied, match="every team has"):
        await node.access.roles.update(owner, VIEWER_ROLE, RoleWish("Viewer", permissions=("*",)))
    with pytest.raises(Conflict, match="Viewer"):
        await node.access.roles.create(owner, RoleWish("viewer", permissions=("spans.read",)))


async def test_a_role_in_use_is_not_deleted(node: Node, home: Home, owner: Principal) -> None:
    roles = node.access.roles
    used = (await roles.create(owner, RoleWish("used", permissions=("spans.read",)))).role.id
    holder = (await roles.create(owner, RoleWish("holder", includes=(used,)))).role.id
    with pytest.raises(Conflict, match="holder"):
        await roles.delete(owner, used)
    await roles.delete(owner, holder)
    grant = await node.access.grants.create(owner, to_user(await node.person(home, "Ann"), used))
    with pytest.raises(Conflict, match="granted"):
        await roles.delete(owner, used)
    await node.access.grants.delete(owner, grant.grant.id)
    await roles.delete(owner, used)


async def test_another_team_s_role_is_not_there(node: Node, home: Home, owner: Principal) -> None:
    stranger = new_id()
    async with node.database.across_teams() as tx:
        await tx.execute("INSERT INTO identity_teams (id, name) VALUES (%(id)s, 'other')", {"id": stranger})
        await tx.execute(
            "INSERT INTO identity_roles (id, team_id, name, permissions) VALUES (%(id)s, %(id)s, 'theirs', '{*}')",
            {"id": stranger},
        )
    with pytest.raises(NotFound):
        await node.access.grants.create(owner, to_user(await node.person(home, "Ann"), stranger))
    with pytest.raises(NotFound):
        await node.access.roles.create(owner, RoleWish("x", includes=(stranger,)))


# — grants —


async def test_nobody_grants_what_they_do_not_hold_there(node: Node, home: Home, owner: Principal) -> None:
    admin = await node.person(home, "Admin", ADMIN_ROLE)
    ann = await node.person(home, "Ann")
    await node.access.grants.create(admin, to_user(ann, OPERATOR_ROLE))
    with pytest.raises(Denied, match=r"team\.write"):
        await node.access.grants.create(admin, to_user(ann, OWNER_ROLE))
    with pytest.raises(Denied, match=r"hub\."):
        await node.access.grants.create(admin, GrantWish(SubjectKind.USER, ann.id, HUB_ADMINISTRATOR_ROLE, Level.HUB))
    # whoever may have programs started on the hub's machine is an owner's to say
    with pytest.raises(Denied, match=r"mcp\.stdio"):
        on_project = GrantWish(SubjectKind.USER, ann.id, OWNER_ROLE, Level.PROJECT, home.project.id)
        await node.access.grants.create(admin, on_project)
    on_project = GrantWish(SubjectKind.USER, ann.id, ADMIN_ROLE, Level.PROJECT, home.project.id)
    assert (await node.access.grants.create(admin, on_project)).role_name == "Admin"


async def test_what_the_transaction_sees_counts_and_not_what_the_session_remembers(
    node: Node, home: Home, owner: Principal
) -> None:
    admin = await node.person(home, "Admin", ADMIN_ROLE)
    [grant] = await node.access.grants.page(owner, GrantFilter(SubjectKind.USER, admin.id), None, 10)
    await node.access.grants.delete(owner, grant.grant.id)
    with pytest.raises(Denied):
        await node.access.grants.create(admin, to_user(await node.person(home, "Ann"), VIEWER_ROLE))


async def test_an_admin_neither_demotes_nor_denies_an_owner(node: Node, home: Home, owner: Principal) -> None:
    admin = await node.person(home, "Admin", ADMIN_ROLE)
    await node.person(home, "Second", OWNER_ROLE)
    [grant] = await node.access.grants.page(
        admin, GrantFilter(SubjectKind.USER, owner.id, scope_kind=Level.TEAM), None, 10
    )
    with pytest.raises(Denied, match=r"team\.write"):
        await node.access.grants.delete(admin, grant.grant.id)
    with pytest.raises(Denied, match=r"team\.write"):
        await node.access.grants.create(admin, to_user(owner, VIEWER_ROLE, Effect.DENY))


async def test_the_last_owner_stays_owner(node: Node, home: Home, owner: Principal) -> None:
    [grant] = await node.access.grants.page(owner, GrantFilter(role_id=OWNER_ROLE), None, 10)
    with pytest.raises(Conflict, match="Owner"):
        await node.access.grants.delete(owner, grant.grant.id)
    with pytest.raises(Conflict, match="Owner"):
        await node.access.grants.create(owner, to_user(owner, ADMIN_ROLE, Effect.DENY))
    second = await node.person(home, "Second", OWNER_ROLE)
    async with node.database.across_teams() as tx:
        await tx.execute("UPDATE identity_users SET deactivated_at = now() WHERE id = %(id)s", {"id": second.id})
    with pytest.raises(Conflict, match="Owner"):
        await node.access.grants.delete(owner, grant.grant.id)


async def test_two_last_owners_who_remove_each_other_leave_one(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    home = await here.identity.ensure_home()
    first = await here.acting(home, home.owner.id)
    for _ in range(5):
        second = await here.person(home, "Second", OWNER_ROLE)
        found = await here.access.grants.page(first, GrantFilter(role_id=OWNER_ROLE), None, 10)
        grants = {listed.grant.subject_id: listed.grant.id for listed in found}
        outcomes = await asyncio.gather(
            here.access.grants.delete(first, grants[second.id]),
            there.access.grants.delete(second, grants[first.id]),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert len(refused) == 1
        assert isinstance(refused[0], Conflict | Denied)
        async with here.database.transaction(home.team.id) as tx:
            [left] = await store.owners_of(tx, home.team.id)
        first = await here.acting(home, left)


async def test_owners_who_leave_at_one_moment_are_counted_one_after_the_other(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    home = await here.identity.ensure_home()
    second = await here.person(home, "Second", OWNER_ROLE)

    async def leave(node: Node, user_id: UUID) -> None:
        async with node.database.across_teams() as tx:
            await tx.execute("UPDATE identity_users SET deactivated_at = now() WHERE id = %(id)s", {"id": user_id})
            await asyncio.sleep(0.05)
            await node.access.policy.require_owner_left(tx, home.team.id)

    outcomes = await asyncio.gather(leave(here, home.owner.id), leave(there, second.id), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]


async def test_the_hub_is_granted_by_name_and_by_its_own_role_only(node: Node, home: Home, owner: Principal) -> None:
    ann = await node.person(home, "Ann")
    group = await a_group(node, home, ann.id)
    create = node.access.grants.create
    with pytest.raises(Invalid, match="administrators"):
        await create(owner, GrantWish(SubjectKind.USER, ann.id, OWNER_ROLE, Level.HUB))
    with pytest.raises(Invalid, match="administrators"):
        await create(owner, to_user(ann, HUB_ADMINISTRATOR_ROLE))
    with pytest.raises(Denied, match="groups"):
        await create(owner, GrantWish(SubjectKind.GROUP, group, HUB_ADMINISTRATOR_ROLE, Level.HUB))
    await create(owner, GrantWish(SubjectKind.USER, ann.id, HUB_ADMINISTRATOR_ROLE, Level.HUB))
    assert (await node.acting(home, ann.id)).may("hub.settings.write")


async def test_hub_rights_go_along_into_another_team(node: Node, home: Home, owner: Principal) -> None:
    other = new_id()
    async with node.database.across_teams() as tx:
        await tx.execute("INSERT INTO identity_teams (id, name) VALUES (%(id)s, 'other')", {"id": other})
        await tx.execute(
            "INSERT INTO identity_members (team_id, user_id) VALUES (%(team)s, %(user)s)",
            {"team": other, "user": owner.id},
        )
    rights = await node.access.policy.rights_of_user(other, owner.id, verified=True)
    assert rights.may("hub.settings.write", Scope(Level.HUB, other))
    assert not rights.may("team.read", Scope.team(other))


@pytest.mark.parametrize(
    ("level", "with_project", "name"),
    [
        (Level.TEAM, True, ""),
        (Level.TEAM, False, "x"),
        (Level.PROJECT, False, ""),
        (Level.PROJECT, True, "x"),
        (Level.AGENT, True, ""),
        (Level.AGENT, False, "x"),
        (Level.TASK, True, "x" * 201),
    ],
)
async def test_a_scope_that_names_too_little_or_too_much_is_refused(
    node: Node, home: Home, owner: Principal, level: Level, with_project: bool, name: str
) -> None:
    project = home.project.id if with_project else None
    with pytest.raises(Invalid, match="scope"):
        await node.access.grants.create(owner, GrantWish(SubjectKind.USER, owner.id, VIEWER_ROLE, level, project, name))


async def test_the_same_grant_stands_once(node: Node, home: Home, owner: Principal) -> None:
    ann = await node.person(home, "Ann", VIEWER_ROLE)
    with pytest.raises(Conflict, match="stands already"):
        await node.access.grants.create(owner, to_user(ann, VIEWER_ROLE))


# — every node —


async def test_a_grant_that_is_taken_away_counts_on_every_node_within_a_second(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    home = await here.identity.ensure_home()
    owner = await here.acting(home, home.owner.id)
    ann = await here.person(home, "Ann", OPERATOR_ROLE)
    assert (await there.acting(home, ann.id)).may("spans.write")
    [grant] = await here.access.grants.page(owner, GrantFilter(SubjectKind.USER, ann.id), None, 10)
    await here.access.grants.delete(owner, grant.grant.id)
    assert not (await here.acting(home, ann.id)).may("spans.write")

    async def is_heard() -> bool:
        return not (await there.acting(home, ann.id)).may("spans.write")

    await holds_within(1, is_heard)


async def test_a_role_that_changes_counts_on_every_node_within_a_second(nodes: tuple[Node, Node]) -> None:
    here, there = nodes
    home = await here.identity.ensure_home()
    owner = await here.acting(home, home.owner.id)
    role = (await here.access.roles.create(owner, RoleWish("r", permissions=("spans.read",)))).role.id
    ann = await here.person(home, "Ann", role)
    assert not (await there.acting(home, ann.id)).may("spans.write")
    await here.access.roles.update(owner, role, RoleWish("r", permissions=("spans.write",)))

    async def is_heard() -> bool:
        return (await there.acting(home, ann.id)).may("spans.write")

    await holds_within(1, is_heard)


class Time:
    """As the policy reads it; it goes on when the test says so."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time_of_policy(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(service, "time", made)
    return made


async def test_what_was_asked_once_is_answered_from_memory(nodes: tuple[Node, Node], time_of_policy: Time) -> None:
    here, _ = nodes
    home = await here.identity.ensure_home()
    first = await here.access.policy.rights_of_user(home.team.id, home.owner.id, verified=True)
    time_of_policy.now += 100
    async with asyncio.timeout(PATIENCE_S):
        while here.versions.unconfirmed_s() > BELIEVED_S / 2:  # it has just heard that nothing has changed
            await asyncio.sleep(0.01)
    assert await here.access.policy.rights_of_user(home.team.id, home.owner.id, verified=True) is first


async def test_a_node_that_hears_nothing_believes_for_a_second_only(
    node: Node, home: Home, time_of_policy: Time
) -> None:
    first = await node.access.policy.rights_of_user(home.team.id, home.owner.id, verified=True)
    time_of_policy.now += 0.9
    assert await node.access.policy.rights_of_user(home.team.id, home.owner.id, verified=True) is first
    time_of_policy.now += 0.2
    assert await node.access.policy.rights_of_user(home.team.id, home.owner.id, verified=True) is not first


async def test_a_password_shown_again_is_no_second_factor_for_what_a_role_gives(
    node: Node, home: Home, owner: Principal
) -> None:
    wish = RoleWish("careful", permissions=("secrets.*", "team.write"), demands_second_factor=True)
    careful = await node.access.roles.create(owner, wish)
    plain = await node.access.roles.create(owner, RoleWish("plain", permissions=("grants.write",)))
    ann = await node.person(home, "Ann", careful.role.id)
    await node.access.grants.create(owner, to_user(ann, plain.role.id))
    # a session in which the password was shown a moment ago, and nothing else
    session = replace(await node.acting(home, ann.id, verified=False), verified_at=clock.now())
    with pytest.raises(Denied, match="do not hold"):
        await node.access.grants.create(session, to_user(await node.person(home, "Bob"), careful.role.id))
    elsewhere = replace(session, team_id=new_id())
    assert not await node.access.policy.may_anywhere(elsewhere, "team.write", Scope.team(home.team.id))
    shown = replace(await node.acting(home, ann.id, verified=True), team_id=new_id())
    assert await node.access.policy.may_anywhere(shown, "team.write", Scope.team(home.team.id))
