"""Whatever a superuser does to the log is found, and named by its kind and its first bad entry."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from mno.audit.anchoring.anchors import Anchor, Kind, SigningKey, signed
from mno.audit.model import Outcome
from mno.audit.service import entry_of
from mno.platform import clock
from mno.platform.database import Database
from mno.platform.errors import Denied
from support.tampering import Ledger


@pytest.fixture
async def ledger(database: Database, postgres_url: str, tmp_path: Path) -> Ledger:
    """Eight entries, an anchor at the sixth."""
    ledger = Ledger(database, postgres_url, tmp_path / "objects")
    await ledger.write(6)
    assert await ledger.anchor() == 1
    await ledger.write(2)
    return ledger


async def test_an_untouched_chain_is_whole(ledger: Ledger) -> None:
    assert await ledger.verdict() == ("", None)


async def test_entries_that_gathered_are_whole_whatever_they_say(ledger: Ledger) -> None:
    said = ["done", 'quotes " and \\', "\\u0000 and \u2028", "審計 🧾", "%(seq)s {}", "a" * 500]
    entries = [entry_of(ledger.actor, "tools.call", "mcs_1", Outcome.DONE, name=one, detail=one) for one in said]
    await ledger.audit.append(ledger.team_id, entries)
    await ledger.write(1)
    assert await ledger.verdict() == ("", None)
    kept = ledger.rows()[8:-1]
    assert [(row.seq, json.loads(str(row.payload))["detail"]) for row in kept] == list(enumerate(said, start=9))


async def test_a_chain_that_never_was_is_no_fault(ledger: Ledger) -> None:
    ledger.team_id = UUID(int=7)
    assert await ledger.verdict() == ("", None)


@pytest.mark.parametrize(
    "edit",
    [
        "action = 'keys.read'",
        "resource = 'key_9'",
        "outcome = 'refused'",
        "at = at - interval '1 microsecond'",
        "actor_id = gen_random_uuid()",
        "person_id = gen_random_uuid()",
        "trace_id = 'x'",
        "times = 2",
        "payload = '{}'",
        "payload = replace(payload::text, 'Ann', 'Bob')::json",
        "salt = sha256('other')",
        "payload_hash = sha256('other')",
        "hash = sha256('other')",
        "id = gen_random_uuid()",
    ],
)
async def test_an_edited_entry_is_named(ledger: Ledger, edit: str) -> None:
    ledger.sql(f"UPDATE audit_entries SET {edit} WHERE team_id = :team AND seq = 4")
    assert await ledger.verdict() == ("edited", 4)


async def test_a_deleted_entry_is_named(ledger: Ledger) -> None:
    ledger.sql("DELETE FROM audit_entries WHERE team_id = :team AND seq = 4")
    assert await ledger.verdict() == ("deleted", 4)


async def test_a_deleted_beginning_without_a_checkpoint_is_named(ledger: Ledger) -> None:
    ledger.sql("DELETE FROM audit_entries WHERE team_id = :team AND seq <= 2")
    assert await ledger.verdict() == ("deleted", 1)


@pytest.mark.parametrize(("one", "other"), [(2, 3), (1, 7), (4, 8)])
async def test_two_entries_that_changed_places_are_named(ledger: Ledger, one: int, other: int) -> None:
    ledger.sql("UPDATE audit_entries SET seq = -1 WHERE team_id = :team AND seq = %s", one)
    ledger.sql("UPDATE audit_entries SET seq = %s WHERE team_id = :team AND seq = %s", one, other)
    ledger.sql("UPDATE audit_entries SET seq = %s WHERE team_id = :team AND seq = -1", other)
    assert await ledger.verdict() == ("swapped", one)


async def test_a_cut_tail_is_found_by_the_head(ledger: Ledger) -> None:
    ledger.sql("DELETE FROM audit_entries WHERE team_id = :team AND seq > 6")
    assert await ledger.verdict() == ("cut", 7)


async def test_a_cut_tail_with_its_head_is_found_by_the_anchor(ledger: Ledger) -> None:
    ledger.sql("DELETE FROM audit_entries WHERE team_id = :team AND seq > 4")
    ledger.sql(
        "UPDATE audit_chains SET seq = 4, hash = (SELECT hash FROM audit_entries WHERE team_id = :team AND seq = 4)"
        " WHERE team_id = :team"
    )
    assert await ledger.verdict() == ("cut", 5)


async def test_a_chain_that_vanished_is_found_by_its_anchor(ledger: Ledger) -> None:
    ledger.sql("DELETE FROM audit_entries WHERE team_id = :team")
    ledger.sql("DELETE FROM audit_chains WHERE team_id = :team")
    assert await ledger.verdict() == ("cut", 1)
    assert ledger.team_id in await ledger.verifications.chains()


async def test_a_chain_that_was_written_anew_is_found_by_the_anchor(ledger: Ledger) -> None:
    ledger.sql("UPDATE audit_entries SET action = 'keys.read' WHERE team_id = :team AND seq = 4")
    ledger.rechain()
    assert await ledger.verdict() == ("rechained", 1)


async def test_a_rewrite_lies_between_the_last_anchor_that_fits_and_the_first_that_does_not(ledger: Ledger) -> None:
    await ledger.anchor()
    ledger.sql("UPDATE audit_entries SET action = 'keys.read' WHERE team_id = :team AND seq = 7")
    ledger.rechain()
    assert await ledger.verdict() == ("rechained", 7)


async def test_a_rewritten_chain_gets_no_new_anchor(ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    ledger.sql("UPDATE audit_entries SET action = 'keys.read' WHERE team_id = :team AND seq = 4")
    ledger.rechain()
    ledger.anchoring._last.clear()
    assert await ledger.anchor() == 0
    assert "does not continue the last one" in caplog.text
    assert len(ledger.anchor_files()) == 1


async def test_an_anchor_of_another_key_is_forged(ledger: Ledger) -> None:
    ledger.sql("UPDATE audit_entries SET action = 'keys.read' WHERE team_id = :team AND seq = 4")
    ledger.rechain()
    (file,) = ledger.anchor_files()
    anchor = Anchor(Kind.ANCHOR, ledger.team_id, 6, ledger.rows()[5].hash, clock.now())
    file.write_bytes(signed(anchor, SigningKey(bytes(31) + b"x")))
    assert await ledger.verdict() == ("forged_anchor", 6)


async def test_an_edited_anchor_is_forged(ledger: Ledger) -> None:
    (file,) = ledger.anchor_files()
    file.write_text(json.dumps(json.loads(file.read_text()) | {"at": "2020-01-01T00:00:00+00:00"}))
    assert await ledger.verdict() == ("forged_anchor", 6)


async def test_an_anchor_of_another_place_is_forged(ledger: Ledger) -> None:
    (file,) = ledger.anchor_files()
    file.with_name(f"{5:016d}.json").write_bytes(file.read_bytes())
    assert await ledger.verdict() == ("forged_anchor", 5)


async def test_a_removed_anchor_is_missed_by_the_next_one(ledger: Ledger) -> None:
    await ledger.anchor()
    ledger.anchor_files()[0].unlink()
    assert await ledger.verdict() == ("missing_anchor", 6)


async def test_an_entry_beyond_the_head_is_found(ledger: Ledger) -> None:
    ledger.sql(
        "INSERT INTO audit_entries SELECT team_id, 9, gen_random_uuid(), at, actor_kind, actor_id, person_id, action,"
        " resource, outcome, trace_id, times, payload_hash, hash, salt, payload FROM audit_entries"
        " WHERE team_id = :team AND seq = 8"
    )
    assert await ledger.verdict() == ("head", 9)


async def test_a_head_that_is_not_the_last_entry_s_is_found(ledger: Ledger) -> None:
    ledger.sql("UPDATE audit_chains SET hash = sha256('other') WHERE team_id = :team")
    assert await ledger.verdict() == ("head", 8)


async def test_a_payload_that_vanished_without_an_entry_is_found(ledger: Ledger) -> None:
    ledger.sql("UPDATE audit_entries SET salt = NULL, payload = NULL WHERE team_id = :team AND seq = 3")
    assert await ledger.verdict() == ("unrecorded_erasure", 3)


async def test_an_erased_person_does_not_break_the_chain(ledger: Ledger) -> None:
    assert await ledger.audit.erase(ledger.actor, ledger.actor.id) == 8
    result = await ledger.verifications.verify(ledger.team_id)
    assert (result.fault, result.erased, result.entries) == ("", 8, 9)
    assert all(row.payload is None for row in ledger.rows()[:8])


async def test_only_an_owner_erases_a_person(ledger: Ledger) -> None:
    ledger.actor = type(ledger.actor)(
        ledger.actor.kind, ledger.actor.id, "Ann", ledger.team_id, ledger.actor.project_id, frozenset()
    )
    for everywhere in (False, True):
        with pytest.raises(Denied):
            await ledger.audit.erase(ledger.actor, ledger.actor.id, everywhere=everywhere)


async def test_the_program_s_own_role_can_neither_edit_nor_delete_an_entry(ledger: Ledger) -> None:
    import psycopg

    for statement in ("UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with ledger.database.transaction(ledger.team_id) as tx:
                await tx.execute(statement)
