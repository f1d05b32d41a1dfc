"""The ledger: entries for people to read, and the hours of usage that are posted to it.

Every ten minutes the rollups' closed hours are compared with what was written of them; what differs is written as
usage or as an adjustment. Every night the same is done for all that is kept, and then the days of the last week are
counted from the spans themselves: a difference is told by a fact, because then something has gone wrong.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.ledger import store
from mno.observability.ledger.facts import DIFFERENCE_FOUND
from mno.observability.ledger.model import (
    MAX_CHARGEBACK_LINES,
    MAX_CREDIT_NANO,
    MAX_EXPORT_LINES,
    MAX_NOTE_CHARACTERS,
    Balance,
    Charge,
    Difference,
    Entry,
    LedgerKind,
    Line,
    Place,
    Sums,
)
from mno.observability.ledger.ports import Facts
from mno.observability.ledger.posting import postings
from mno.observability.ledger.queries import LedgerQueries
from mno.platform import clock, money
from mno.platform.database import Database
from mno.platform.errors import Denied, Invalid, LimitExceeded, MnoError
from mno.platform.facts import Fact
from mno.platform.ids import shown
from mno.platform.principal import Principal
from mno.platform.time_range import TimeRange

_log = logging.getLogger(__name__)

#: How long after its end an hour is posted: by then its spans have arrived, and what comes later is an adjustment.
POSTING_WAIT_S = 600.0
#: How far back that posting looks.
RECENT = timedelta(days=3)
#: And the nightly one: another price for last quarter still reaches the ledger.
KEPT = timedelta(days=400)
#: Days that the nightly check counts from the spans.
CHECKED_DAYS = 7
_HOUR = timedelta(hours=1)
_READ = "ledger.read"


class Ledger:
    """`of_team` asks about every project, and takes the permission in the whole team."""

    def __init__(self, database: Database, queries: LedgerQueries, audit: Audit, facts: Facts) -> None:
        self._database = database
        self._queries = queries
        self._audit = audit
        self._facts = facts

    async def page(
        self, reader: Principal, kinds: Sequence[LedgerKind], before: int | None, limit: int, *, of_team: bool
    ) -> tuple[list[Entry], int | None]:
        """The newest first, and where the next page begins."""
        project = _project(reader, of_team=of_team)
        names = [str(kind) for kind in kinds]
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.page(tx, reader.team_id, project, names, before, limit=limit + 1)
        return found[:limit], found[limit - 1].position if len(found) > limit else None

    async def balance(self, reader: Principal, window: TimeRange, *, of_team: bool) -> Balance:
        """Over the whole hours that the range touches."""
        project = _project(reader, of_team=of_team)
        async with self._database.transaction(reader.team_id) as tx:
            return await store.balance(tx, reader.team_id, project, *_hours(window))

    async def chargeback(self, reader: Principal, window: TimeRange, by: str, *, of_team: bool) -> list[Charge]:
        """What each project, model, … or value of a tag has cost, the dearest first, MAX_CHARGEBACK_LINES of them."""
        if by not in store.CHARGED_BY and not (by.startswith("tag:") and len(by) > len("tag:")):
            raise Invalid(f"Charge by {', '.join(store.CHARGED_BY)} or tag:NAME, not by '{by[:60]}'.")
        project = _project(reader, of_team=of_team)
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.chargeback(tx, reader.team_id, project, *_hours(window), by, limit=MAX_CHARGEBACK_LINES)
        if by != "project":
            return found
        return [Charge(shown("prj", UUID(charge.value)), charge.sums) for charge in found]

    async def lines(self, reader: Principal, window: TimeRange, *, of_team: bool) -> list[Line]:
        """A bill for bookkeeping. `LimitExceeded` above MAX_EXPORT_LINES; that somebody took it is written down."""
        project = _project(reader, of_team=of_team)
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.lines(tx, reader.team_id, project, *_hours(window), limit=MAX_EXPORT_LINES + 1)
        if len(found) > MAX_EXPORT_LINES:
            raise LimitExceeded(f"The range has more than {MAX_EXPORT_LINES} lines; choose a shorter one.")
        resource = shown("team", reader.team_id) if of_team else shown("prj", reader.project_id)
        await self._audit.note(reader, "ledger.export", resource, detail=f"{len(found)} lines")
        return found

    async def credit(self, writer: Principal, amount_nano: int, note: str) -> Entry:
        """Enters what a provider gave back, or what was agreed. `Invalid` for nothing, too much, or without a note."""
        note = " ".join(note.split())
        if not 0 < amount_nano <= MAX_CREDIT_NANO:
            raise Invalid(f"A credit is more than 0 and at most {money.usd(MAX_CREDIT_NANO):f} USD.")
        if not 0 < len(note) <= MAX_NOTE_CHARACTERS:
            raise Invalid(f"A credit needs a note of at most {MAX_NOTE_CHARACTERS} characters: where it comes from.")
        async with self._database.transaction(writer.team_id) as tx:
            position = await store.insert_credit(
                tx, writer.team_id, writer.project_id, clock.now(), amount_nano, note, writer.name
            )
            found = await store.page(tx, writer.team_id, writer.project_id, [], position + 1, limit=1)
            after = {"amount": money.shown(money.usd(amount_nano)), "note": note}
            await self._audit.record(tx, writer, "ledger.credit", shown("prj", writer.project_id), after=after)
        return found[0]

    # — posting —

    async def post_recent(self) -> int:
        """Posts the hours of the last days; the number of entries."""
        return await self.post(clock.now() - RECENT)

    async def post(self, since: datetime) -> int:
        """Writes what the rollups know and the ledger does not, of every hour that has closed since; how many entries.

        Done twice it writes nothing more.
        """
        since, until = _hour(since), _hour(clock.now() - timedelta(seconds=POSTING_WAIT_S))
        usage = await self._queries.by_hour(since, until)
        async with self._database.across_teams() as tx:
            written = await store.by_hour(tx, since, until)
        posted = 0
        for place in sorted({*usage, *written}):
            if usage.get(place, Sums()) == written.get(place, Sums()):
                continue
            try:
                posted += await self._post(place)
            except MnoError as error:
                _log.warning("The ledger of project %s has to wait: %s", place.project_id, error)
        return posted

    async def check_nightly(self) -> list[Difference]:
        """Posts everything, then compares the last days with the spans; what differs is told by a fact."""
        await self.post(clock.now() - KEPT)
        today = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        found = await self.differences(today - timedelta(days=CHECKED_DAYS), today)
        for difference in found:
            _log.error(
                "The ledger and the spans of project %s differ on %s.", difference.project_id, difference.day.date()
            )
            async with self._database.transaction(difference.team_id) as tx:
                await self._facts.publish(tx, _fact(difference))
        return found

    async def differences(self, since: datetime, until: datetime) -> list[Difference]:
        """Days (midnights in UTC) of which a count of the spans says something else than the ledger."""
        spans = await self._queries.by_day(since, until)
        kept = await self._queries.kept_from()
        async with self._database.across_teams() as tx:
            by_hour = await store.by_hour(tx, since, until)
        ledger: dict[Place, Sums] = {}
        for place, sums in by_hour.items():
            day = place._replace(hour=place.hour.astimezone(UTC).replace(hour=0))
            before = ledger.get(day, Sums())
            ledger[day] = Sums(before.cost + sums.cost, before.tokens + sums.tokens, before.calls + sums.calls)
        return [
            Difference(day.team_id, day.project_id, day.hour, ledger.get(day, Sums()), spans.get(day, Sums()))
            for day in sorted({*spans, *ledger})
            if day.hour >= kept.get((day.team_id, day.project_id), since)
            and spans.get(day, Sums()) != ledger.get(day, Sums())
        ]

    async def _post(self, place: Place) -> int:
        async with self._database.transaction(place.team_id) as tx:
            await store.lock(tx, place.project_id)
            usage = await self._queries.by_key(place)
            found = postings(usage, await store.written(tx, place))
            await store.insert_postings(tx, place, clock.now(), found)
        return len(found)


def _project(reader: Principal, *, of_team: bool) -> UUID | None:
    if not of_team:
        return reader.project_id
    if not reader.may_in_team(_READ):
        raise Denied("The ledger of the whole team takes ledger.read in the whole team.")
    return None


def _hours(window: TimeRange) -> tuple[datetime, datetime]:
    """Widened to whole hours."""
    until = _hour(window.end)
    return _hour(window.start), until if until == window.end else until + _HOUR


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _fact(difference: Difference) -> Fact:
    def told(sums: Sums) -> dict[str, object]:
        return {"cost": money.shown(money.usd(sums.cost)), "tokens": sums.tokens, "calls": sums.calls}

    data = {
        "day": difference.day.date().isoformat(),
        "ledger": told(difference.ledger),
        "spans": told(difference.spans),
    }
    return Fact(difference.team_id, shown("prj", difference.project_id), DIFFERENCE_FOUND, data)
