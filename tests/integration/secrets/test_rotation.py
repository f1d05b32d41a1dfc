"""Both keys are replaced while secrets are read and written, and nothing is lost on the way."""

import asyncio
import base64
import os
from pathlib import Path

import pytest

from mno.bootstrap import Services
from mno.identity.model import VIEWER_ROLE, Home
from mno.platform.database import Database
from mno.platform.errors import Conflict, Denied, Unavailable
from mno.platform.principal import Principal
from mno.platform.scope import Scope
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from mno.secrets.keys import store as keys_store
from mno.secrets.keys.model import HUB, DataKey
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile
from mno.secrets.own.sealer import Reseal
from mno.secrets.rotation.model import Rotation, RotationState
from mno.secrets.rotation.service import Rotations
from mno.secrets.runtime.model import Protection
from mno.secrets.service import Secrets
from support.consumer import a_person, a_secret, the_owner
from support.promises import PATIENCE_S

ENTRIES = 150


@pytest.fixture
async def owner(services: Services, home: Home) -> Principal:
    return await the_owner(services, home)


async def ended(rotations: Rotations, asker: Principal, rotation: Rotation) -> Rotation:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = next(one for one in await rotations.rotations(asker) if one.id == rotation.id)
            if found.state is not RotationState.RUNNING:
                return found
            await asyncio.sleep(0.02)


async def data_keys(database: Database, team_id: object) -> list[DataKey]:
    async with database.across_teams() as tx:
        return await keys_store.keys_of(tx, team_id)  # type: ignore[arg-type]


async def test_readers_and_writers_go_on_while_both_keys_are_replaced(
    services: Services, home: Home, owner: Principal
) -> None:
    scope, rooms, database = Scope.team(home.team.id), services.runtime, services.engines.database
    for number in range(ENTRIES):
        await rooms.changes.set(owner, a_secret(scope, f"STILL_{number}", f"value {number}"))
    # one that waits for a second person is encrypted as well
    await rooms.changes.protect(owner, Protection(home.project.id, second_person=True))
    await rooms.changes.set(owner, a_secret(Scope.project(home.team.id, home.project.id), "WAITING", "patient"))
    before = await data_keys(database, home.team.id)
    key_file = services.engines.folder.master_key.read_text()
    stop, reads, writes = asyncio.Event(), 0, 0

    async def read() -> None:
        nonlocal reads
        while not stop.is_set():
            names = [f"STILL_{number}" for number in range(reads % 10, ENTRIES, 30)]
            environment = await rooms.runtime.environment(owner, scope, names)
            assert environment.reveal() == {name: f"value {name.removeprefix('STILL_')}" for name in names}
            reads += 1

    async def write() -> None:
        nonlocal writes
        while not stop.is_set():
            await rooms.changes.set(owner, a_secret(scope, "MOVING", f"value {writes}"))
            assert (await rooms.runtime.environment(owner, scope, ["MOVING"])).reveal()["MOVING"] == f"value {writes}"
            writes += 1

    working = [asyncio.create_task(read()), asyncio.create_task(write())]
    try:
        for begin in (rooms.rotations.rotate_data_key, rooms.rotations.rotate_master_key) * 2:
            found = await ended(rooms.rotations, owner, await begin(owner))
            assert (found.state, found.error) == (RotationState.DONE, "")
            assert found.done > 0
    finally:
        stop.set()
        await asyncio.gather(*working)
    assert reads > 3
    assert writes > 3
    after = await data_keys(database, home.team.id)
    assert len(after) == 1
    assert (after[0].version, after[0].master != before[0].master) == (3, True)
    lines = [line for line in services.engines.folder.master_key.read_text().splitlines() if line[0] != "#"]
    assert len(lines) == 1
    assert lines[0] not in key_file


async def test_what_the_program_keeps_for_people_follows_the_new_key_of_the_hub(
    services: Services, home: Home, owner: Principal
) -> None:
    kept: dict[str, bytes] = {}

    async def walk(reseal: Reseal) -> None:
        for purpose, sealed in kept.items():
            kept[purpose] = reseal(purpose, sealed)

    secrets = services.secrets
    secrets.sealer.hold("test", walk)
    kept["test:ada"] = old = secrets.sealer.seal("test:ada", b"seed")
    await secrets.own.write_own(None, "mail.password", "correct horse")
    rotations = services.runtime.rotations
    rotations._grace_s, secrets.spread_s = 1.0, 0.1
    found = await ended(rotations, owner, await rotations.rotate_hub_data_key(owner))
    assert (found.state, found.error) == (RotationState.DONE, "")
    assert kept["test:ada"][:16] != old[:16]
    assert secrets.sealer.open("test:ada", kept["test:ada"]) == b"seed"
    assert await secrets.own.read_own(None, "mail.password") == "correct horse"
    assert len(await data_keys(services.engines.database, HUB)) == 1
    assert secrets.sealer.open("test:ada", secrets.sealer.seal("test:ada", b"next")) == b"next"


