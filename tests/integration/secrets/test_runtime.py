"""Secrets reach an execution that holds a grant, and nobody else; every use and every refusal is written down."""

import pytest

from mno.audit.queries import Filter
from mno.bootstrap import Services
from mno.identity.model import OPERATOR_ROLE, OWNER_ROLE, VIEWER_ROLE, Home
from mno.identity.policy.model import Effect, SubjectKind
from mno.identity.policy.store import insert_grant
from mno.platform.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope
from mno.secrets.runtime.model import Kind, Wish
from mno.secrets.runtime.service import Wanted
from support.consumer import a_person, a_secret, a_variable, an_agent, execute
from support.nodes import a_grant

PRINT = "import os; print(os.environ.get('TOKEN'), os.environ.get('REGION'), len(os.environ))"


@pytest.fixture
async def owner(services: Services, home: Home) -> Principal:
    return await a_person(services, home, "Owner", OWNER_ROLE)


async def entries_about(services: Services, home: Home, **wanted: str) -> list[tuple[str, str, str]]:
    await services.audit.audit._refusals.flush(everything=True)  # else they are written a moment later
    found, _ = await services.audit.queries.page(home.team.id, Filter(**wanted), 100, "")  # type: ignore[arg-type]
    return [(entry.action, str(entry.outcome), entry.resource) for entry in found]


async def test_an_execution_with_a_grant_receives_the_value_and_the_use_is_written_down(
    services: Services, home: Home, owner: Principal
) -> None:
    agent = an_agent(home, "crawler")
    changed = await services.runtime.changes.set(owner, a_secret(agent, "TOKEN", "s3cret"))
    await services.runtime.changes.set(owner, a_variable(Scope.team(home.team.id), "REGION", "eu"))
    user = await a_person(services, home, "Runner", OPERATOR_ROLE, home.project.id)
    printed = await execute(services.runtime.runtime, user, agent, PRINT)
    assert printed.split()[:2] == ["s3cret", "eu"]
    assert changed.entry is not None
    resource = shown("sec", changed.entry.id)
    assert await entries_about(services, home, resource=resource) == [
        ("secrets.use", "done", resource),
        ("secrets.create", "done", resource),
    ]


async def test_an_execution_without_a_grant_is_refused_and_that_is_written_down(
    services: Services, home: Home, owner: Principal
) -> None:
    agent = an_agent(home, "crawler")
    changed = await services.runtime.changes.set(owner, a_secret(agent, "TOKEN", "s3cret"))
    viewer = await a_person(services, home, "Onlooker", VIEWER_ROLE)
    with pytest.raises(Denied, match=r"secrets\.use"):
        await execute(services.runtime.runtime, viewer, agent, PRINT, names=["TOKEN"])
    assert changed.entry is not None
    resource = shown("sec", changed.entry.id)
    assert ("secrets.use", "refused", resource) in await entries_about(services, home, resource=resource)
    with pytest.raises(Denied):
        await execute(services.runtime.runtime, viewer, agent, PRINT)
    project = shown("prj", home.project.id)
    assert ("secrets.use", "refused", project) in await entries_about(services, home, resource=project)


async def test_a_denial_on_one_agent_holds_against_the_grant_of_the_team(
    services: Services, home: Home, owner: Principal
) -> None:
    user = await a_person(services, home, "Runner", OPERATOR_ROLE)
    database = services.engines.database
    denial = a_grant(
        home.team.id, SubjectKind.USER, user.id, OPERATOR_ROLE, Level.AGENT, home.project.id, "payer", Effect.DENY
    )
    async with database.across_teams() as tx:
        await insert_grant(tx, denial)
        await services.access.policy.changed(tx, home.team.id)
    user = await services.access.policy.user_principal(home.team.id, home.project.id, user.id, user.name)
    await services.runtime.changes.set(owner, a_secret(an_agent(home, "payer"), "TOKEN", "s3cret"))
    with pytest.raises(Denied):
        await services.runtime.runtime.environment(user, an_agent(home, "payer"))
    await services.runtime.runtime.environment(user, an_agent(home, "crawler"))
    shown_to_user, _ = await services.runtime.runtime.page(user, Wanted(), None, 100)
    assert not shown_to_user


