"""Signing in with a password or a passkey, the second factor, showing it again, and what a person changes of
their own: the places where sessions, passwords, passkeys, codes and the limits on trying meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.sign_in.attempts import waits
from mno.identity.sign_in.attempts.service import Attempts
from mno.identity.sign_in.codes.service import Codes, CodeStatus
from mno.identity.sign_in.model import Factor, FactorWanted, Person, SignedIn
from mno.identity.sign_in.passkeys.ceremony import Site
from mno.identity.sign_in.passkeys.service import Passkeys
from mno.identity.sign_in.passwords import store as passwords_store
from mno.identity.sign_in.passwords.service import Passwords
from mno.identity.sign_in.ports import Preferences
from mno.identity.sign_in.sessions import store
from mno.identity.sign_in.sessions.service import Sessions
from mno.identity.teams.model import Language
from mno.platform import clock, crypto, origin
from mno.platform.database import Connection, Database
from mno.platform.errors import Denied, Invalid, LimitExceeded, NotFound, Unauthenticated
from mno.platform.ids import shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.principal import Principal
from mno.platform.verification import freshly_verified

#: Empty means the browser's.
LANGUAGES = ("", *Language)
_SECOND = "second_factor"
_WRONG = "The address or the password is not right."
_WRONG_FACTOR = "This is not right, or was used already."


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that is shown again: a code, a recovery code, a password, or a passkey with its ceremony's token."""

    totp: str = ""
    recovery_code: str = ""
    password: str = ""
    passkey_token: str = ""
    passkey: dict[str, Any] | None = None
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser that signs in had already: its session's and its device's cookie."""

    session: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person has to show."""

    password: bool
    passkeys: int
    codes: CodeStatus

    @property
    def second_factors(self) -> tuple[Factor, ...]:
        found = [Factor.TOTP] if self.codes.totp else []
        found += [Factor.PASSKEY] if self.passkeys else []
        found += [Factor.RECOVERY_CODE] if self.codes.recovery_codes else []
        return tuple(found)


