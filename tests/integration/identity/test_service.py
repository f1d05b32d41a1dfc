"""The first team, the operator's own key, and the command line of this machine."""

import asyncio

import pytest

from mno.identity.model import OWNER_ROLE
from mno.identity.service import owner_of
from mno.platform.database import Database
from mno.platform.errors import Invalid, Unauthenticated
from mno.platform.ids import new_id
from mno.platform.permissions import ALL
from support.nodes import node_over

KEY = "mno_0123456789abcdefghijklmn"


async def test_the_first_start_creates_one_home_and_later_ones_find_it(database: Database) -> None:
    first = await node_over(database).identity.ensure_home()
    again = await node_over(database).identity.ensure_home()
    assert first.created
    assert not again.created
    assert (first.team.id, first.project.id, first.owner.id) == (again.team.id, again.project.id, again.owner.id)


async def test_programs_that_start_together_create_one_home(database: Database) -> None:
    homes = await asyncio.gather(*(node_over(database).identity.ensure_home() for _ in range(5)))
    assert len({home.team.id for home in homes}) == 1
    assert sum(home.created for home in homes) == 1


async def test_the_bootstrap_key_may_everything_at_once_and_after_a_restart(database: Database) -> None:
    for _ in range(2):
        node = node_over(database)
        home = await node.identity.ensure_home()
        await node.identity.ensure_bootstrap_key(home, KEY)
        principal = await node.identity.principal_of_key(KEY)
        assert all(principal.may(permission) for permission in ALL)
    assert len(await node.access.keys.page(owner_of(home, "test"), 0)) == 1


async def test_a_hub_starts_whatever_became_of_its_first_team_project_and_owner(database: Database) -> None:
    first = await node_over(database).identity.ensure_home()
    team, project, person, group = (new_id() for _ in range(4))
    async with database.across_teams() as tx:
        for statement in (
            "INSERT INTO identity_teams (id, name) VALUES (%(team)s, 'Second')",
            "INSERT INTO identity_projects (id, team_id, name) VALUES (gen_random_uuid(), %(team)s, 'Old')",
            "UPDATE identity_projects SET archived_at = now() WHERE name = 'Old'",
            "INSERT INTO identity_projects (id, team_id, name) VALUES (%(project)s, %(team)s, 'New')",
            "INSERT INTO identity_users (id, name) VALUES (%(person)s, 'Ada')",
            "INSERT INTO identity_members (team_id, user_id) VALUES (%(team)s, %(person)s)",
            "INSERT INTO identity_groups (id, team_id, name) VALUES (%(group)s, %(team)s, 'Owners')",
            "INSERT INTO identity_group_members (team_id, group_id, user_id) VALUES (%(team)s, %(group)s, %(person)s)",
            (
                "INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, scope_kind)"
                " VALUES (gen_random_uuid(), %(team)s, 'group', %(group)s, %(owner)s, 'team')"
            ),
            "UPDATE identity_teams SET archived_at = now() WHERE id = %(first)s",
        ):
            await tx.execute(
                statement,
                {
                    "team": team,
                    "project": project,
                    "person": person,
                    "group": group,
                    "owner": OWNER_ROLE,
                    "first": first.team.id,
                },
            )
    home = await node_over(database).identity.ensure_home()
    assert (home.team.id, home.project.id, home.owner.id) == (team, project, person)


@pytest.mark.parametrize("key", ["mno_short", "sk-" + "a" * 40, "mno_" + "a" * 23, "mno_" + "ä" * 30, " " + KEY])
async def test_a_bootstrap_key_of_another_form_is_refused(database: Database, key: str) -> None:
    identity = node_over(database).identity
    with pytest.raises(Invalid, match="MNO_BOOTSTRAP_API_KEY"):
        await identity.ensure_bootstrap_key(await identity.ensure_home(), key)


async def test_a_revoked_bootstrap_key_does_not_come_back(database: Database) -> None:
    node = node_over(database)
    home = await node.identity.ensure_home()
    await node.identity.ensure_bootstrap_key(home, KEY)
    principal = await node.identity.principal_of_key(KEY)
    await node.access.keys.revoke(owner_of(home, "test"), principal.id)
    await node.identity.ensure_bootstrap_key(home, KEY)
    with pytest.raises(Unauthenticated, match="revoked"):
        await node.identity.principal_of_key(KEY)


async def test_the_local_command_line_is_admitted_by_this_process_only(database: Database) -> None:
    identity = node_over(database).identity
    secret = identity.admit_local(await identity.ensure_home())
    assert (await identity.principal_of_key(secret)).may("settings.write")
    with pytest.raises(Unauthenticated):
        await node_over(database).identity.principal_of_key(secret)
