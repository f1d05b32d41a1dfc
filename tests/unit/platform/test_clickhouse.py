"""The span store's second fence: a query that does not say whose rows it reads is not asked."""

from pathlib import Path

import pytest

from mno.platform.clickhouse import ClickHouse, UnboundTenantError, require_tenant

TENANT = "team_id = {team:String} AND project_id = {project:String}"
OURS = {"team": "a", "project": "b"}


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT count() FROM spans WHERE {TENANT}",
        "SELECT 1 FROM spans t WHERE t.team_id = {team:String} AND t.project_id = {project:String}",
        f"WITH mine AS (SELECT * FROM spans WHERE {TENANT}) SELECT count() FROM mine",
        f"SELECT tag FROM usage_minute ARRAY JOIN tags AS tag WHERE {TENANT}",
        f"SELECT * FROM (SELECT * FROM spans WHERE {TENANT}) JOIN (SELECT * FROM traces WHERE {TENANT}) USING trace_id",
    ],
)
def test_a_query_that_binds_its_tenant_passes(sql: str) -> None:
    require_tenant(sql, OURS)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM spans",
        "SELECT count() FROM spans WHERE team_id = {team:String}",
        "SELECT count() FROM spans WHERE project_id = {project:String}",
        f"SELECT * FROM (SELECT * FROM spans WHERE {TENANT}) JOIN traces USING trace_id",
        f"WITH mine AS (SELECT * FROM spans) SELECT count() FROM mine JOIN traces USING t WHERE {TENANT}",
        "SELECT 1",
    ],
)
def test_a_query_that_reads_a_table_of_nobody_is_refused(sql: str) -> None:
    with pytest.raises(UnboundTenantError, match="does not bind"):
        require_tenant(sql, OURS)


@pytest.mark.parametrize(
    "parameters", [None, {}, {"team": "a"}, {"team": "a", "project": ""}, {"team": "", "project": "b"}]
)
def test_an_empty_tenant_is_none(parameters: dict[str, str] | None) -> None:
    with pytest.raises(UnboundTenantError):
        require_tenant(f"SELECT count() FROM spans WHERE {TENANT}", parameters)


async def test_the_engine_itself_refuses_before_it_asks(tmp_path: Path) -> None:
    engine = ClickHouse(tmp_path / "never opened")
    with pytest.raises(UnboundTenantError):
        await engine.rows("SELECT count() FROM spans")
    with pytest.raises(UnboundTenantError):
        await engine.arrow("SELECT count() FROM spans")
