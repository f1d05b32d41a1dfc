"""Old entries go only when they are whole, and what stays can still be verified."""

from pathlib import Path

import pytest

from mno.audit.anchoring.anchors import Anchor, Kind, SigningKey, signed
from mno.audit.retention.service import Retention
from mno.platform import clock
from mno.platform.database import Database
from support.tampering import Ledger


@pytest.fixture
async def ledger(database: Database, postgres_url: str, tmp_path: Path) -> Ledger:
    """Eight entries; the first five are 100 days old by the clock with which they were written."""
    ledger = Ledger(database, postgres_url, tmp_path / "objects")
    await ledger.write(8)
    ledger.sql("UPDATE audit_entries SET at = at - interval '100 days' WHERE team_id = :team AND seq <= 5")
    ledger.rechain()
    await ledger.anchor()
    return ledger


def retention(ledger: Ledger, days: int = 30) -> Retention:
    return Retention(ledger.database, ledger.audit, ledger.anchoring, lambda _: days)


async def test_nothing_is_pruned_unless_somebody_says_so(ledger: Ledger) -> None:
    assert await Retention(ledger.database, ledger.audit, ledger.anchoring).prune_all() == 0
    assert await retention(ledger, 365).prune_all() == 0
    assert len(ledger.rows()) == 8


async def test_a_pruned_chain_is_whole_and_says_that_it_was_pruned(ledger: Ledger) -> None:
    assert await retention(ledger).prune_all() == 5
    assert [row.seq for row in ledger.rows()] == [6, 7, 8, 9]
    assert ledger.rows()[-1].action == "audit.prune"
    assert await ledger.verdict() == ("", None)
    assert await retention(ledger).prune_all() == 0


async def test_a_second_pruning_goes_on_from_the_first_checkpoint(ledger: Ledger) -> None:
    await retention(ledger).prune_all()
    # a negative number of days reaches beyond the present
    assert await retention(ledger).prune(ledger.team_id, -1) == 3
    assert await ledger.verdict() == ("", None)


async def test_more_than_the_checkpoint_covers_is_a_deletion(ledger: Ledger) -> None:
    await retention(ledger).prune_all()
    ledger.sql("DELETE FROM audit_entries WHERE team_id = :team AND seq = 6")
    assert (await ledger.verdict())[0] == "deleted"


async def test_a_forged_checkpoint_hides_nothing(ledger: Ledger) -> None:
    ledger.sql("DELETE FROM audit_entries WHERE team_id = :team AND seq <= 2")
    checkpoint = Anchor(Kind.CHECKPOINT, ledger.team_id, 2, b"x" * 32, clock.now())
    folder = ledger.folder / "audit" / "checkpoints" / ledger.team_id.hex
    folder.mkdir(parents=True)
    (folder / f"{2:016d}.json").write_bytes(signed(checkpoint, SigningKey(b"x" * 32)))
    assert await ledger.verdict() == ("forged_anchor", 2)


async def test_a_chain_that_was_tampered_with_is_not_pruned(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    ledger.sql("UPDATE audit_entries SET action = 'x' WHERE team_id = :team AND seq = 2")
    assert await retention(ledger).prune_all() == 0
    assert len(ledger.rows()) == 8
    assert "are not pruned" in caplog.text
