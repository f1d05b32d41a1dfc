"""Use cases of settings: read at once from memory, save with a difference, look back, take back."""

import asyncio
import contextlib
import ipaddress
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.platform import clock, origin
from mno.platform.database import Database
from mno.platform.egress import Allowed
from mno.platform.ending import ended
from mno.platform.errors import Conflict, Denied, Invalid, MnoError
from mno.platform.http.door import Network, admits
from mno.platform.ids import shown
from mno.platform.permissions import SYSTEMS
from mno.platform.principal import Principal
from mno.platform.redaction import Found, Redactor, Rules
from mno.platform.scope import Level
from mno.platform.versions import Versions
from mno.settings import rules, store
from mno.settings.catalogue import BY_NAME, SETTINGS
from mno.settings.model import (
    HUB,
    MAX_NOTE_CHARACTERS,
    MAX_TRIAL_MATCHES,
    Difference,
    Effective,
    Place,
    Revision,
    Setting,
)

_log = logging.getLogger(__name__)

TOPIC = "settings"
PAGE = 50
RETRY_S = 1.0


class Settings:
    """The values of every place, in memory; `running` keeps them as the database has them (within a second)."""

    def __init__(self, database: Database, versions: Versions, audit: Audit) -> None:
        self._database = database
        self._versions = versions
        self._audit = audit
        self._values: dict[Place, dict[str, Any]] = {}
        self._networks: dict[tuple[str, UUID], tuple[Network, ...]] = {}
        self._egress = Allowed()
        self._rules: dict[Place, Rules] = {}
        self._switched_off: dict[UUID, tuple[str, ...]] = {}
        self._of_projects: dict[tuple[tuple[str, ...], UUID], tuple[Any, ...]] = {}
        self._stale = asyncio.Event()
        versions.watch(TOPIC, lambda _: self._stale.set())

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self._reload()
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            await ended(task)

    # — reading —

    def value(self, name: str, team_id: UUID = HUB, project_id: UUID | None = None) -> Any:
        """What holds there: the narrowest level that has a value, else the default. KeyError for no setting."""
        setting = BY_NAME[name]
        for place in _upwards(team_id, project_id):
            own = self._values.get(place)
            if own is not None and name in own and place.level in setting.levels:
                return own[name]
        return setting.default

    def of_project(self, names: tuple[str, ...], team_id: UUID, project_id: UUID) -> tuple[Any, ...]:
        """What holds in a project for each of these; for whoever asks at every call."""
        asked = names, project_id
        known = self._of_projects.get(asked)
        if known is None:
            known = self._of_projects[asked] = tuple(self.value(name, team_id, project_id) for name in names)
        return known

    def egress_allowed(self) -> Allowed:
        """What outgoing requests may reach although it is not public."""
        return self._egress

    def trusted_proxies(self) -> Sequence[Network]:
        return self._networks.get(("security.trusted_proxies", HUB), ())

    def allowed_networks(self, team_id: UUID | None) -> Sequence[Network]:
        """The allow list of the hub (None) or of a team alone: each is checked by itself."""
        return self._networks.get(("security.allowed_addresses", team_id or HUB), ())

    def switched_off(self, team_id: UUID) -> Sequence[str]:
        """The systems that the team has switched off."""
        known = self._switched_off.get(team_id)
        if known is None:
            off = tuple(name for name in SYSTEMS if not self.value(f"systems.{name}", team_id))
            known = self._switched_off[team_id] = off
        return known

    def redaction_rules(self, team_id: UUID, project_id: UUID) -> Rules:
        """What is redacted of the project's data before it is stored."""
        place = Place(team_id, project_id)
        if place not in self._rules:
            detectors, patterns = (
                self.value(f"redaction.{what}", team_id, project_id) for what in ("detectors", "patterns")
            )
            self._rules[place] = Rules.of(detectors, patterns)
        return self._rules[place]

    async def listing(self, reader: Principal, level: Level) -> tuple[list[Effective], int]:
        """Every setting that can be set on this level, and the number of its last save."""
        place = _place(reader, level)
        _check(reader, level, "read")
        async with self._database.transaction(place.team_id) as tx:
            own = await store.values_of(tx, place)
            revision = await store.revision_of(tx, place)
        held = [self._effective(setting, place, own) for setting in SETTINGS if level in setting.levels]
        return held, revision

    def _effective(self, setting: Setting, place: Place, own: Mapping[str, Any]) -> Effective:
        name = setting.name
        value = own[name] if name in own else self.value(name, place.team_id, place.project_id)
        return Effective(setting, value, self._source(name, place, own), own.get(name))

    def _source(self, name: str, place: Place, own: Mapping[str, Any]) -> Level | None:
        if name in own:
            return place.level
        above = (one for one in _upwards(place.team_id, place.project_id) if name in self._values.get(one, {}))
        return next((one.level for one in above if one.level in BY_NAME[name].levels), None)

    async def try_redaction(
        self,
        reader: Principal,
        text: str,
        detectors: Sequence[str] | None = None,
        patterns: Sequence[Mapping[str, str]] | None = None,
    ) -> tuple[str, list[Found]]:
        """The text as it would be stored, and what would be replaced in it, by the project's rules or by these.

        `Invalid` for a rule that could not be saved.
        """
        _check(reader, Level.PROJECT, "read")
        values = {
            name: rules.fitting(BY_NAME[name], list(given))
            if given is not None
            else self.value(name, reader.team_id, reader.project_id)
            for name, given in (("redaction.detectors", detectors), ("redaction.patterns", patterns))
        }

        def work() -> tuple[str, list[Found]]:
            redactor = Redactor(Rules.of(*values.values()))
            return redactor.text(text), redactor.preview(text)[:MAX_TRIAL_MATCHES]

        return await asyncio.to_thread(work)

    # — changing —

    async def change(
        self,
        writer: Principal,
        level: Level,
        wanted: Mapping[str, Any],
        *,
        expected: int | None = None,
        note: str = "",
        preview: bool = False,
        confirmed: bool = False,
    ) -> tuple[list[Difference], int]:
        """Saves values (None: back to what is inherited); the differences and the number of the save.

        With `preview` nothing is saved. `Conflict` when somebody saved since `expected`, or when the new address
        list would (or other proxies could) lock the writer out and it is not `confirmed`; `Invalid` where a value does
        not fit.
        """
        place = _place(writer, level)
        _check(writer, level, "write")
        async with self._database.transaction(place.team_id) as tx:
            await store.lock(tx, place)
            last = await store.revision_of(tx, place)
            if expected is not None and expected != last:
                raise Conflict(f"Somebody saved these settings in the meantime (revision {last}); look again.")
            changes = rules.differences(place, await store.values_of(tx, place), wanted)
            if preview or not changes:
                return changes, last
            if not confirmed:
                _check_not_locked_out(changes)
                self._check_still_known(writer, changes)
            await self._save(tx, writer, place, changes, note, last + 1)
        await self._reload()
        return changes, last + 1

    def _check_still_known(self, writer: Principal, changes: Sequence[Difference]) -> None:
        """Other proxies give callers other addresses, so a list that names today's may name nobody tomorrow."""
        closed = (
            self.allowed_networks(None)
            or self.allowed_networks(writer.team_id)
            or any(change.name == "security.allowed_addresses" and change.after for change in changes)
        )
        if closed and any(change.name == "security.trusted_proxies" for change in changes):
            raise Conflict(
                "With other trusted proxies you may come from another address, which the list of allowed addresses may"
                ' not name: you could lock yourself out. Send the same with "confirmed": true.'
            )

    async def roll_back(
        self, writer: Principal, level: Level, to: int, *, preview: bool = False, confirmed: bool = False
    ) -> tuple[list[Difference], int]:
        """Makes the place's values what they were after save `to`, as a new save."""
        place = _place(writer, level)
        _check(writer, level, "write")
        async with self._database.transaction(place.team_id) as tx:
            last = await store.revision_of(tx, place)
            if not 0 <= to <= last:
                raise Invalid(f"There is no revision {to}; the last one is {last}.")
            wanted: dict[str, Any] = {}
            for revision in await store.revisions_after(tx, place, to):
                wanted |= {change.name: change.before for change in revision.changes if change.name in BY_NAME}
        note = f"back to revision {to}"
        return await self.change(writer, level, wanted, expected=last, note=note, preview=preview, confirmed=confirmed)

    async def history(self, reader: Principal, level: Level, before: int | None, limit: int = PAGE) -> list[Revision]:
        """Saves, newest first; those before revision `before`."""
        place = _place(reader, level)
        _check(reader, level, "read")
        async with self._database.transaction(place.team_id) as tx:
            return await store.revisions(tx, place, before or 2**62, limit)

    async def _save(
        self, tx: Any, writer: Principal, place: Place, changes: Sequence[Difference], note: str, number: int
    ) -> None:
        if len(note) > MAX_NOTE_CHARACTERS:
            raise Invalid(f"A note has at most {MAX_NOTE_CHARACTERS} characters.")
        await store.save(tx, place, changes)
        await store.insert_revision(tx, place, Revision(number, clock.now(), writer.name, note, changes))
        await self._versions.bump(tx, TOPIC)
        await self._audit.record(
            tx,
            writer,
            "settings.write",
            _named(place),
            name=", ".join(change.name for change in changes)[:200],
            before={change.name: change.before for change in changes if change.before is not None},
            after={change.name: change.after for change in changes if change.after is not None},
            team_id=place.team_id,
            detail=note,
        )

    # — memory —

    async def _follow(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self._reload()
            except MnoError as error:
                _log.warning("The settings could not be read again (%s); another try follows.", error)
                self._stale.set()
                await asyncio.sleep(RETRY_S)

    async def _reload(self) -> None:
        async with self._database.across_teams() as tx:
            rows = await store.every_value(tx)
        values: dict[Place, dict[str, Any]] = {}
        for place, name, value in rows:
            if name in BY_NAME:
                values.setdefault(place, {})[name] = value
        self._values = values
        self._rules = {}
        self._switched_off = {}
        self._of_projects = {}
        self._networks = {
            (name, place.team_id): tuple(ipaddress.ip_network(one) for one in own[name])
            for place, own in values.items()
            for name in ("security.allowed_addresses", "security.trusted_proxies")
            if name in own
        }
        self._egress = Allowed.of(self.value("security.egress_allowed"))


def _upwards(team_id: UUID, project_id: UUID | None) -> list[Place]:
    """A place and those that it inherits from."""
    places = [Place(team_id, project_id)] if project_id is not None else []
    return [*places, *([Place(team_id)] if team_id != HUB else []), Place(HUB)]


def _place(principal: Principal, level: Level) -> Place:
    match level:
        case Level.HUB:
            return Place(HUB)
        case Level.TEAM:
            return Place(principal.team_id)
        case Level.PROJECT:
            return Place(principal.team_id, principal.project_id)
    raise Invalid("Settings stand on the hub, a team or a project.")


def _check(principal: Principal, level: Level, verb: str) -> None:
    match level:
        case Level.HUB:
            held, name = principal.may(f"hub.settings.{verb}"), f"hub.settings.{verb}"
        case Level.TEAM:
            held, name = principal.may_in_team(f"settings.{verb}"), f"settings.{verb} for the whole team"
        case _:
            held, name = principal.may(f"settings.{verb}"), f"settings.{verb}"
    if not held:
        raise Denied(f"'{principal.name}' may not do this: the permission {name} is missing.")


def _check_not_locked_out(changes: Sequence[Difference]) -> None:
    here = origin.current().address
    for change in changes:
        if change.name == "security.allowed_addresses" and change.after and here:
            networks = [ipaddress.ip_network(one) for one in change.after]
            if not admits(networks, here):
                raise Conflict(
                    f"You come from {here}, which the new list does not name: you would lock yourself out. "
                    'Add it, or send the same with "confirmed": true.'
                )


def _named(place: Place) -> str:
    if place.level is Level.HUB:
        return "hub"
    return shown("prj", place.project_id) if place.project_id else shown("team", place.team_id)
