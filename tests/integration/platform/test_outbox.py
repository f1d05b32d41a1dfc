"""Facts arrive at least once, in order for each subject, at each subscriber; a late commit is not skipped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import pytest

from mno.identity import store
from mno.identity.model import Team
from mno.platform.database import Connection, Database
from mno.platform.deliveries import Handler
from mno.platform.errors import Invalid, NotFound
from mno.platform.facts import Fact, Parked
from mno.platform.ids import new_id
from mno.platform.outbox import Outbox
from mno.platform.versions import Versions

KIND = "tests.happened"
#: Long enough for any machine, and less than the minute for which nobody polls.
BEFORE_A_POLL_S = 45.0


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return an_outbox(database)


def an_outbox(database: Database, attempts: int = 3) -> Outbox:
    return Outbox(database, Versions(database), attempts=attempts, first_retry_s=0.01)


class Ears:
    """A subscriber that remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []

    async def take(self, _: Connection, fact: Fact) -> None:
        self.heard.append((fact.subject, fact.data["n"]))

    def numbers(self, subject: str = "a") -> list[int]:
        return [number for heard, number in self.heard if heard == subject]


class Refusal(Ears):
    """One that fails for a subject as long as it is told to."""

    def __init__(self, subject: str) -> None:
        super().__init__()
        self.subject: str | None = subject
        self.failures = 0

    async def take(self, tx: Connection, fact: Fact) -> None:
        if fact.subject == self.subject:
            self.failures += 1
            raise RuntimeError("not today")
        await super().take(tx, fact)


async def publish(outbox: Outbox, database: Database, *facts: tuple[str, int], team: UUID | None = None) -> None:
    async with database.transaction(team) as tx:
        await outbox.publish_all(tx, [Fact(team, subject, KIND, {"n": number}) for subject, number in facts])


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(BEFORE_A_POLL_S):
        while not holds():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(outbox: Outbox, **handlers: Handler) -> AsyncIterator[None]:
    for name, handler in handlers.items():
        outbox.subscribe(name, [KIND], handler)
    async with outbox.running():
        yield


async def test_each_subscriber_hears_every_fact_of_a_subject_in_its_order(outbox: Outbox, database: Database) -> None:
    one, other = Ears(), Ears()
    async with listening(outbox, one=one.take, other=other.take):
        await publish(outbox, database, ("a", 1), ("b", 1), ("a", 2))
        await publish(outbox, database, ("a", 3), ("b", 2))
        await until(lambda: len(one.heard) == len(other.heard) == 5)
    for ears in (one, other):
        assert ears.numbers("a") == [1, 2, 3]
        assert ears.numbers("b") == [1, 2]


async def test_a_fact_of_a_transaction_that_rolls_back_was_never_told(outbox: Outbox, database: Database) -> None:
    ears = Ears()
    async with listening(outbox, ears=ears.take):
        with suppress(ZeroDivisionError):
            async with database.transaction() as tx:
                await outbox.publish(tx, Fact(None, "a", KIND, {"n": 1}))
                raise ZeroDivisionError
        await publish(outbox, database, ("a", 2))
        await until(lambda: bool(ears.heard))
    assert ears.numbers() == [2]


async def test_a_late_commit_is_neither_skipped_nor_overtaken(outbox: Outbox, database: Database) -> None:
    """The first fact draws its place first and commits last."""
    ears = Ears()
    async with listening(outbox, ears=ears.take):
        async with database.transaction() as late:
            await outbox.publish(late, Fact(None, "a", KIND, {"n": 1}))
            await publish(outbox, database, ("a", 2))
            await asyncio.sleep(0.3)
            assert ears.heard == []
        await until(lambda: len(ears.heard) == 2)
    assert ears.numbers() == [1, 2]


async def test_publishers_that_never_pause_do_not_keep_facts_back(outbox: Outbox, database: Database) -> None:
    """There is always an open publisher, but never the same for long."""
    ears = Ears()
    stop = asyncio.Event()

    async def publishing(first: int) -> None:
        number = first
        while not stop.is_set():
            async with database.transaction() as tx:
                await outbox.publish(tx, Fact(None, "busy", KIND, {"n": number}))
                await asyncio.sleep(0.05)
            number += 2

    async with listening(outbox, ears=ears.take):
        busy = [asyncio.create_task(publishing(0))]
        await asyncio.sleep(0.025)
        busy.append(asyncio.create_task(publishing(1)))
        await until(lambda: len(ears.heard) >= 10)
        stop.set()
        await asyncio.gather(*busy)


