"""The program's own credentials and sealed values, over a real Postgres."""

from pathlib import Path
from uuid import UUID

import pytest

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.platform.database import Database
from mno.platform.errors import Unavailable
from mno.platform.versions import Versions
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile
from mno.secrets.own.sealer import Reseal
from mno.secrets.service import Secrets


async def nowhere(_: Reseal) -> None:
    """For values that a test keeps in a variable."""


@pytest.fixture
def secrets(database: Database, tmp_path: Path) -> Secrets:
    return Secrets(database, chosen("", KeyFile(tmp_path / "master.key")), Versions(database))


async def test_a_credential_is_read_back_and_lies_encrypted(secrets: Secrets, database: Database) -> None:
    await secrets.own.write_own(None, "mail.password", "correct horse")
    assert await secrets.own.read_own(None, "mail.password") == "correct horse"
    async with database.across_teams() as tx:
        rows = await (await tx.execute("SELECT * FROM secrets_own")).fetchall()
    assert len(rows) == 1
    assert b"horse" not in bytes(rows[0]["ciphertext"])


async def test_teams_have_credentials_of_their_own(services: Services, home: Home) -> None:
    secrets, team, other = services.secrets, home.team.id, UUID(int=7)
    await secrets.own.write_own(team, "github", "one")
    await secrets.own.write_own(None, "github", "two")
    assert await secrets.own.read_own(team, "github") == "one"
    assert await secrets.own.read_own(None, "github") == "two"
    assert await secrets.own.read_own(other, "github") is None
    assert await secrets.own.delete_own(team, "github")
    assert await secrets.own.read_own(team, "github") is None


async def test_a_ciphertext_that_is_copied_to_another_name_does_not_open(secrets: Secrets, database: Database) -> None:
    await secrets.own.write_own(None, "mine", "one")
    async with database.across_teams() as tx:
        await tx.execute("UPDATE secrets_own SET name = 'yours'")
    with pytest.raises(Unavailable, match="changed or moved"):
        await secrets.own.read_own(None, "yours")


async def test_a_sealed_value_opens_for_its_purpose_only_also_after_a_restart(
    secrets: Secrets, database: Database, tmp_path: Path
) -> None:
    secrets.sealer.hold("totp", nowhere)
    async with secrets.running():
        sealed = secrets.sealer.seal("totp:ada", b"seed")
    again = Secrets(database, chosen("", KeyFile(tmp_path / "master.key")), Versions(database))
    async with again.running():
        assert again.sealer.open("totp:ada", sealed) == b"seed"
        with pytest.raises(Unavailable):
            again.sealer.open("totp:bob", sealed)


async def test_nothing_is_sealed_that_a_new_key_would_not_reach(secrets: Secrets) -> None:
    async with secrets.running():
        with pytest.raises(ValueError, match="hold"):
            secrets.sealer.seal("forgotten:ada", b"seed")


async def test_a_lost_master_key_is_not_replaced_in_silence(
    secrets: Secrets, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await secrets.own.write_own(None, "mail.password", "correct horse")
    (tmp_path / "master.key").unlink()
    again = Secrets(database, chosen("", KeyFile(tmp_path / "master.key")), Versions(database))
    async with again.running():
        with pytest.raises(Unavailable, match=r"master key local:\w+ is missing"):
            await again.own.read_own(None, "mail.password")
    assert "is missing" in caplog.text
    assert not (tmp_path / "master.key").exists()
