"""Invitations: made for one address, spent once, gone after a week.

The link's token is random and stored as SHA-256 only. Where a mail server is set, the link goes to the address and
nobody else sees it, so whoever opens it has shown that the address is theirs. Where none is set (or it refused), the
inviter gets the link once and vouches for the address by handing it over; the address then counts as not verified.

Who has an account with that address signs in first: a link never opens somebody's account. Who has none, or one
that belongs to no team any more, sets it up by the link.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.sign_in.model import SignedIn
from mno.identity.teams import paging
from mno.identity.teams.invitations import store
from mno.identity.teams.invitations.letters import letter
from mno.identity.teams.invitations.pace import Pace
from mno.identity.teams.members import store as people
from mno.identity.teams.members.service import Members
from mno.identity.teams.model import (
    INVITATION_LIFETIME,
    MAX_OPEN_INVITATIONS,
    Invitation,
    InvitationState,
    Person,
    language_of,
)
from mno.identity.teams.ports import Accounts, Letters, Preferences, Rights
from mno.identity.teams.projects import store as projects
from mno.identity.teams.service import named
from mno.platform import clock, crypto
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, MnoError, NotFound, Unauthenticated
from mno.platform.ids import new_id, shown
from mno.platform.mail import address_of
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.scope import Scope

_log = logging.getLogger(__name__)

_FORGED = "This invitation is not known here. If a newer letter came, use its link; else ask to be invited again."
_REFUSALS = {
    InvitationState.ACCEPTED: "This invitation was accepted already. Sign in instead.",
    InvitationState.REVOKED: "This invitation was withdrawn. Ask the team to invite you again.",
    InvitationState.EXPIRED: "This invitation is too old. Ask the team to send it again.",
}
#: The page of the web interface that reads the token and offers to accept.
PAGE = "/invitation"


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody with the link may know before accepting."""

    team: str
    project: str | None
    role: str
    #: `a…@example.com`
    address: str
    expires_at: datetime
    #: An account with this address exists and has to sign in to accept.
    sign_in: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """Where the new member may act, and the session that was opened for somebody who had none."""

    user_id: UUID
    team_id: UUID
    project_id: UUID
    opened: SignedIn | None


@dataclass(frozen=True, slots=True)
class Bases:
    """What a link begins with: one that the inviter gets, with the address that they used; one in a letter, with ours,
    because the letter proves that its receiver has the address, and an inviter could else have it lead elsewhere.
    """

    shown: str
    mailed: str


