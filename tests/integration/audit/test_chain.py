"""Entries follow each other in their chain, and commit with the change that they report."""

from uuid import UUID

import pytest

from mno.audit.model import HUB_CHAIN
from mno.audit.service import Audit
from mno.platform.database import Database, Row
from mno.platform.ids import new_id
from mno.platform.principal import Principal, PrincipalKind

TEAM = new_id()
SOMEBODY = Principal(PrincipalKind.USER, new_id(), "Ann", TEAM, new_id(), frozenset())


async def rows_of(database: Database, team_id: UUID) -> list[Row]:
    async with database.across_teams() as tx:
        found = await tx.execute("SELECT * FROM audit_entries WHERE team_id = %s ORDER BY seq", (team_id,))
        return await found.fetchall()


async def test_a_change_and_its_entry_commit_together(database: Database) -> None:
    audit = Audit(database)
    async with database.transaction(TEAM) as tx:
        await audit.record(tx, SOMEBODY, "keys.create", "key_1", name="CI", after={"name": "CI"})
    with pytest.raises(RuntimeError):
        async with database.transaction(TEAM) as tx:
            await audit.record(tx, SOMEBODY, "keys.create", "key_2")
            raise RuntimeError
    rows = await rows_of(database, TEAM)
    assert [(row["seq"], row["resource"]) for row in rows] == [(1, "key_1")]
    assert rows[0]["payload"]["difference"] == {"name": {"after": "CI"}}


async def test_an_entry_of_the_hub_is_written_from_within_a_team_s_transaction(database: Database) -> None:
    audit = Audit(database)
    for team_id in (TEAM, None):
        async with database.transaction(team_id) as tx:
            await audit.record(tx, SOMEBODY, "settings.write", "hub", team_id=HUB_CHAIN)
            row = await (await tx.execute("SELECT current_setting('mno.team') AS team")).fetchone()
            assert row == {"team": str(team_id or "")}
    assert [row["seq"] for row in await rows_of(database, HUB_CHAIN)] == [1, 2]


async def test_a_refused_attempt_is_written_without_a_transaction_of_the_caller(database: Database) -> None:
    await Audit(database).refused(None, "session.begin", "login", detail="wrong password")
    assert [row["outcome"] for row in await rows_of(database, HUB_CHAIN)] == ["refused"]
