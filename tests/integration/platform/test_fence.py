"""The second fence: a query that forgets its team sees and changes nothing of another's."""

from uuid import UUID, uuid4

import psycopg
import pytest

from mno.identity import store
from mno.identity.model import Project, Team
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.ids import new_id

_FENCED = """
SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
           SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*'
       ) AS fenced
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'team_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""


async def a_team_with_a_project(database: Database) -> Project:
    team = Team(new_id(), "Team")
    project = Project(new_id(), team.id, "Project", clock.now())
    async with database.transaction(team.id) as tx:
        await store.insert_team(tx, team)
        await store.insert_project(tx, project)
    return project


async def seen(database: Database, team_id: UUID | None) -> int:
    async with database.transaction(team_id) as tx:
        row = await (await tx.execute("SELECT count(*) AS projects FROM identity_projects")).fetchone()
    assert row is not None
    return int(row["projects"])


async def test_every_table_that_carries_a_team_is_fenced(database: Database) -> None:
    async with database.across_teams() as tx:
        tables = await (await tx.execute(_FENCED)).fetchall()
    assert len(tables) >= 8
    assert [table["name"] for table in tables if not table["fenced"]] == []


async def test_a_store_s_query_without_a_tenant_sees_nothing(database: Database) -> None:
    project = await a_team_with_a_project(database)
    async with database.transaction() as tx:
        assert await store.projects_of(tx, project.team_id) == []
    assert await seen(database, None) == 0


async def test_a_query_that_forgets_its_team_sees_its_own_rows_only(database: Database) -> None:
    mine, _theirs = [await a_team_with_a_project(database) for _ in range(2)]
    assert await seen(database, mine.team_id) == 1
    assert await seen(database, uuid4()) == 0
    async with database.across_teams() as tx:
        row = await (await tx.execute("SELECT count(*) AS projects FROM identity_projects")).fetchone()
    assert row == {"projects": 2}


async def test_a_change_that_forgets_its_team_changes_its_own_rows_only(database: Database) -> None:
    mine, theirs = [await a_team_with_a_project(database) for _ in range(2)]
    async with database.transaction(mine.team_id) as tx:
        changed = await tx.execute("UPDATE identity_projects SET name = 'changed'")
    assert changed.rowcount == 1
    async with database.transaction(theirs.team_id) as tx:
        assert [project.name for project in await store.projects_of(tx, theirs.team_id)] == ["Project"]


async def test_nothing_is_written_into_another_team(database: Database) -> None:
    mine, theirs = [await a_team_with_a_project(database) for _ in range(2)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        async with database.transaction(mine.team_id) as tx:
            await store.insert_project(tx, Project(new_id(), theirs.team_id, "smuggled", clock.now()))


async def test_the_tenant_ends_with_its_transaction(database: Database) -> None:
    project = await a_team_with_a_project(database)
    assert await seen(database, project.team_id) == 1
    assert await seen(database, None) == 0


async def test_the_program_s_role_cannot_change_the_schema(database: Database) -> None:
    for statement in ("CREATE TABLE loot (n int)", "ALTER TABLE identity_projects DISABLE ROW LEVEL SECURITY"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.across_teams() as tx:
                await tx.execute(statement)