async def test_groups_are_of_one_team_in_order_and_a_bad_fact_stops_its_subject_alone(database: Database) -> None:
    """The whole group is tried first; then its facts one by one."""
    outbox, heard, teams_of_calls = an_outbox(database, attempts=1000), list[tuple[str, int]](), list[int]()
    bad = True

    async def take(tx: Connection, facts: Sequence[Fact]) -> None:
        teams_of_calls.append(len({fact.team_id for fact in facts}))
        if bad and ("a", 2) in [(fact.subject, fact.data["n"]) for fact in facts]:
            raise RuntimeError("not today")
        heard.extend((fact.subject, fact.data["n"]) for fact in facts)

    one, other = new_id(), new_id()
    outbox.subscribe_to_groups("ears", [KIND], take)
    async with outbox.running():
        await publish(outbox, database, *((subject, number) for number in (1, 2, 3) for subject in "ab"), team=one)
        await publish(outbox, database, ("c", 1), team=other)
        await until(lambda: len(heard) == 5)
        assert sorted(heard) == [("a", 1), ("b", 1), ("b", 2), ("b", 3), ("c", 1)]
        bad = False
        await until(lambda: len(heard) == 7)
    assert [number for subject, number in heard if subject == "a"] == [1, 2, 3]
    assert set(teams_of_calls) == {1}


async def test_one_subject_that_waits_does_not_hide_the_others_behind_its_facts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has more facts than are looked at in one turn."""
    monkeypatch.setattr("mno.platform.deliveries.MAX_FACTS_IN_TURN", 5)
    outbox, ears = an_outbox(database, attempts=1000), Refusal("a")
    async with listening(outbox, ears=ears.take):
        await publish(outbox, database, *(("a", number) for number in range(20)), ("b", 1), ("c", 1), ("b", 2))
        await until(lambda: ears.numbers("b") == [1, 2] and ears.numbers("c") == [1])
        assert ears.numbers("a") == []
        ears.subject = None
        await until(lambda: ears.numbers("a") == list(range(20)))


async def test_an_open_transaction_that_publishes_nothing_delays_nobody(outbox: Outbox, database: Database) -> None:
    ears = Ears()
    async with listening(outbox, ears=ears.take), database.across_teams() as long:
        await store.insert_team(long, Team(new_id(), "unfinished"))
        await publish(outbox, database, ("a", 1))
        await until(lambda: ears.numbers() == [1])


async def test_a_failing_subject_waits_while_the_others_go_on(database: Database) -> None:
    outbox = an_outbox(database, attempts=1000)
    ears = Refusal("a")
    async with listening(outbox, ears=ears.take):
        await publish(outbox, database, ("a", 1), ("a", 2), *(("b", number) for number in range(5)))
        await until(lambda: len(ears.numbers("b")) == 5 and ears.failures > 1)
        assert ears.numbers("a") == []
        ears.subject = None
        await until(lambda: len(ears.numbers("a")) == 2)
    assert ears.numbers("a") == [1, 2]


async def test_what_cannot_be_taken_is_parked_seen_and_replayed(outbox: Outbox, database: Database) -> None:
    ears, other = Refusal("a"), Ears()
    async with listening(outbox, ears=ears.take, other=other.take):
        await publish(outbox, database, ("a", 1), ("b", 1))
        await until(lambda: ears.failures == 3 and bool(ears.heard))
        parked: list[Parked] = []
        async with asyncio.timeout(BEFORE_A_POLL_S):
            while not parked:
                parked = await outbox.parked()
        assert [(one.subscriber, one.fact.subject, one.attempts) for one in parked] == [("ears", "a", 3)]
        assert parked[0].error == "RuntimeError: not today"
        ears.subject = None
        await publish(outbox, database, ("a", 2))
        await until(lambda: ears.numbers("a") == [2])
        await outbox.replay("ears", parked[0].fact.id)
        await until(lambda: ears.numbers("a") == [2, 1])
        assert await outbox.parked() == []
        with pytest.raises(NotFound):
            await outbox.replay("ears", parked[0].fact.id)
        await until(lambda: other.numbers("a") == [1, 2])


async def test_what_a_failed_handler_wrote_is_undone_and_what_a_good_one_wrote_happens_once(
    outbox: Outbox, database: Database
) -> None:
    team = Team(new_id(), "told")
    failures = 0

    async def write(tx: Connection, _: Fact) -> None:
        nonlocal failures
        await store.insert_team(tx, team)
        if failures < 2:
            failures += 1
            raise RuntimeError("after the change")

    async with listening(outbox, writer=write):
        await publish(outbox, database, ("a", 1))
        async with asyncio.timeout(BEFORE_A_POLL_S):
            while True:
                async with database.across_teams() as tx:
                    first = await store.first_team(tx)
                if first is not None:
                    break
    assert first == team
    assert failures == 2


async def test_a_handler_sees_the_rows_of_its_fact_s_team_only(outbox: Outbox, database: Database) -> None:
    seen: list[str] = []

    async def look(tx: Connection, fact: Fact) -> None:
        row = await (await tx.execute("SELECT current_user || ' ' || current_setting('mno.team') AS who")).fetchone()
        assert row is not None
        seen.append(row["who"])

    team = new_id()
    async with listening(outbox, look=look):
        await publish(outbox, database, ("a", 1), team=team)
        await publish(outbox, database, ("b", 1))
        await until(lambda: len(seen) == 2)
    assert sorted(seen) == sorted([f"mno_app {team}", "mno_app *"])


async def test_relays_side_by_side_share_the_work_and_keep_the_order(database: Database) -> None:
    heard: list[tuple[str, int]] = []

    async def take(_: Connection, fact: Fact) -> None:
        await asyncio.sleep(0.001)
        heard.append((fact.subject, fact.data["n"]))

    relays = [an_outbox(database) for _ in range(3)]
    async with listening(relays[0], ears=take), listening(relays[1], ears=take), listening(relays[2], ears=take):
        for number in range(40):
            await publish(relays[number % 3], database, *((subject, number) for subject in "abc"))
        await until(lambda: len(heard) >= 120)
    for subject in "abc":
        assert [number for told, number in heard if told == subject] == list(range(40))


async def test_a_process_is_woken_for_its_own_subscribers(
    database: Database, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher relays too, but for another subscriber; nobody polls for a minute."""
    monkeypatch.setattr("mno.platform.outbox.RELAY_INTERVAL_S", 60.0)
    here, there = Ears(), Ears()
    versions = Versions(database)
    elsewhere = Outbox(database, versions)
    async with versions.running(), listening(elsewhere, there=there.take), listening(outbox, here=here.take):
        await asyncio.sleep(0.2)
        await publish(outbox, database, ("a", 1))
        await until(lambda: here.numbers() == there.numbers() == [1])