class Invitations:
    """Invitations to the team in which the caller acts, and their acceptance by whoever holds a link."""

    def __init__(
        self,
        database: Database,
        members: Members,
        rights: Rights,
        audit: Audit,
        letters: Letters,
        accounts: Accounts,
        preferences: Preferences,
    ) -> None:
        self._database = database
        self._members = members
        self._rights = rights
        self._audit = audit
        self._letters = letters
        self._accounts = accounts
        self._preferences = preferences
        #: At the public doors.
        self.pace = Pace()

    async def page(
        self, principal: Principal, *, cursor: str | None, limit: int
    ) -> tuple[list[Invitation], str | None]:
        """The newest first."""
        place = paging.decoded(cursor)
        after = (_moment(place[0]), place[1]) if place else None
        async with self._database.transaction(principal.team_id) as tx:
            found = await store.invitations(tx, principal.team_id, after=after, limit=limit + 1)
        if len(found) <= limit:
            return found, None
        last = found[limit - 1]
        return found[:limit], paging.encoded(last.created_at.isoformat(), last.id)

    async def create(
        self, principal: Principal, email: str, role_id: UUID, project_id: UUID | None, *, bases: Bases
    ) -> tuple[Invitation, str | None]:
        """The invitation, and its link where it was not mailed.

        `Denied` for a role that allows more than the caller may, `Conflict` for somebody who belongs to the team or
        is invited already, `LimitExceeded` at MAX_OPEN_INVITATIONS.
        """
        email = address_of(email)
        now = clock.now()
        token, made = crypto.new_token(), new_id()
        async with self._database.across_teams() as tx:
            await projects.lock_projects(tx, principal.team_id)
            await self._require_free(tx, principal.team_id, email, now)
            scope = await self._scope(tx, principal.team_id, project_id)
            await self._rights.require_grantable(tx, principal, role_id, scope)
            await store.insert_invitation(
                tx,
                id_=made,
                team_id=principal.team_id,
                fingerprint=crypto.fingerprint(token),
                email=email,
                role_id=role_id,
                project_id=project_id,
                created_by=_by(principal),
                created_at=now,
                expires_at=now + self._lifetime(principal.team_id),
            )
            invitation = await self._found(tx, principal.team_id, made)
            await self._record(tx, principal, "invitations.create", invitation, None, _plain(invitation))
        return await self._deliver(principal, invitation, token, bases)

    async def resend(self, principal: Principal, invitation_id: UUID, *, bases: Bases) -> tuple[Invitation, str | None]:
        """Another link in the place of the old one, which works no more. `Conflict` once accepted or revoked."""
        token = crypto.new_token()
        async with self._database.across_teams() as tx:
            old = await self._found(tx, principal.team_id, invitation_id, lock=True)
            self._require_pending(old)
            scope = await self._scope(tx, principal.team_id, old.project_id)
            await self._rights.require_grantable(tx, principal, old.role_id, scope)
            expires_at = clock.now() + self._lifetime(principal.team_id)
            await store.renew(tx, old.id, crypto.fingerprint(token), expires_at)
            invitation = await self._found(tx, principal.team_id, invitation_id)
            await self._record(tx, principal, "invitations.resend", invitation, _plain(old), _plain(invitation))
        return await self._deliver(principal, invitation, token, bases)

    async def revoke(self, principal: Principal, invitation_id: UUID) -> None:
        """Revoking twice changes nothing; `Conflict` once accepted."""
        async with self._database.transaction(principal.team_id) as tx:
            old = await self._found(tx, principal.team_id, invitation_id, lock=True)
            if old.revoked_at is not None:
                return
            self._require_pending(old)
            await store.revoke(tx, old.id, clock.now())
            await self._record(tx, principal, "invitations.revoke", old, {"revoked": False}, {"revoked": True})

    # — for whoever holds a link —

    async def offer(self, token: str) -> Offer:
        """`NotFound` for a token that is none, `Conflict` for one that was accepted, revoked or is too old."""
        async with self._database.across_teams() as tx:
            invitation = await self._of_token(tx, token)
            names = await store.names(tx, invitation.team_id, invitation.project_id)
            person = await people.person_by_email(tx, invitation.email)
            sign_in = person is not None and await people.has_active_team(tx, person.id)
        return Offer(
            team=names["team"],
            project=names["project"],
            role=invitation.role,
            address=masked(invitation.email),
            expires_at=invitation.expires_at,
            sign_in=sign_in,
        )

    async def accept(self, token: str, *, name: str, password: str | None, session: Principal | None) -> Accepted:
        """Spends the link: the person becomes a member with the role that was offered.

        With a session, `Denied` unless its account has the address (verified, or proved by the letter); without
        one, `Unauthenticated` where an account has it. Of two callers at the same moment one succeeds.
        """
        hashed = await self._hashed(token, name, password, session) if password else None
        async with self._database.across_teams() as tx:
            invitation = await self._of_token(tx, token, lock=True)
            person, is_set_up = await self._who(tx, invitation, name, session)
            if is_set_up and await people.person(tx, person.id) is None:
                await people.insert_person(tx, person)
            elif is_set_up and person.email_verified_at is None:
                # somebody else may have taken the address before: what they made to come in ends
                await people.forget_ways_in(tx, person.id)
            at = clock.now()
            await store.accept(tx, invitation.id, person.id, at)
            if invitation.mailed_at is not None:
                await people.verify_email(tx, person.id, at)
            elif is_set_up:
                # whoever got the link has the account from here on, and did not show that the address is theirs
                await people.unverify_email(tx, person.id)
            actor = _actor(person, invitation)
            await self._members.join(tx, actor, invitation.team_id, person.id)
            await people.give_role(
                tx, invitation.team_id, person.id, invitation.role_id, invitation.project_id, invitation.created_by
            )
            project_id = await self._first_project(tx, invitation)
            opened = None
            if is_set_up:
                if hashed is not None:
                    await self._accounts.keep_password(tx, person.id, hashed)
                opened = await self._accounts.open_session(tx, person, invitation.team_id)
            after = {"accepted": True, **_plain(invitation)}
            await self._record(tx, actor, "invitations.accept", invitation, {"accepted": False}, after)
        return Accepted(person.id, invitation.team_id, project_id, opened)

    async def _hashed(self, token: str, name: str, password: str, session: Principal | None) -> str | None:
        """Before the transaction that spends the link, because it is slow; nothing is hashed for a bad link."""
        async with self._database.across_teams() as tx:
            # locked, so that the loser of a race hears that the link is spent, and not to sign in
            person, is_set_up = await self._who(tx, await self._of_token(tx, token, lock=True), name, session)
        return await self._accounts.hashed(person, password) if is_set_up else None

    async def _who(
        self, tx: Connection, invitation: Invitation, name: str, session: Principal | None
    ) -> tuple[Person, bool]:
        """Who accepts (perhaps not stored yet), and whether the account is set up by this link."""
        known = await people.person_by_email(tx, invitation.email)
        if session is not None:
            if known is None or session.user_id != known.id:
                raise Denied(
                    f"This invitation is for {masked(invitation.email)}, and you are signed in as somebody else."
                    " Sign out and open the link again."
                )
            if known.email_verified_at is None and invitation.mailed_at is None:
                raise Denied("Verify the address of your account first; this link was not sent to it.")
            return known, False
        if known is not None and await people.has_active_team(tx, known.id):
            raise Unauthenticated("There is an account with this address. Sign in, then open the link again.")
        if known is not None:
            return known, True
        # empty where nobody chose one: their browser's, then
        language = self._team_language(invitation.team_id) or await self._language_of(tx, invitation.created_by)
        return Person(new_id(), named(name, "An account"), invitation.email, None, None, language), True

    async def _of_token(self, tx: Connection, token: str, *, lock: bool = False) -> Invitation:
        invitation = await store.by_fingerprint(tx, crypto.fingerprint(token), lock=lock)
        if invitation is None:
            raise NotFound(_FORGED)
        refusal = _REFUSALS.get(invitation.state(clock.now()))
        if refusal is not None:
            raise Conflict(refusal)
        names = await store.names(tx, invitation.team_id, invitation.project_id)
        if names["team_archived"] is not None or names["project_archived"] is not None:
            raise Conflict("What this invitation was for is archived. Ask the team.")
        return invitation

    async def _first_project(self, tx: Connection, invitation: Invitation) -> UUID:
        if invitation.project_id is not None:
            return invitation.project_id
        return (await projects.projects(tx, invitation.team_id, only=None))[0].id

    # — making and sending —

    async def _require_free(self, tx: Connection, team_id: UUID, email: str, now: datetime) -> None:
        person = await people.person_by_email(tx, email)
        if person is not None and await people.member(tx, team_id, person.id) is not None:
            raise Conflict(f"{email} belongs to this team already.")
        if await store.open_for(tx, team_id, email, now) is not None:
            raise Conflict(f"{email} is invited already; send that invitation again, or revoke it first.")
        if await store.count_open(tx, team_id, now) >= MAX_OPEN_INVITATIONS:
            raise LimitExceeded(f"A team has at most {MAX_OPEN_INVITATIONS} open invitations; revoke some first.")

    async def _scope(self, tx: Connection, team_id: UUID, project_id: UUID | None) -> Scope:
        if project_id is None:
            return Scope.team(team_id)
        project = await projects.project(tx, team_id, project_id)
        if project is None or project.archived_at is not None:
            raise NotFound("There is no such project in this team.")
        return Scope.project(team_id, project_id)

    async def _deliver(
        self, principal: Principal, invitation: Invitation, token: str, bases: Bases
    ) -> tuple[Invitation, str | None]:
        page = f"{PAGE}?{urlencode({'token': token})}"
        if not self._letters.is_on():
            return invitation, bases.shown + page
        error = ""
        try:
            await self._send(principal, invitation, bases.mailed + page)
        except MnoError as refusal:
            error = str(refusal)
            _log.warning("An invitation could not be mailed: %s", refusal)
        async with self._database.transaction(invitation.team_id) as tx:
            mailed_at = None if error else clock.now()
            await store.note_mail(tx, invitation.id, crypto.fingerprint(token), mailed_at, error)
            told = await self._found(tx, invitation.team_id, invitation.id)
        return told, bases.shown + page if error else None

    async def _send(self, principal: Principal, invitation: Invitation, link: str) -> None:
        async with self._database.across_teams() as tx:
            names = await store.names(tx, invitation.team_id, invitation.project_id)
            receiver = await people.person_by_email(tx, invitation.email)
            inviters = await self._language_of(tx, invitation.created_by)
        language = language_of(receiver.language if receiver else "", self._team_language(invitation.team_id), inviters)
        subject, text = letter(
            language,
            team=names["team"],
            inviter=principal.name,
            role=invitation.role,
            project=names["project"],
            link=link,
            until=invitation.expires_at,
        )
        await self._letters.send(invitation.email, subject, text, str(language))

    async def _language_of(self, tx: Connection, created_by: str) -> str:
        kind, _, digits = created_by.partition("_")
        if kind != "usr":
            return ""
        inviter = await people.person(tx, UUID(hex=digits))
        return inviter.language if inviter else ""

    def _team_language(self, team_id: UUID) -> str:
        return str(self._preferences.value("general.language", team_id))

    def _lifetime(self, team_id: UUID) -> timedelta:
        days = self._preferences.value("security.invitation_days", team_id)
        return timedelta(days=days) if isinstance(days, int) else INVITATION_LIFETIME

    async def _found(self, tx: Connection, team_id: UUID, id_: UUID, *, lock: bool = False) -> Invitation:
        found = await store.invitation(tx, team_id, id_, lock=lock)
        if found is None:
            raise NotFound("There is no such invitation in this team.")
        return found

    def _require_pending(self, invitation: Invitation) -> None:
        if invitation.accepted_at is not None:
            raise Conflict("This invitation was accepted already.")
        if invitation.revoked_at is not None:
            raise Conflict("This invitation was revoked; make a new one.")

    async def _record(
        self,
        tx: Connection,
        actor: Principal,
        action: str,
        invitation: Invitation,
        before: dict[str, object] | None,
        after: dict[str, object],
    ) -> None:
        await self._audit.record(
            tx,
            actor,
            action,
            shown("inv", invitation.id),
            name=invitation.email,
            before=before,
            after=after,
            team_id=invitation.team_id,
        )


def masked(email: str) -> str:
    """Enough of an address for its owner to know it: `a…@example.com`."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}…@{domain}"


def _by(principal: Principal) -> str:
    if principal.user_id is not None:
        return shown("usr", principal.user_id)
    return shown("key", principal.id)


def _actor(person: Person, invitation: Invitation) -> Principal:
    project = invitation.project_id or UUID(int=0)
    return Principal(
        PrincipalKind.USER, person.id, person.name, invitation.team_id, project, frozenset(), user_id=person.id
    )


def _plain(invitation: Invitation) -> dict[str, object]:
    return {
        "email": invitation.email,
        "role": invitation.role,
        "project": shown("prj", invitation.project_id) if invitation.project_id else None,
        "expires_at": invitation.expires_at.isoformat(),
    }


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("The cursor is damaged. Start again from the first page.") from None