class SignIn:
    """The ways in that need nobody outside. `sessions`, `passwords`, `passkeys` and `codes` are its parts."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        preferences: Preferences,
        attempts: Attempts,
        sessions: Sessions,
        passwords: Passwords,
        passkeys: Passkeys,
        codes: Codes,
    ) -> None:
        self._database = database
        self._audit = audit
        self._preferences = preferences
        self._attempts = attempts
        self.sessions = sessions
        self.passwords = passwords
        self.passkeys = passkeys
        self.codes = codes

    # — ways in —

    async def with_password(self, email: str, password: str, browser: Browser) -> SignedIn | FactorWanted:
        """`Unauthenticated` for a wrong password and an unknown address alike, `LimitExceeded` for too many."""
        if not self._preferences.value("security.password_sign_in"):
            raise Denied("Signing in with a password is switched off here; take another way.")
        async with self._database.across_teams() as tx:
            person = await store.person_by_email(tx, email.strip())
            subjects = await self._subjects(tx, email, person, browser)
        await self._begin(subjects, person)
        if not await self.passwords.is_right(person.id if person else None, password) or person is None:
            await self._refused("session.begin", person, "A wrong password, or an address that nobody has.")
            raise Unauthenticated(_WRONG)
        async with self._database.across_teams() as tx:
            await self._attempts.succeeded(tx, subjects)
            standing = await self._standing(tx, person.id)
            if standing.codes.totp:
                token = await self.sessions.begin_within(tx, _SECOND, {"factor": Factor.PASSWORD}, person.id)
                return FactorWanted(token, standing.second_factors)
            return await self.sessions.open(tx, person, (Factor.PASSWORD,), replaces=browser.session)

    async def with_second_factor(self, token: str, proof: Proof, browser: Browser) -> SignedIn:
        """The second half of a sign-in whose first factor was right; wrong tries leave the first half as it is."""
        async with self._database.across_teams() as tx:
            begun = await store.look_at_ceremony(tx, crypto.fingerprint(token), _SECOND, clock.now())
            person = None if begun is None else await store.person(tx, begun["user_id"])
        if begun is None or person is None:
            raise Unauthenticated("This took too long, or was done already; sign in again.")
        factor = await self._proved(person, proof, (Factor.TOTP, Factor.RECOVERY_CODE, Factor.PASSKEY))
        if factor is None:
            raise Unauthenticated(_WRONG_FACTOR)
        async with self._database.across_teams() as tx:
            await self.sessions.finish(tx, _SECOND, token)
            first = Factor(str(begun["data"]["factor"]))
            return await self.sessions.open(tx, person, (first, factor), replaces=browser.session)

    async def with_passkey(self, site: Site, token: str, credential: dict[str, Any], browser: Browser) -> SignedIn:
        """A passkey says itself whose it is, and is two factors in one."""
        if not self._preferences.value("security.passkey_sign_in"):
            raise Denied("Signing in with a passkey is switched off here; take another way.")
        await self._begin([waits.address(origin.current().address)], None)
        try:
            async with self._database.across_teams() as tx:
                user_id = await self.passkeys.prove(tx, site, token, credential)
                person = await store.person(tx, user_id)
                if person is None:
                    raise Invalid("This account was deactivated.")
                await self._attempts.succeeded(tx, [waits.address(origin.current().address)])
                return await self.sessions.open(tx, person, (Factor.PASSKEY,), replaces=browser.session)
        except Invalid as refusal:
            await self.passkeys.give_up(token)
            await self._audit.refused(None, "session.begin", "passkey", detail=str(refusal))
            raise Unauthenticated(str(refusal)) from None

    async def open_session(
        self, tx: Connection, user_id: UUID, team_id: UUID | None, factors: tuple[Factor, ...], replaces: str = ""
    ) -> SignedIn:
        """For other ways in (an invitation that was accepted): a session of this person in this team.

        `tx` must see the rows of all teams.
        """
        person = await store.person(tx, user_id)
        if person is None:
            raise Denied("This account was deactivated.")
        return await self.sessions.open(tx, person, factors, team_id=team_id, replaces=replaces)

    def ways(self) -> tuple[bool, bool]:
        """Whether a password and a passkey open the door here."""
        return (
            bool(self._preferences.value("security.password_sign_in")),
            bool(self._preferences.value("security.passkey_sign_in")),
        )

    # — showing it again —

    async def verify(self, caller: Principal, proof: Proof) -> str:
        """Shows a factor again in a session; the answer is the session's new secret.

        Somebody who has an authenticator app or a passkey must show one of these, anybody else their password.
        `Denied` when it is wrong.
        """
        person = await self.passkeys.person_of(caller)
        async with self._database.across_teams() as tx:
            standing = await self._standing(tx, person.id)
        allowed = standing.second_factors or (Factor.PASSWORD,)
        if not standing.second_factors and not standing.password:
            raise Denied("You have nothing to show yet: set a password, a passkey or an authenticator app first.")
        factor = await self._proved(person, proof, allowed, caller)
        if factor is None:
            raise Denied(_WRONG_FACTOR)
        async with self._database.across_teams() as tx:
            return await self.sessions.rotate(
                tx, caller, "session.verify", shown_factors=(factor,), verified_at=clock.now()
            )

    async def _proved(
        self, person: Person, proof: Proof, allowed: tuple[Factor, ...], caller: Principal | None = None
    ) -> Factor | None:
        """Which of the allowed factors the proof shows; None when it is wrong, which counts as an attempt."""
        factor = _offered(proof)
        if factor not in allowed:
            raise Invalid(f"Show one of these: {', '.join(allowed)}.")
        subjects = [waits.factor(person.id)]
        await self._begin(subjects, person)
        right = await self._is_right(person, factor, proof)
        if not right:
            await self._audit.refused(caller, "session.verify", shown("usr", person.id), detail=f"A wrong {factor}.")
            return None
        async with self._database.across_teams() as tx:
            await self._attempts.succeeded(tx, subjects)
        return factor

    async def _is_right(self, person: Person, factor: Factor, proof: Proof) -> bool:
        if factor is Factor.PASSWORD:
            return await self.passwords.is_right(person.id, proof.password)
        async with self._database.across_teams() as tx:
            if factor is Factor.TOTP:
                return await self.codes.takes_code(tx, person.id, proof.totp)
            if factor is Factor.RECOVERY_CODE:
                return await self.codes.takes_recovery_code(tx, person.id, proof.recovery_code)
            assert proof.passkey is not None
            assert proof.site is not None
            try:
                await self.passkeys.prove(tx, proof.site, proof.passkey_token, proof.passkey, person.id)
            except Invalid:
                return False
            return True

    # — the person's own —

    async def standing(self, caller: Principal) -> tuple[Person, Standing, str]:
        """Who the caller is, what they can show, and their language."""
        person = await self.passkeys.person_of(caller)
        async with self._database.across_teams() as tx:
            return person, await self._standing(tx, person.id), await store.language_of(tx, person.id)

    async def check_may_change_factors(self, caller: Principal) -> Person:
        """Who has something to show must have shown it just now before they change what they have."""
        person, standing, _ = await self.standing(caller)
        if standing.second_factors or standing.password:
            freshly_verified(caller)
        return person

    async def change_password(self, caller: Principal, password: str, current: str = "") -> str:
        """Sets or changes the caller's password and ends their other sessions; the answer is the session's new secret.

        The current password, or a factor shown just now, must come with a change.
        """
        person, standing, _ = await self.standing(caller)
        if current and await self._proved(person, Proof(password=current), (Factor.PASSWORD,), caller) is None:
            raise Denied("The current password is not right.")
        if standing.second_factors or (standing.password and not current):
            freshly_verified(caller)
        password_hash = await self.passwords.hashed(person, password)
        async with self._database.across_teams() as tx:
            await self.passwords.keep(tx, person.id, password_hash)
            await passwords_store.drop_mail_links(tx, person.id)
            await self.sessions.end_others_within(tx, caller)
            return await self.sessions.rotate(tx, caller, "password.change")

    async def set_password(self, tx: Connection, user_id: UUID, password: str) -> None:
        """For an invitation that is accepted; `Invalid` says why a password is refused."""
        person = await store.person(tx, user_id)
        if person is None:
            raise Denied("This account was deactivated.")
        await self.passwords.keep(tx, user_id, await self.passwords.hashed(person, password))

    async def confirm_codes(self, caller: Principal, code: str) -> tuple[list[str], str]:
        """The first code of a new authenticator app: recovery codes, and the session's new secret."""
        person = await self.passkeys.person_of(caller)
        await self._begin([waits.factor(person.id)], person)
        async with self._database.across_teams() as tx:
            codes = await self.codes.confirm(tx, caller, person.id, code)
            await self._attempts.succeeded(tx, [waits.factor(person.id)])
            token = await self.sessions.rotate(
                tx, caller, "session.verify", shown_factors=(Factor.TOTP,), verified_at=clock.now()
            )
        return codes, token

    async def change_profile(self, caller: Principal, name: str, language: str) -> None:
        """The person's own name and language; nothing else of them can be changed here."""
        name = name.strip()
        if not 0 < len(name) <= MAX_NAME_CHARACTERS:
            raise Invalid(f"A name has 1 to {MAX_NAME_CHARACTERS} characters.")
        if language not in LANGUAGES:
            raise Invalid(f"The language is one of {', '.join(LANGUAGES[1:])}, or empty for the browser's.")
        person, _, before = await self.standing(caller)
        async with self._database.across_teams() as tx:
            await passwords_store.change_person(tx, person.id, name, language, clock.now())
            await self._audit.record(
                tx,
                caller,
                "profile.change",
                shown("usr", person.id),
                before={"name": person.name, "language": before},
                after={"name": name, "language": language},
            )

    async def take_factors(self, caller: Principal, user_id: UUID) -> None:
        """An administrator of the hub takes away the factors of somebody who lost them; their sessions end."""
        async with self._database.across_teams() as tx:
            person = await store.person(tx, user_id)
            if person is None:
                raise NotFound("There is no such person, or they were deactivated.")
            before = await self._standing(tx, user_id)
            await self.codes.remove_all(tx, user_id)
            await self.passkeys.remove_all(tx, user_id)
            await self.sessions.end_all(tx, user_id)
            await self._audit.record(
                tx,
                caller,
                "factors.delete",
                shown("usr", user_id),
                name=person.name,
                before={"factors": [str(factor) for factor in before.second_factors]},
                after={"factors": []},
            )

    # — parts —

    async def _standing(self, tx: Connection, user_id: UUID) -> Standing:
        return Standing(
            await self.passwords.is_set(tx, user_id),
            await self.passkeys.count(tx, user_id),
            await self.codes.status(tx, user_id),
        )

    async def _subjects(
        self, tx: Connection, email: str, person: Person | None, browser: Browser
    ) -> list[waits.Subject | None]:
        """What this attempt counts against: the name, or the browser if this person signed in with it before."""
        known = (
            person is not None
            and browser.device != ""
            and await store.knows_device(tx, crypto.fingerprint(browser.device), person.id, clock.now())
        )
        # the database may know more spellings of one address as the same than we do
        name = person.email if person is not None else email
        against = waits.device(browser.device) if known else waits.account(name)
        return [against, waits.address(origin.current().address)]

    async def _begin(self, subjects: Sequence[waits.Subject | None], person: Person | None) -> None:
        try:
            await self._attempts.begin(subjects)
        except LimitExceeded:
            await self._refused("session.begin", person, "Too many attempts.")
            raise

    async def _refused(self, action: str, person: Person | None, why: str) -> None:
        await self._audit.refused(None, action, shown("usr", person.id) if person else "unknown", detail=why)


def _offered(proof: Proof) -> Factor:
    """The one factor that a proof shows; `Invalid` for none or several."""
    offered = [
        factor
        for factor, there in (
            (Factor.TOTP, proof.totp),
            (Factor.RECOVERY_CODE, proof.recovery_code),
            (Factor.PASSWORD, proof.password),
            (Factor.PASSKEY, proof.passkey is not None and proof.site is not None),
        )
        if there
    ]
    if len(offered) != 1:
        raise Invalid("Show exactly one of totp, recovery_code, passkey and password.")
    return offered[0]