async def test_a_new_subscriber_begins_with_the_next_fact(outbox: Outbox, database: Database) -> None:
    ears, late = Ears(), Ears()
    async with listening(outbox, ears=ears.take):
        await publish(outbox, database, ("a", 1))
        await until(lambda: ears.numbers() == [1])
    again = an_outbox(database)
    async with listening(again, ears=ears.take, late=late.take):
        await publish(again, database, ("a", 2))
        await until(lambda: late.numbers() == [2] and ears.numbers() == [1, 2])


async def test_only_what_everybody_took_and_nobody_parked_is_pruned(outbox: Outbox, database: Database) -> None:
    ears = Refusal("a")
    async with listening(outbox, ears=ears.take):
        await publish(outbox, database, ("a", 1), ("b", 1))
        await until(lambda: ears.failures == 3 and bool(ears.heard))
        assert await outbox.prune() == 0
        async with database.across_teams() as tx:
            await tx.execute("UPDATE facts SET published_at = published_at - interval '2 days'")
        await publish(outbox, database, ("b", 2))
        await until(lambda: ears.numbers("b") == [1, 2])
        assert await outbox.prune() == 1
        assert [one.fact.subject for one in await outbox.parked()] == ["a"]


async def test_a_fact_that_is_too_large_is_refused(outbox: Outbox, database: Database) -> None:
    with pytest.raises(Invalid, match="bytes"):
        async with database.transaction() as tx:
            await outbox.publish(tx, Fact(None, "a", KIND, {"text": "x" * 100_000}))


async def test_two_subscribers_cannot_have_one_name(outbox: Outbox) -> None:
    outbox.subscribe("ears", [KIND], Ears().take)
    with pytest.raises(ValueError, match="ears"):
        outbox.subscribe("ears", [KIND], Ears().take)
