"""Sessions: opened, listed, moved to another team, given a new secret whenever they can do more, and ended.

A session's secret changes at each such step (sign-in, a factor shown, a new password, another team), so a
cookie that somebody planted or copied before is worth nothing afterwards.
"""

from datetime import datetime, timedelta
from uuid import UUID

import orjson

from mno.audit.service import Audit
from mno.identity.model import OWNER_ROLE
from mno.identity.sign_in.model import (
    CEREMONY_LIFETIME,
    KNOWN_DEVICE_LIFETIME,
    SECOND_FACTORS,
    SIGN_IN_LINK_LIFETIME,
    Factor,
    Person,
    Place,
    Session,
    SignedIn,
)
from mno.identity.sign_in.ports import Preferences
from mno.identity.sign_in.sessions import store
from mno.platform import clock, crypto, origin
from mno.platform.database import Connection, Database
from mno.platform.errors import Denied, Invalid, NotFound, Unauthenticated
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.versions import Versions

#: How much is kept of what a browser calls itself.
MAX_AGENT_CHARACTERS = 300
LINK_SPENT = "This sign-in link was used already or is too old. Run `mno link` on the server's machine for a new one."


#: Under which every process hears of sessions that ended or changed.
SESSION_TOPICS = "sessions:"


def topic_of(user_id: UUID) -> str:
    """What is bumped when a session of this person ends or changes."""
    return f"{SESSION_TOPICS}{user_id.hex}"


def acting(person: Person, place: Place) -> Principal:
    """The person as the one who acts, for the audit log, before there is a session."""
    return Principal(
        PrincipalKind.USER, person.id, person.name, place.team_id, place.project_id, frozenset(), user_id=person.id
    )


