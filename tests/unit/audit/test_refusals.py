"""Refused attempts are counted, bounded, and never in the way."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from mno.audit import refusals
from mno.audit.model import HUB_CHAIN, NewEntry, Outcome, Payload
from mno.audit.refusals import Refusals
from mno.platform.errors import Unavailable
from mno.platform.ids import new_id

TEAM = new_id()


class Log:
    """Keeps what it is given; `broken` is an engine that does not answer."""

    def __init__(self) -> None:
        self.written: list[tuple[UUID, str, int]] = []
        self.broken = False

    async def write(self, team_id: UUID, entries: Sequence[NewEntry]) -> None:
        if self.broken:
            raise Unavailable("gone")
        self.written += [(team_id, entry.action, entry.times) for entry in entries]


def refusal(action: str = "access.deny", address: str = "192.0.2.1") -> NewEntry:
    return NewEntry("user", TEAM, TEAM, action, "GET /x", Outcome.REFUSED, "", Payload(address=address, detail="no"))


async def test_the_first_is_written_at_once_and_its_repetitions_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    queue = Refusals(log.write)
    queue.add(TEAM, refusal())
    await queue.flush()
    for _ in range(1000):
        queue.add(TEAM, refusal())
    await queue.flush()
    assert log.written == [(TEAM, "access.deny", 1)]
    await queue.flush(everything=True)
    assert log.written == [(TEAM, "access.deny", 1), (TEAM, "access.deny", 1000)]


async def test_the_count_is_written_when_its_minute_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "COUNT_S", 0.0)
    log = Log()
    queue = Refusals(log.write)
    for times in (1, 3):
        for _ in range(times):
            queue.add(TEAM, refusal())
        await queue.flush()
    assert [times for _, _, times in log.written] == [1, 3]
    await queue.flush()
    assert queue._known == {}


async def test_different_refusals_are_not_counted_together() -> None:
    log = Log()
    queue = Refusals(log.write)
    for entry in (refusal("a.b"), refusal("c.d"), refusal("a.b", "192.0.2.2")):
        queue.add(TEAM, entry)
    queue.add(HUB_CHAIN, refusal("a.b"))
    await queue.flush()
    assert sorted(action for _, action, _ in log.written) == ["a.b", "a.b", "a.b", "c.d"]


async def test_what_finds_no_room_is_counted_in_an_entry() -> None:
    log = Log()
    queue = Refusals(log.write, room=3)
    for number in range(10):
        queue.add(TEAM, refusal(address=f"192.0.2.{number}"))
    await queue.flush()
    assert len(log.written) == 4
    assert log.written[-1] == (HUB_CHAIN, "refusals.drop", 7)
    await queue.flush()
    assert len(log.written) == 4


async def test_what_cannot_be_written_now_is_written_later() -> None:
    log = Log()
    log.broken = True
    queue = Refusals(log.write)
    queue.add(TEAM, refusal())
    await queue.flush()
    queue.add(TEAM, refusal())
    log.broken = False
    await queue.flush()
    assert log.written == [(TEAM, "access.deny", 2)]


async def test_the_end_of_the_program_writes_what_is_left() -> None:
    log = Log()
    queue = Refusals(log.write)
    async with queue.running():
        queue.add(TEAM, refusal())
        queue.add(TEAM, refusal())
    assert log.written == [(TEAM, "access.deny", 2)]
