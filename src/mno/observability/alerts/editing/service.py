"""Alert rules as people make, change and remove them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from mno.audit.service import Audit
from mno.observability.alerts import store as alerts_store
from mno.observability.alerts.access import READ, WRITE, check, place_of, sees
from mno.observability.alerts.editing import store
from mno.observability.alerts.editing.wishes import channels_of, checked_name, checked_terms, told
from mno.observability.alerts.evaluation.watched import TOPIC
from mno.observability.alerts.firing import store as firing_store
from mno.observability.alerts.firing.service import Firing, Moment
from mno.observability.alerts.model import MAX_ALERT_RULES, AlertRule, Terms
from mno.observability.alerts.ports import Notifications
from mno.observability.alerts.telling.surroundings import Surroundings
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Invalid, LimitExceeded
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.versions import Versions


@dataclass(frozen=True, slots=True)
class RuleStanding:
    """A rule, and how many of its alerts are open."""

    rule: AlertRule
    open: int


class Editing:
    """What a change means for open alerts: of a rule that is switched off or removed they are resolved."""

    def __init__(
        self,
        database: Database,
        versions: Versions,
        firing: Firing,
        surroundings: Surroundings,
        notifications: Notifications,
        audit: Audit,
    ) -> None:
        self._database = database
        self._versions = versions
        self._firing = firing
        self._surroundings = surroundings
        self._notifications = notifications
        self._audit = audit

    async def listing(self, reader: Principal) -> list[RuleStanding]:
        """The rules that hold in the reader's project, by name."""
        async with self._database.transaction(reader.team_id) as tx:
            rules = await store.of_team(tx, reader.team_id)
            counts = await alerts_store.open_counts(tx, reader.team_id)
        return [RuleStanding(one, counts.get(one.id, 0)) for one in rules if sees(reader, one.place, READ)]

    async def get(self, reader: Principal, rule_id: UUID) -> RuleStanding:
        async with self._database.transaction(reader.team_id) as tx:
            rule = await self._found(tx, reader, rule_id, READ)
            counts = await alerts_store.open_counts(tx, reader.team_id)
        return RuleStanding(rule, counts.get(rule.id, 0))

    async def create(self, writer: Principal, name: str, terms: Terms, *, of_team: bool, enabled: bool) -> RuleStanding:
        """`Conflict` for a name that is taken, `Invalid` for terms that make no sense, `LimitExceeded` for too many."""
        place = place_of(writer, of_team=of_team, permission=WRITE)
        terms = await self._checked(writer, terms, of_team=of_team)
        now = clock.now()
        rule = AlertRule(new_id(), place, checked_name(name), enabled, terms, 1, now, writer.name, now, writer.name)
        async with self._database.transaction(writer.team_id) as tx:
            if await store.lock_names(tx, writer.team_id) >= MAX_ALERT_RULES:
                raise LimitExceeded(f"A team may have {MAX_ALERT_RULES} alert rules; remove one first.")
            await store.insert(tx, rule)
            await self._changed(tx, writer, "alerts.create", None, rule)
        return RuleStanding(rule, 0)

    async def change(
        self, writer: Principal, rule_id: UUID, name: str, terms: Terms, *, enabled: bool, version: int
    ) -> RuleStanding:
        """Where it belongs stays. `Conflict` when it has changed since `version`, or the name is taken."""
        found = (await self.get(writer, rule_id)).rule
        terms = await self._checked(writer, terms, of_team=found.place.project_id is None)
        moment = Moment(clock.now(), await self._surroundings.of(writer.team_id))
        async with self._database.transaction(writer.team_id) as tx:
            await firing_store.hold(tx, found.place)
            before = await self._found(tx, writer, rule_id, WRITE, lock=True)
            if before.version != version:
                raise Conflict(f"The rule was changed by {before.changed_by} meanwhile; look at it again.")
            after = replace(
                before,
                name=checked_name(name),
                enabled=enabled,
                terms=terms,
                version=version + 1,
                changed_at=moment.now,
                changed_by=writer.name,
            )
            await store.update(tx, after)
            if (before.enabled and not enabled) or before.terms.measure is not terms.measure:
                await self._firing.end(tx, before, writer.name, moment)
            await self._changed(tx, writer, "alerts.write", before, after)
        return await self.get(writer, rule_id)

    async def remove(self, writer: Principal, rule_id: UUID) -> None:
        """Its open alerts are resolved; their history stays."""
        found = (await self.get(writer, rule_id)).rule
        moment = Moment(clock.now(), await self._surroundings.of(writer.team_id))
        async with self._database.transaction(writer.team_id) as tx:
            await firing_store.hold(tx, found.place)
            rule = await self._found(tx, writer, rule_id, WRITE, lock=True)
            await self._firing.end(tx, rule, writer.name, moment)
            await store.remove(tx, rule, moment.now)
            await self._changed(tx, writer, "alerts.delete", rule, None)

    async def _checked(self, writer: Principal, terms: Terms, *, of_team: bool) -> Terms:
        terms = checked_terms(terms, of_team=of_team)
        there = {channel.id for channel in await self._notifications.channels(writer.team_id)}
        missing: Sequence[UUID] = sorted(channels_of(terms) - there)
        if missing:
            raise Invalid(f"The team has no channel {shown('chn', missing[0])}; make one first, or name another.")
        return terms

    async def _found(
        self, tx: Connection, caller: Principal, rule_id: UUID, permission: str, *, lock: bool = False
    ) -> AlertRule:
        rule = await store.one(tx, caller.team_id, rule_id, lock=lock)
        check(caller, rule.place if rule else None, permission, f"alert rule {shown('alr', rule_id)}")
        assert rule is not None
        return rule

    async def _changed(
        self, tx: Connection, writer: Principal, action: str, before: AlertRule | None, after: AlertRule | None
    ) -> None:
        named = after or before
        assert named is not None
        await self._versions.bump(tx, f"{TOPIC}{writer.team_id}")
        await self._audit.record(
            tx,
            writer,
            action,
            shown("alr", named.id),
            name=named.name,
            before=told(before) if before else None,
            after=told(after) if after else None,
        )