async def test_one_damaged_value_does_not_cost_the_key_of_the_others(
    services: Services, home: Home, owner: Principal
) -> None:
    scope = Scope.team(home.team.id)
    await services.runtime.changes.set(owner, a_secret(scope, "GOOD", "value"))
    await services.runtime.changes.set(owner, a_secret(scope, "BROKEN", "value"))
    async with services.engines.database.across_teams() as tx:
        await tx.execute("UPDATE secrets_entries SET version = 9 WHERE name = 'BROKEN'")
    rotations = services.runtime.rotations
    found = await ended(rotations, owner, await rotations.rotate_data_key(owner))
    assert found.state is RotationState.FAILED
    assert "sec_" in found.error
    assert "could not be read" in found.error
    runtime = services.runtime.runtime
    assert (await runtime.environment(owner, scope, ["GOOD"])).reveal() == {"GOOD": "value"}
    await services.runtime.changes.set(owner, a_secret(scope, "BROKEN", "again"))
    found = await ended(rotations, owner, await rotations.rotate_data_key(owner))
    assert found.state is RotationState.DONE
    assert (await runtime.environment(owner, scope)).reveal() == {"GOOD": "value", "BROKEN": "again"}


async def test_a_key_of_the_environment_is_replaced_by_the_one_before_it(
    database: Database, services: Services, home: Home, owner: Principal, tmp_path: Path
) -> None:
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    async with database.across_teams() as tx:
        await tx.execute("DELETE FROM secrets_data_keys")

    def started(names: str) -> Secrets:
        return Secrets(database, chosen(names, KeyFile(tmp_path / "none.key")), Versions(database))

    await started(old).own.write_own(None, "mail.password", "correct horse")
    both = started(f"{new},{old}")
    assert await both.own.read_own(None, "mail.password") == "correct horse"
    with pytest.raises(Unavailable, match="is missing"):
        await started(new).own.read_own(None, "mail.password")
    rotations = Rotations(
        database, both, services.audit.audit, services.access.policy, Tasks(services.engines.database)
    )
    rotation = await rotations.rotate_master_key(owner)
    await rotations._work({"id": str(rotation.id), "team": str(HUB)})
    assert await started(new).own.read_own(None, "mail.password") == "correct horse"
    assert not (tmp_path / "none.key").exists()


async def test_after_a_lost_master_key_secrets_can_be_set_again(
    services: Services, owner: Principal, tmp_path: Path
) -> None:
    database, own = services.engines.database, services.secrets.own
    await own.write_own(None, "mail.password", "correct horse")
    new = chosen(base64.b64encode(os.urandom(32)).decode(), KeyFile(tmp_path / "none.key"))
    after = Secrets(database, new, Versions(database), spread_s=0.05)
    after.sealer.hold("test", _nothing_kept)
    rotations = Rotations(database, after, services.audit.audit, services.access.policy, Tasks(database), grace_s=0.05)
    async with after.running():
        with pytest.raises(Unavailable, match="is missing"):
            await after.own.read_own(None, "mail.password")
        lost = await rotations.rotate_hub_data_key(owner)
        await rotations._work({"id": str(lost.id), "team": str(HUB)})
        assert (await ended(rotations, owner, lost)).error.startswith("mail.password could not be read")
        await after.own.write_own(None, "mail.password", "battery staple")
        again = await rotations.rotate_hub_data_key(owner)
        await rotations._work({"id": str(again.id), "team": str(HUB)})
        assert (await ended(rotations, owner, again)).state is RotationState.DONE
        assert await after.own.read_own(None, "mail.password") == "battery staple"
        assert after.sealer.open("test:ada", after.sealer.seal("test:ada", b"seed")) == b"seed"
    assert len(await data_keys(database, HUB)) == 1


async def _nothing_kept(_: Reseal) -> None:
    """What is sealed in a test lies in a variable."""


async def test_a_rotation_is_for_who_may_and_one_at_a_time(services: Services, home: Home, owner: Principal) -> None:
    viewer = await a_person(services, home, "Onlooker", VIEWER_ROLE)
    rotations = services.runtime.rotations
    for begin in (rotations.rotate_data_key, rotations.rotate_hub_data_key, rotations.rotate_master_key):
        with pytest.raises(Denied):
            await begin(viewer)
    alone = Rotations(
        services.engines.database,
        services.secrets,
        services.audit.audit,
        services.access.policy,
        Tasks(services.engines.database),
    )
    await alone.rotate_data_key(owner)
    with pytest.raises(Conflict, match="already"):
        await alone.rotate_data_key(owner)
