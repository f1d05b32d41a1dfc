"""Nobody gives or takes what they do not hold, by a group or a membership either; and the last Owner stays one."""

import asyncio

import pytest

from mno.identity.model import ADMIN_ROLE, HUB_ADMINISTRATOR_ROLE, OWNER_ROLE, VIEWER_ROLE
from mno.identity.policy.grants.service import GrantWish
from mno.identity.policy.model import Effect, SubjectKind
from mno.identity.policy.roles.service import RoleWish
from mno.platform import clock
from mno.platform.errors import Conflict
from mno.platform.ids import parsed, shown
from mno.platform.principal import Principal
from mno.platform.scope import Level
from support.teams import House, Someone


async def acting(house: House, who: Someone) -> Principal:
    return await house.access.policy.user_principal(
        who.team_id, who.project_id, who.id, "somebody", verified_at=clock.now()
    )


async def a_group(who: Someone, name: str = "Night shift") -> str:
    answer = await who.browser.post("/api/groups", json={"name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def granted(
    house: House, by: Someone, group: str, role: object = ADMIN_ROLE, effect: Effect = Effect.ALLOW
) -> None:
    wish = GrantWish(SubjectKind.GROUP, parsed("grp", group), role, Level.TEAM, effect=effect)  # type: ignore[arg-type]
    await house.access.grants.create(await acting(house, by), wish)


async def put(by: Someone, group: str, who: Someone) -> int:
    return (await by.browser.post(f"/api/groups/{group}/members", json={"user_id": who.shown})).status_code


async def taken_out(by: Someone, group: str, who: Someone) -> int:
    return (await by.browser.delete(f"/api/groups/{group}/members/{who.shown}")).status_code


async def test_nobody_takes_out_of_a_group_of_those_who_hold_more(house: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com", ADMIN_ROLE)
    eve = await house.member(ada.team_id, "eve@example.com", VIEWER_ROLE)
    owners = await a_group(ada)
    await granted(house, ada, owners, OWNER_ROLE)
    assert await put(ada, owners, eve) == 204
    assert await taken_out(bob, owners, eve) == 403
    assert (await bob.browser.delete(f"/api/groups/{owners}")).status_code == 403
    assert (await bob.browser.delete(f"/api/members/{eve.shown}")).status_code == 403
    assert (await bob.browser.patch(f"/api/members/{eve.shown}", json={"active": False})).status_code == 403
    assert await taken_out(ada, owners, eve) == 204


async def test_nobody_leaves_a_group_to_be_rid_of_what_it_denies_them(house: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com", ADMIN_ROLE)
    role = await house.access.roles.create(await acting(house, ada), RoleWish("keys", permissions=("keys.write",)))
    group = await a_group(ada)
    await granted(house, ada, group, role.role.id, Effect.DENY)
    assert await put(ada, group, bob) == 204
    assert not (await acting(house, bob)).may("keys.write")
    assert await taken_out(bob, group, bob) == 403
    assert (await bob.browser.delete(f"/api/groups/{group}")).status_code == 403
    assert await taken_out(ada, group, bob) == 204


async def test_no_admin_puts_an_owner_where_an_owner_is_denied_something(house: House) -> None:
    ada = await house.founder()
    await house.member(ada.team_id, "ann@example.com", OWNER_ROLE)
    bob = await house.member(ada.team_id, "bob@example.com", ADMIN_ROLE)
    group = await a_group(bob)
    await granted(house, bob, group, ADMIN_ROLE, Effect.DENY)
    assert await put(bob, group, ada) == 403
    assert (await acting(house, ada)).may("grants.write")


async def test_the_last_owner_is_not_denied_through_a_group_or_a_role_that_changes(house: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com", ADMIN_ROLE)
    group, heavy = await a_group(ada), await a_group(ada, "Day shift")
    await granted(house, ada, heavy, ADMIN_ROLE, Effect.DENY)
    assert await put(ada, heavy, ada) == 409
    role = await house.access.roles.create(await acting(house, ada), RoleWish("x", permissions=("prices.write",)))
    await granted(house, ada, group, role.role.id, Effect.DENY)
    assert await put(ada, group, ada) == 204
    wish = RoleWish("x", permissions=("prices.write", "grants.write"))
    with pytest.raises(Conflict, match="at least one active Owner"):
        await house.access.roles.update(await acting(house, bob), role.role.id, wish)
    assert (await acting(house, ada)).may("grants.write")


async def test_a_denied_group_and_a_leaving_owner_at_one_moment_leave_one(house: House, elsewhere: House) -> None:
    ada = await house.founder()
    ann = await house.member(ada.team_id, "ann@example.com", OWNER_ROLE)
    there = await elsewhere.signed_in(ann.id, ada.team_id)
    group = await a_group(ada)
    await granted(house, ada, group, ADMIN_ROLE, Effect.DENY)

    async def removed() -> int:
        return (await there.browser.delete(f"/api/members/{ada.shown}")).status_code

    codes = await asyncio.gather(put(ada, group, ann), removed())
    assert sorted(codes) != [204, 204]
    async with house.database.transaction(ada.team_id) as tx:
        await house.access.policy.require_owner_left(tx, ada.team_id)


async def test_an_admin_of_a_team_does_not_end_an_administrator_of_the_hub(house: House) -> None:
    ada = await house.founder()
    bob = await house.member(ada.team_id, "bob@example.com", ADMIN_ROLE)
    root = await house.member(ada.team_id, "root@example.com", VIEWER_ROLE)
    wish = GrantWish(SubjectKind.USER, root.id, HUB_ADMINISTRATOR_ROLE, Level.HUB)
    await house.access.grants.create(await acting(house, ada), wish)
    answer = await bob.browser.delete(f"/api/members/{root.shown}")
    assert answer.status_code == 403
    assert "Hub administrator" in answer.text
    assert (await ada.browser.delete(f"/api/members/{root.shown}")).status_code == 204
    assert shown("usr", root.id) not in (await ada.browser.get("/api/members")).text