class Sessions:
    """Everything about sessions; the ways in and the factors stand on it."""

    def __init__(self, database: Database, audit: Audit, versions: Versions, preferences: Preferences) -> None:
        self._database = database
        self._audit = audit
        self._versions = versions
        self._preferences = preferences

    @property
    def idle_lifetime(self) -> timedelta:
        return timedelta(hours=float(self._preferences.value("security.session_idle_hours")))

    # — opening —

    async def open(
        self,
        tx: Connection,
        person: Person,
        factors: tuple[Factor, ...],
        *,
        team_id: UUID | None = None,
        project_id: UUID | None = None,
        replaces: str = "",
    ) -> SignedIn:
        """Opens a session across whatever the browser had before (`replaces`: its cookie, whoever's it was).

        `Denied` for somebody who belongs to no team, or not to the wanted one.
        """
        place = await store.place_of(tx, person.id, team_id, project_id)
        if place is None:
            raise Denied("You belong to no team here that has a project; ask somebody to invite you.")
        if replaces:
            await self._end_replaced(tx, crypto.fingerprint(replaces))
        token, device, now = crypto.new_token(), crypto.new_token(), clock.now()
        here = origin.current()
        new = store.NewSession(
            id=new_id(),
            fingerprint=crypto.fingerprint(token),
            user_id=person.id,
            place=place,
            address=here.address,
            agent=here.agent[:MAX_AGENT_CHARACTERS],
            factors=factors,
            verified_at=now if SECOND_FACTORS & set(factors) else None,
            created_at=now,
            expires_at=now + timedelta(hours=float(self._preferences.value("security.session_hours"))),
            idle_until=now + self.idle_lifetime,
        )
        await store.insert(tx, new)
        await store.drop_surplus(tx, person.id)
        await store.remember_device(tx, crypto.fingerprint(device), person.id, now + KNOWN_DEVICE_LIFETIME)
        await self._versions.bump(tx, topic_of(person.id))
        await self._audit.record(
            tx,
            acting(person, place),
            "session.begin",
            shown("ses", new.id),
            name=person.name,
            after={"factors": [str(factor) for factor in factors]},
        )
        return SignedIn(token, device, person.id)

    async def _end_replaced(self, tx: Connection, fingerprint: bytes) -> None:
        owner = await store.owner_of_session(tx, fingerprint)
        if owner is not None:
            await store.end(tx, owner, fingerprint=fingerprint)
            await self._versions.bump(tx, topic_of(owner))

    async def rotate(
        self,
        tx: Connection,
        caller: Principal,
        action: str,
        *,
        shown_factors: tuple[Factor, ...] = (),
        verified_at: datetime | None = None,
        place: Place | None = None,
    ) -> str:
        """A new secret for the caller's session; the old one is worth nothing from here on."""
        if caller.session_id is None:
            raise Denied("Only a person who is signed in may do this.")
        token = crypto.new_token()
        session = await store.rotate(
            tx, caller.session_id, crypto.fingerprint(token), shown=shown_factors, verified_at=verified_at, place=place
        )
        if session is None:
            raise Unauthenticated("The session has ended; sign in again.")
        await self._versions.bump(tx, topic_of(session.user_id))
        await self._audit.record(
            tx,
            caller,
            action,
            shown("ses", session.id),
            after={
                "factors": [str(factor) for factor in session.factors],
                "team": shown("team", session.team_id),
                "project": shown("prj", session.project_id),
            },
        )
        return token

    async def switch(self, caller: Principal, team_id: UUID | None, project_id: UUID | None) -> str:
        """Moves the session to another team or project of the person; the answer is its new secret."""
        person_id = _person_of(caller)
        async with self._database.across_teams() as tx:
            wanted_team = team_id if team_id is not None else caller.team_id
            place = await store.place_of(tx, person_id, wanted_team, project_id)
            if place is None:
                raise NotFound("You have no such team or project.")
            return await self.rotate(tx, caller, "session.switch", place=place)

    # — looking and ending —

    async def language_of(self, tx: Connection, user_id: UUID | None, team_id: UUID | None) -> str:
        """What the person chose, else what their team did; empty where nobody chose anything."""
        own = await store.language_of(tx, user_id) if user_id else ""
        if own:
            return own
        wanted = self._preferences.value("general.language", *([team_id] if team_id else []))
        return str(wanted)

    async def about(self, caller: Principal) -> tuple[Person | None, str, str, Session | None, str]:
        """The person (None for a key), the names of the team and project, the session, and the language."""
        async with self._database.across_teams() as tx:
            person = await store.person(tx, caller.user_id) if caller.session_id and caller.user_id else None
            team, project = await store.names_of(tx, Place(caller.team_id, caller.project_id))
            session = await store.by_id(tx, caller.session_id) if caller.session_id else None
            language = await self.language_of(tx, person.id if person else None, caller.team_id)
        return person, team, project, session, language

    async def of(self, caller: Principal) -> list[Session]:
        async with self._database.across_teams() as tx:
            return await store.of_person(tx, _person_of(caller), clock.now())

    async def end(self, caller: Principal, session_id: UUID) -> None:
        """Ends one of the caller's own sessions; `NotFound` for anybody else's."""
        async with self._database.across_teams() as tx:
            if not await self._end(tx, caller, "session.end", session_id=session_id):
                raise NotFound("You have no such session.")

    async def end_others(self, caller: Principal) -> int:
        """Ends all of the caller's sessions but the one that asks, and forgets the browsers it knows."""
        async with self._database.across_teams() as tx:
            await store.forget_devices(tx, _person_of(caller))
            return await self._end(tx, caller, "session.end_others", keep=caller.session_id)

    async def end_all(self, tx: Connection, user_id: UUID) -> int:
        """Ends every session of a person, as when they are deactivated or get a new password by a link.

        In the caller's transaction, which sees all teams' rows or only the sessions in its own are found.
        """
        await store.forget_devices(tx, user_id)
        ended = await store.end(tx, user_id)
        await self._versions.bump(tx, topic_of(user_id))
        return len(ended)

    async def sessions_ended(self, tx: Connection, user_id: UUID) -> None:
        """Makes every process forget a person's sessions that somebody else ended in this transaction."""
        await self._versions.bump(tx, topic_of(user_id))

    async def end_others_within(self, tx: Connection, caller: Principal) -> None:
        """The same as `end_others`, in the transaction of a change that makes it necessary."""
        await store.forget_devices(tx, _person_of(caller))
        await store.end(tx, _person_of(caller), keep=caller.session_id)

    async def sign_out(self, caller: Principal) -> None:
        if caller.session_id is not None:
            async with self._database.across_teams() as tx:
                await self._end(tx, caller, "session.end", session_id=caller.session_id)

    async def _end(
        self,
        tx: Connection,
        caller: Principal,
        action: str,
        *,
        session_id: UUID | None = None,
        keep: UUID | None = None,
    ) -> int:
        user_id = _person_of(caller)
        ended = await store.end(tx, user_id, session_id=session_id, keep=keep)
        if ended:
            await self._versions.bump(tx, topic_of(user_id))
            await self._audit.record(
                tx, caller, action, shown("ses", session_id or ended[0]), after={"ended": len(ended)}
            )
        return len(ended)

    # — links —

    async def create_link(self, caller: Principal) -> str:
        """The token of a link that signs the team's owner in, once, within an hour."""
        token = crypto.new_token()
        place = Place(caller.team_id, caller.project_id)
        async with self._database.transaction(caller.team_id) as tx:
            user_id = await store.owner_of_team(tx, caller.team_id, OWNER_ROLE)
            if user_id is None:
                raise NotFound("The team has no owner.")
            expires_at = clock.now() + SIGN_IN_LINK_LIFETIME
            await store.insert_link(tx, crypto.fingerprint(token), user_id, place, expires_at)
            await self._audit.record(tx, caller, "sign_in_link.create", shown("usr", user_id))
        return token

    async def spend_link(self, link_token: str, replaces: str = "") -> SignedIn:
        """Spends a one-time link and opens a session; `Unauthenticated` when it is used, old or unknown."""
        async with self._database.across_teams() as tx:
            whose = await store.use_link(tx, crypto.fingerprint(link_token), clock.now())
            person = None if whose is None else await store.person(tx, whose["user_id"])
            if whose is not None and person is not None:
                return await self.open(tx, person, (Factor.LINK,), team_id=whose["team_id"], replaces=replaces)
        await self._audit.refused(None, "session.begin", "link", detail="A sign-in link that is used, old or unknown.")
        raise Unauthenticated(LINK_SPENT)

    async def prune(self) -> None:
        """Drops what works no more; nothing depends on it but space."""
        async with self._database.across_teams() as tx:
            await store.delete_expired(tx, clock.now())

    # — ceremonies —

    async def begin(self, kind: str, data: object, user_id: UUID | None = None) -> str:
        """Keeps `data` until the second half comes with the token that this answers."""
        async with self._database.across_teams() as tx:
            return await self.begin_within(tx, kind, data, user_id)

    async def begin_within(self, tx: Connection, kind: str, data: object, user_id: UUID | None = None) -> str:
        token = crypto.new_token()
        await store.begin_ceremony(
            tx, crypto.fingerprint(token), kind, user_id, orjson.dumps(data).decode(), clock.now() + CEREMONY_LIFETIME
        )
        return token

    async def finish(self, tx: Connection, kind: str, token: str) -> tuple[UUID | None, dict[str, object]]:
        """What was begun, once; `Invalid` when it is unknown, over or too old."""
        found = await store.take_ceremony(tx, crypto.fingerprint(token), kind, clock.now())
        if found is None:
            raise Invalid("This took too long, or was done already; begin again.")
        return found["user_id"], found["data"]


def _person_of(caller: Principal) -> UUID:
    if caller.user_id is None or caller.kind is not PrincipalKind.USER:
        raise Denied("Only a person who is signed in may do this.")
    return caller.user_id
