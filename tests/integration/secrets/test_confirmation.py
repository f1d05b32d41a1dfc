"""A change that needs a second person is carried out once, on approval, and its value is gone otherwise."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mno.approvals.model import Decision, Outcome, State
from mno.bootstrap import Services
from mno.identity.model import OWNER_ROLE, Home
from mno.platform import clock
from mno.platform.errors import Conflict, Denied, VerificationRequired
from mno.platform.principal import Principal
from mno.platform.scope import Scope
from mno.secrets.runtime.model import Changed, Protection
from support.consumer import a_person, a_secret, a_variable


@pytest.fixture
async def ada(services: Services, home: Home) -> Principal:
    return await a_person(services, home, "Ada", OWNER_ROLE)


@pytest.fixture
async def bob(services: Services, home: Home) -> Principal:
    return await a_person(services, home, "Bob", OWNER_ROLE)


def here(home: Home) -> Scope:
    return Scope.project(home.team.id, home.project.id)


async def demand(services: Services, home: Home, who: Principal, *, second: bool = False, fresh: bool = False) -> None:
    await services.runtime.changes.protect(who, Protection(home.project.id, second, fresh))


async def value_of(services: Services, home: Home, who: Principal) -> str | None:
    return (await services.runtime.runtime.environment(who, here(home))).reveal().get("TOKEN")


async def waiting(services: Services) -> int:
    async with services.engines.database.across_teams() as tx:
        rows = await (await tx.execute("SELECT count(*) AS n FROM secrets_pending")).fetchall()
    return int(rows[0]["n"])


async def ask(services: Services, home: Home, who: Principal, value: str) -> Changed:
    return await services.runtime.changes.set(who, a_secret(here(home), "TOKEN", value))


async def test_an_approved_value_is_set_once_and_by_who_asked(
    services: Services, home: Home, ada: Principal, bob: Principal
) -> None:
    await demand(services, home, ada, second=True)
    asked = await ask(services, home, ada, "new")
    assert asked.entry is None
    assert asked.approval_id is not None
    assert await value_of(services, home, ada) is None
    with pytest.raises(Denied, match="Whoever asked"):
        await services.approvals.decide(ada, asked.approval_id, Decision.APPROVE)
    await services.approvals.decide(bob, asked.approval_id, Decision.APPROVE)
    assert await value_of(services, home, ada) == "new"
    assert await waiting(services) == 0
    with pytest.raises(Conflict):
        await services.approvals.decide(bob, asked.approval_id, Decision.APPROVE)
    found = await services.approvals.get(bob, asked.approval_id)
    assert "new" not in str(found.approval.proposal.proposed.values())


@pytest.mark.parametrize("end", ["refused", "withdrawn", "expired"])
async def test_a_value_that_is_not_approved_is_gone(
    services: Services, home: Home, ada: Principal, bob: Principal, end: str
) -> None:
    await demand(services, home, ada, second=True)
    asked = await ask(services, home, ada, "new")
    assert asked.approval_id is not None
    assert await waiting(services) == 1
    if end == "refused":
        await services.approvals.decide(bob, asked.approval_id, Decision.REFUSE)
    elif end == "withdrawn":
        await services.approvals.withdraw(ada, asked.approval_id)
    else:
        async with services.engines.database.across_teams() as tx:
            await tx.execute("UPDATE approvals_requests SET expires_at = %s", (clock.now() - timedelta(seconds=1),))
        await services.approvals.expire_due()
    found = (await services.approvals.get(bob, asked.approval_id)).approval
    assert (found.state, found.outcome) == (State(end), Outcome.DENY)
    assert await waiting(services) == 0
    assert await value_of(services, home, ada) is None


async def test_an_approval_does_not_undo_what_happened_since(
    services: Services, home: Home, ada: Principal, bob: Principal
) -> None:
    await demand(services, home, ada, second=True)
    first, second = await ask(services, home, ada, "first"), await ask(services, home, ada, "second")
    assert first.approval_id is not None
    assert second.approval_id is not None
    await services.approvals.decide(bob, second.approval_id, Decision.APPROVE)
    with pytest.raises(Conflict, match="version 1"):
        await services.approvals.decide(bob, first.approval_id, Decision.APPROVE)
    assert await value_of(services, home, ada) == "second"
    await services.approvals.decide(bob, first.approval_id, Decision.REFUSE)
    assert await waiting(services) == 0


async def test_an_approval_does_not_change_another_entry_that_took_the_name_and_version(
    services: Services, home: Home, ada: Principal, bob: Principal
) -> None:
    old = (await ask(services, home, ada, "old")).entry
    assert old is not None
    await demand(services, home, ada, second=True)
    asked = (await ask(services, home, ada, "asked")).approval_id
    assert asked is not None
    async with services.engines.database.transaction(home.team.id) as tx:
        await tx.execute("DELETE FROM secrets_entries WHERE id = %s", (old.id,))
    again = (await ask(services, home, ada, "again")).approval_id
    assert again is not None
    await services.approvals.decide(bob, again, Decision.APPROVE)
    with pytest.raises(Conflict, match="another one has its name"):
        await services.approvals.decide(bob, asked, Decision.APPROVE)
    assert await value_of(services, home, ada) == "again"


async def test_a_deletion_and_a_variable_wait_as_well(
    services: Services, home: Home, ada: Principal, bob: Principal
) -> None:
    set_ = await ask(services, home, ada, "old")
    assert set_.entry is not None
    await demand(services, home, ada, second=True)
    deleting = await services.runtime.changes.delete(ada, set_.entry.id)
    adding = await services.runtime.changes.set(ada, a_variable(here(home), "REGION", "eu"))
    assert deleting.approval_id is not None
    assert adding.approval_id is not None
    assert await value_of(services, home, ada) == "old"
    await services.approvals.decide(bob, deleting.approval_id, Decision.APPROVE)
    await services.approvals.decide(bob, adding.approval_id, Decision.APPROVE)
    assert (await services.runtime.runtime.environment(ada, here(home))).reveal() == {"REGION": "eu"}


async def test_demanding_less_needs_the_second_person_too(
    services: Services, home: Home, ada: Principal, bob: Principal
) -> None:
    await demand(services, home, ada, second=True)
    found, approval_id = await services.runtime.changes.protect(ada, Protection(home.project.id))
    assert found.second_person
    assert approval_id is not None
    assert (await ask(services, home, ada, "new")).approval_id is not None
    await services.approvals.decide(bob, approval_id, Decision.APPROVE)
    assert (await ask(services, home, ada, "new")).entry is not None


async def test_where_a_fresh_factor_is_demanded_an_old_session_changes_nothing(
    services: Services, home: Home, ada: Principal
) -> None:
    stale = replace(ada, verified_at=clock.now() - timedelta(hours=1))
    with pytest.raises(VerificationRequired):
        await demand(services, home, stale, fresh=True)
    await demand(services, home, ada, fresh=True)
    with pytest.raises(VerificationRequired):
        await ask(services, home, stale, "new")
    with pytest.raises(VerificationRequired):
        await demand(services, home, stale)
    with pytest.raises(VerificationRequired, match="password only"):
        await ask(services, home, replace(ada, second_factor=False), "new")
    changed = await ask(services, home, ada, "new")
    assert changed.entry is not None
    with pytest.raises(VerificationRequired):
        await services.runtime.changes.delete(stale, changed.entry.id)
    assert await value_of(services, home, stale) == "new"
