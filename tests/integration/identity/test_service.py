"""The first team, the operator's own key, and how fast a key is checked and forgotten."""

import asyncio
import time

import pytest

from mno.identity import store
from mno.identity.memory import RememberedPrincipals
from mno.identity.model import LAST_USE_RESOLUTION, Scope
from mno.identity.service import Identity, owner_of
from mno.platform import clock, crypto
from mno.platform.database import Database
from mno.platform.errors import Invalid, LimitExceeded, Unauthenticated
from support.engines import opened

KEY = "mno_0123456789abcdefghijklmn"


async def test_the_first_start_creates_one_home_and_later_ones_find_it(database: Database) -> None:
    identity = Identity(database)
    first = await identity.ensure_home()
    again = await Identity(database).ensure_home()
    assert first.created
    assert not again.created
    assert (first.team.id, first.project.id, first.owner.id) == (again.team.id, again.project.id, again.owner.id)


async def test_programs_that_start_together_create_one_home(database: Database) -> None:
    homes = await asyncio.gather(*(Identity(database).ensure_home() for _ in range(5)))
    assert len({home.team.id for home in homes}) == 1
    assert sum(home.created for home in homes) == 1


async def test_the_bootstrap_key_is_an_admin_key_at_once_and_after_a_restart(database: Database) -> None:
    for _ in range(2):
        identity = Identity(database)
        home = await identity.ensure_home()
        await identity.ensure_bootstrap_key(home, KEY)
        assert (await identity.principal_of_key(KEY)).may("keys.write")
    assert len(await identity.keys(owner_of(home, "test"))) == 1


@pytest.mark.parametrize("key", ["mno_short", "sk-" + "a" * 40, "mno_" + "a" * 23, "mno_" + "ä" * 30, " " + KEY])
async def test_a_bootstrap_key_of_another_form_is_refused(database: Database, key: str) -> None:
    identity = Identity(database)
    with pytest.raises(Invalid, match="MNO_BOOTSTRAP_API_KEY"):
        await identity.ensure_bootstrap_key(await identity.ensure_home(), key)


async def test_a_revoked_bootstrap_key_does_not_come_back(database: Database) -> None:
    identity = Identity(database)
    home = await identity.ensure_home()
    await identity.ensure_bootstrap_key(home, KEY)
    principal = await identity.principal_of_key(KEY)
    await identity.revoke_key(owner_of(home, "test"), principal.id)
    await identity.ensure_bootstrap_key(home, KEY)
    with pytest.raises(Unauthenticated, match="revoked"):
        await identity.principal_of_key(KEY)


async def test_the_local_command_line_is_admitted_by_this_process_only(database: Database) -> None:
    identity = Identity(database)
    secret = identity.admit_local(await identity.ensure_home())
    assert (await identity.principal_of_key(secret)).may("settings.write")
    with pytest.raises(Unauthenticated):
        await Identity(database).principal_of_key(secret)


async def test_a_revocation_in_another_process_counts_within_a_second(postgres_url: str) -> None:
    now = [0.0]
    async with opened(postgres_url) as here, opened(postgres_url) as elsewhere:
        identity = Identity(here, RememberedPrincipals(lambda: now[0]))
        other = Identity(elsewhere)
        owner = owner_of(await identity.ensure_home(), "test")
        key, secret = await identity.create_key(owner, "app", (Scope.INGEST,))
        await identity.principal_of_key(secret)
        await other.revoke_key(owner, key.id)
        assert (await identity.principal_of_key(secret)).id == key.id
        now[0] += 1.01
        with pytest.raises(Unauthenticated):
            await identity.principal_of_key(secret)


async def test_a_warm_key_is_checked_within_twenty_microseconds(database: Database) -> None:
    identity = Identity(database, RememberedPrincipals(lambda: 0.0))
    _, secret = await identity.create_key(owner_of(await identity.ensure_home(), "test"), "app", (Scope.INGEST,))
    await identity.principal_of_key(secret)
    rounds = []
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(500):
            await identity.principal_of_key(secret)
        rounds.append((time.perf_counter() - began) / 500)
    assert min(rounds) < 20e-6


async def test_the_last_use_is_written_once_a_minute_at_most(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(0, 1000, 2))
    identity = Identity(database, RememberedPrincipals(lambda: float(next(ticks))))
    owner = owner_of(await identity.ensure_home(), "test")
    _, secret = await identity.create_key(owner, "app", (Scope.INGEST,))
    start = clock.now()
    seen = []
    for moment in (start, start + LAST_USE_RESOLUTION / 2, start + LAST_USE_RESOLUTION * 1.1):
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        await identity.principal_of_key(secret)
        seen.append((await identity.keys(owner))[0].last_used_at)
    assert seen == [start, start, start + LAST_USE_RESOLUTION * 1.1]


async def test_the_secret_itself_is_not_in_the_database(database: Database) -> None:
    identity = Identity(database)
    _, secret = await identity.create_key(owner_of(await identity.ensure_home(), "test"), "app", (Scope.INGEST,))
    async with database.across_teams() as tx:
        row = await (await tx.execute("SELECT k::text AS everything FROM identity_api_keys k")).fetchone()
        found = await store.key_by_fingerprint(tx, crypto.fingerprint(secret))
    assert row is not None
    assert secret not in row["everything"]
    assert found is not None


async def test_a_team_may_not_have_endless_keys(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mno.identity.service.MAX_KEYS_PER_TEAM", 2)
    identity = Identity(database)
    owner = owner_of(await identity.ensure_home(), "test")
    first, _ = await identity.create_key(owner, "a", (Scope.READ,))
    await identity.create_key(owner, "b", (Scope.READ,))
    with pytest.raises(LimitExceeded, match="2"):
        await identity.create_key(owner, "c", (Scope.READ,))
    await identity.revoke_key(owner, first.id)
    await identity.create_key(owner, "c", (Scope.READ,))