async def test_the_narrowest_scope_wins_and_only_named_entries_come(
    services: Services, home: Home, owner: Principal
) -> None:
    team, project = Scope.team(home.team.id), Scope.project(home.team.id, home.project.id)
    agent, task = an_agent(home, "crawler"), Scope(Level.TASK, home.team.id, home.project.id, "crawler")
    for scope, value in ((team, "1"), (project, "2"), (agent, "3"), (task, "4")):
        await services.runtime.changes.set(owner, a_secret(scope, "TOKEN", value))
    await services.runtime.changes.set(owner, a_variable(team, "OTHER", "x"))
    runtime = services.runtime.runtime
    for scope, value in ((team, "1"), (project, "2"), (agent, "3"), (task, "4"), (an_agent(home, "new"), "2")):
        environment = await runtime.environment(owner, scope, ["TOKEN"])
        assert environment.reveal() == {"TOKEN": value}
    assert (await runtime.environment(owner, team)).reveal() == {"TOKEN": "1", "OTHER": "x"}
    with pytest.raises(Invalid, match="MISSING"):
        await runtime.environment(owner, team, ["TOKEN", "MISSING"])


async def test_a_change_is_based_on_the_version_that_was_seen(services: Services, home: Home, owner: Principal) -> None:
    changes, scope = services.runtime.changes, Scope.team(home.team.id)
    await changes.set(owner, a_secret(scope, "TOKEN", "one", version=0))
    with pytest.raises(Conflict, match="version 1"):
        await changes.set(owner, a_secret(scope, "TOKEN", "two", version=0))
    changed = await changes.set(owner, a_secret(scope, "TOKEN", "two", version=1))
    assert changed.entry is not None
    kept = await changes.set(owner, Wish(scope, "TOKEN", Kind.SECRET, "another purpose", None))
    assert kept.entry is not None
    assert (kept.entry.version, kept.entry.purpose) == (2, "another purpose")
    assert (await services.runtime.runtime.environment(owner, scope)).reveal() == {"TOKEN": "two"}
    with pytest.raises(Invalid, match="needs a value"):
        await changes.set(owner, Wish(scope, "TOKEN", Kind.VARIABLE, "now to be read", None))
    with pytest.raises(Conflict):
        await changes.delete(owner, changed.entry.id, version=1)
    await changes.delete(owner, changed.entry.id, version=2)
    assert (await services.runtime.runtime.environment(owner, scope)).reveal() == {}
    history = await services.runtime.runtime.history(owner, changed.entry.id, 50, "")
    assert [entry["action"] for entry in history.entries].count("secrets.change") == 2


async def test_who_holds_a_role_on_one_project_changes_and_sees_nothing_beside_it(
    services: Services, home: Home, owner: Principal
) -> None:
    changes, team = services.runtime.changes, Scope.team(home.team.id)
    mine = await a_person(services, home, "Local admin", OWNER_ROLE, home.project.id)
    await changes.set(owner, a_secret(team, "TEAM_TOKEN", "s3cret"))
    await changes.set(mine, a_secret(Scope.project(home.team.id, home.project.id), "MY_TOKEN", "s3cret"))
    found, _ = await services.runtime.runtime.page(mine, Wanted(), None, 100)
    assert [entry.name for entry in found] == ["MY_TOKEN"]
    with pytest.raises(Denied):
        await changes.set(mine, a_secret(team, "OTHER", "s3cret"))
    with pytest.raises(Denied):
        await changes.set(mine, a_secret(Scope.project(home.team.id, new_id()), "OTHER", "s3cret"))
    with pytest.raises(NotFound, match="no project"):
        await changes.set(owner, a_secret(Scope.project(home.team.id, new_id()), "OTHER", "s3cret"))
    refused = await entries_about(services, home, action="secrets.set", outcome="refused")
    assert len(refused) == 2


async def test_a_ciphertext_that_is_moved_to_another_row_is_not_handed_out(
    services: Services, home: Home, owner: Principal
) -> None:
    scope = Scope.team(home.team.id)
    await services.runtime.changes.set(owner, a_secret(scope, "CHEAP", "mine"))
    await services.runtime.changes.set(owner, a_secret(scope, "DEAR", "theirs"))
    async with services.engines.database.across_teams() as tx:
        await tx.execute(
            "UPDATE secrets_entries SET ciphertext = (SELECT ciphertext FROM secrets_entries WHERE name = 'DEAR')"
            " WHERE name = 'CHEAP'"
        )
    with pytest.raises(Unavailable, match="changed or moved"):
        await services.runtime.runtime.environment(owner, scope, ["CHEAP"])
    assert not [one for one in await entries_about(services, home) if one[0] == "secrets.use"]


async def test_what_cannot_be_written_down_is_not_handed_out(services: Services, home: Home, owner: Principal) -> None:
    scope = Scope.team(home.team.id)
    await services.runtime.changes.set(owner, a_secret(scope, "TOKEN", "s3cret"))
    async with services.engines.database.as_administrator() as tx:
        await tx.execute("ALTER TABLE audit_entries ADD CONSTRAINT full_disk CHECK (action <> 'secrets.use') NOT VALID")
    with pytest.raises(Exception, match="full_disk"):
        await services.runtime.runtime.environment(owner, scope)
