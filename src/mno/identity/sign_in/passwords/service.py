"""Passwords of a person, and the links by e-mail that set one or prove an address."""

import asyncio
import logging
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.sign_in.attempts import waits
from mno.identity.sign_in.attempts.service import Attempts
from mno.identity.sign_in.model import RESET_LINK_LIFETIME, VERIFY_LINK_LIFETIME, Person
from mno.identity.sign_in.passwords import rules, store
from mno.identity.sign_in.passwords.hashing import PasswordHashes
from mno.identity.sign_in.passwords.letters import address_letter, reset_letter
from mno.identity.sign_in.ports import Mailbox
from mno.identity.sign_in.sessions import store as sessions_store
from mno.identity.sign_in.sessions.service import Sessions, acting
from mno.identity.teams.model import language_of
from mno.platform import clock, crypto, origin
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Invalid, MnoError, NotFound, Unavailable
from mno.platform.ids import shown
from mno.platform.mail import address_of
from mno.platform.principal import Principal

_log = logging.getLogger(__name__)
LINK_SPENT = "This link was used already or is too old; ask for a new one."


class Passwords:
    def __init__(
        self,
        database: Database,
        audit: Audit,
        sessions: Sessions,
        attempts: Attempts,
        hashes: PasswordHashes,
        mailbox: Mailbox,
    ) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._attempts = attempts
        self._hashes = hashes
        self._mailbox = mailbox
        self._letters: set[asyncio.Task[None]] = set()

    async def is_set(self, tx: Connection, user_id: UUID) -> bool:
        return await store.hash_of(tx, user_id) is not None

    async def is_right(self, user_id: UUID | None, password: str) -> bool:
        """Whether this is the person's password; as slow for somebody who has none, or for nobody.

        In transactions of its own: none is held while the hash is computed.
        """
        known = None
        if user_id is not None:
            async with self._database.across_teams() as tx:
                known = await store.hash_of(tx, user_id)
        right, renewed = await self._hashes.check(known, rules.normalised(password))
        if right and renewed is not None and known is not None and user_id is not None:
            async with self._database.across_teams() as tx:
                await store.keep_rehashed(tx, user_id, known, renewed)
        return right

    async def hashed(self, person: Person, password: str) -> str:
        """What to keep of a new password; `Invalid` says why it is refused."""
        return await self._hashes.make(rules.checked(password, person.name, person.email))

    async def keep(self, tx: Connection, user_id: UUID, password_hash: str) -> None:
        await store.keep(tx, user_id, password_hash, clock.now())

    # — links by e-mail —

    def can_send(self) -> bool:
        return self._mailbox.is_on()

    async def ask_for_reset(self, email: str, base_url: str) -> None:
        """Sends a link that sets a new password, if somebody has this address; says nothing about whether.

        `Unavailable` where no mail server is set; `LimitExceeded` for too many.
        """
        if not self._mailbox.is_on():
            raise Unavailable("This hub sends no e-mail. Ask an administrator for a link that sets your password.")
        await self._attempts.begin([waits.mail(email), waits.address(origin.current().address)])
        # beside the answer, which therefore takes as long for an address that nobody has
        letter = asyncio.create_task(self._send_reset(email.strip(), base_url))
        self._letters.add(letter)
        letter.add_done_callback(self._letters.discard)

    async def _send_reset(self, email: str, base_url: str) -> None:
        try:
            async with self._database.across_teams() as tx:
                person = await sessions_store.person_by_email(tx, email)
            if person is None or not person.email_verified:
                return
            if waits.mail(person.email) != waits.mail(email):
                # another spelling of the address: the letter goes to the same mailbox
                await self._attempts.begin([waits.mail(person.email)])
            async with self._database.across_teams() as tx:
                token = await self._new_link(tx, "reset", person.id, person.email)
                place = await sessions_store.place_of(tx, person.id, None, None)
                spoken = await self._sessions.language_of(tx, person.id, place.team_id if place else None)
            language = language_of(spoken)
            subject, text = reset_letter(language, f"{base_url}/reset-password#{token}")
            await self._mailbox.send(person.email, subject, text, language)
        except MnoError as error:
            _log.warning("A letter with a reset link could not be sent: %s", error)

    async def letters_sent(self) -> None:
        """Waits for the letters that are under way."""
        await asyncio.gather(*self._letters)

    async def reset_link(self, caller: Principal, user_id: UUID) -> str:
        """The token of a link that sets somebody's password, for an administrator of the hub to hand over."""
        async with self._database.across_teams() as tx:
            person = await sessions_store.person(tx, user_id)
            if person is None:
                raise NotFound("There is no such person, or they were deactivated.")
            token = await self._new_link(tx, "reset", user_id, person.email)
            await self._audit.record(tx, caller, "password_link.create", shown("usr", user_id), name=person.name)
        return token

    async def reset(self, token: str, password: str) -> None:
        """Spends a reset link: the new password holds, and every session of the person ends."""
        async with self._database.across_teams() as tx:
            person = await self._whose(tx, token)
        password_hash = await self.hashed(person, password)
        async with self._database.across_teams() as tx:
            person = await self._whose(tx, token, spend=True)
            place = await sessions_store.place_of(tx, person.id, None, None)
            await store.keep(tx, person.id, password_hash, clock.now())
            await store.drop_mail_links(tx, person.id)
            await self._sessions.end_all(tx, person.id)
            await self._attempts.succeeded(tx, [waits.account(person.email)])
            if place is not None:
                await self._audit.record(tx, acting(person, place), "password.reset", shown("usr", person.id))

    async def _whose(self, tx: Connection, token: str, *, spend: bool = False) -> Person:
        """Whose reset link this is; `Invalid` when it is used, old or unknown."""
        ask = store.use_mail_link if spend else store.look_at_mail_link
        found = await ask(tx, crypto.fingerprint(token), "reset", clock.now())
        person = None if found is None else await sessions_store.person(tx, found["user_id"])
        # a letter to an address that they have given up opens nothing
        if found is None or person is None or found["email"] != person.email:
            raise Invalid(LINK_SPENT)
        return person

    async def ask_for_address(self, caller: Principal, email: str, base_url: str) -> bool:
        """Sends a link to a new address; it becomes the person's when they open it. False where it is theirs at once.

        That is so for somebody without any address, such as the hub's first owner, where no e-mail is sent: they need
        one to sign in with a password. It counts as not verified.
        """
        assert caller.user_id is not None
        email = address_of(email)
        if not self._mailbox.is_on():
            if await self._took_first_address(caller, caller.user_id, email):
                return False
            raise Unavailable(
                "This hub sends no e-mail, so an address cannot be proved. Set mail.host in the settings."
            )
        await self._attempts.begin([waits.mail(email)])
        async with self._database.across_teams() as tx:
            token = await self._new_link(tx, "verify", caller.user_id, email)
            await self._audit.record(tx, caller, "address.ask", shown("usr", caller.user_id), after={"email": email})
            language = language_of(await self._sessions.language_of(tx, caller.user_id, caller.team_id))
        subject, text = address_letter(language, f"{base_url}/confirm-address#{token}")
        await self._mailbox.send(email, subject, text, language)
        return True

    async def _took_first_address(self, caller: Principal, user_id: UUID, email: str) -> bool:
        async with self._database.across_teams() as tx:
            person = await sessions_store.person(tx, user_id)
            if person is None or person.email:
                return False
            if await store.address_is_taken(tx, email, user_id):
                raise Conflict("Somebody else here has this address.")
            await store.keep_address(tx, user_id, email, clock.now(), proved=False)
            await self._audit.record(
                tx, caller, "address.change", shown("usr", user_id), before={"email": ""}, after={"email": email}
            )
        return True

    async def confirm_address(self, caller: Principal, token: str) -> str:
        """Spends the link to an address, in a session of the person who asked for it; the answer is the address."""
        async with self._database.across_teams() as tx:
            found = await store.use_mail_link(tx, crypto.fingerprint(token), "verify", clock.now())
            if found is None or found["user_id"] != caller.user_id:
                raise Invalid(LINK_SPENT)
            if await store.address_is_taken(tx, found["email"], found["user_id"]):
                raise Conflict("Somebody else here has this address.")
            person = await sessions_store.person(tx, found["user_id"])
            await store.keep_address(tx, found["user_id"], found["email"], clock.now())
            await self._audit.record(
                tx,
                caller,
                "address.change",
                shown("usr", found["user_id"]),
                before={"email": person.email if person else ""},
                after={"email": found["email"]},
            )
        return str(found["email"])

    async def _new_link(self, tx: Connection, purpose: str, user_id: UUID, email: str) -> str:
        token = crypto.new_token()
        lifetime = RESET_LINK_LIFETIME if purpose == "reset" else VERIFY_LINK_LIFETIME
        await store.insert_mail_link(tx, crypto.fingerprint(token), purpose, user_id, email, clock.now() + lifetime)
        return token
