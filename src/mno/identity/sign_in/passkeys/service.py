"""Passkeys of a person: made, named, removed, and proved."""

import contextlib
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.sign_in.model import Person
from mno.identity.sign_in.passkeys import ceremony, store
from mno.identity.sign_in.passkeys.ceremony import Site
from mno.identity.sign_in.passkeys.store import Passkey
from mno.identity.sign_in.sessions import store as sessions_store
from mno.identity.sign_in.sessions.service import Sessions
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Invalid, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.principal import Principal

#: Passkeys of one person.
MAX_PASSKEYS_PER_PERSON = 20
_REGISTER = "passkey.register"
_PROVE = "passkey.prove"


class Passkeys:
    def __init__(self, database: Database, audit: Audit, sessions: Sessions) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions

    async def of(self, user_id: UUID) -> list[Passkey]:
        async with self._database.across_teams() as tx:
            return await store.of_person(tx, user_id)

    async def count(self, tx: Connection, user_id: UUID) -> int:
        return len(await store.of_person(tx, user_id))

    async def remove_all(self, tx: Connection, user_id: UUID) -> None:
        await store.delete_all(tx, user_id)

    async def begin_registration(self, site: Site, person: Person) -> tuple[str, dict[str, Any]]:
        """A token for the second half, and the options for the browser."""
        async with self._database.across_teams() as tx:
            known = [key.credential_id for key in await store.of_person(tx, person.id)]
            options = ceremony.creation_options(
                site, person.id, person.email or person.name, person.name or person.email, known
            )
            token = await self._sessions.begin_within(tx, _REGISTER, {"challenge": options["challenge"]}, person.id)
        return token, options

    async def register(
        self, caller: Principal, site: Site, person: Person, token: str, credential: dict[str, Any], name: str
    ) -> Passkey:
        """Keeps a new passkey of this person; the ceremony must be their own."""
        async with self._database.across_teams() as tx:
            begun_by, data = await self._sessions.finish(tx, _REGISTER, token)
            if begun_by != person.id:
                raise Invalid("This passkey was begun by somebody else.")
            await store.lock_person(tx, person.id)
            if len(await store.of_person(tx, person.id)) >= MAX_PASSKEYS_PER_PERSON:
                raise LimitExceeded(f"A person may have {MAX_PASSKEYS_PER_PERSON} passkeys; remove one first.")
            found = ceremony.registered(site, credential, str(data["challenge"]))
            key = Passkey(
                new_id(),
                person.id,
                found.credential_id,
                found.public_key,
                found.sign_count,
                _name(name),
                found.backed_up,
                clock.now(),
            )
            if not await store.insert(tx, key):
                raise Conflict("This passkey is registered already.")
            await self._audit.record(tx, caller, "passkeys.create", shown("usr", person.id), after={"name": key.name})
        return key

    async def rename(self, caller: Principal, user_id: UUID, passkey_id: UUID, name: str) -> None:
        async with self._database.across_teams() as tx:
            before = await store.rename(tx, user_id, passkey_id, _name(name))
            if before is None:
                raise NotFound("You have no such passkey.")
            await self._audit.record(
                tx,
                caller,
                "passkeys.rename",
                shown("usr", user_id),
                before={"name": before},
                after={"name": _name(name)},
            )

    async def remove(self, caller: Principal, user_id: UUID, passkey_id: UUID) -> None:
        async with self._database.across_teams() as tx:
            before = await store.delete(tx, user_id, passkey_id)
            if before is None:
                raise NotFound("You have no such passkey.")
            await self._audit.record(tx, caller, "passkeys.delete", shown("usr", user_id), before={"name": before})

    async def begin_proof(self, site: Site, user_id: UUID | None = None) -> tuple[str, dict[str, Any]]:
        """Options for the browser: for one person's passkeys, or for whichever the browser has for us."""
        async with self._database.across_teams() as tx:
            allowed = [] if user_id is None else [key.credential_id for key in await store.of_person(tx, user_id)]
            options = ceremony.request_options(site, allowed)
            token = await self._sessions.begin_within(tx, _PROVE, {"challenge": options["challenge"]}, user_id)
        return token, options

    async def prove(
        self, tx: Connection, site: Site, token: str, credential: dict[str, Any], user_id: UUID | None = None
    ) -> UUID:
        """Whose passkey it is. `Invalid` when the proof fails, or is not by `user_id` where that is known."""
        wanted, data = await self._sessions.finish(tx, _PROVE, token)
        key = await store.by_credential(tx, ceremony.credential_id_of(credential))
        handle = ceremony.user_handle_of(credential)
        if key is None or (handle is not None and handle != key.user_id.bytes):
            raise Invalid("This passkey is not known here; it may have been removed.")
        if any(one is not None and one != key.user_id for one in (wanted, user_id)):
            raise Invalid("This passkey is somebody else's.")
        count = ceremony.proved(site, credential, str(data["challenge"]), key.public_key, key.sign_count)
        await store.note_use(tx, key.id, count, clock.now())
        return key.user_id

    async def give_up(self, token: str) -> None:
        """A challenge is answered once, also wrongly: what was refused, and undone with it, is not tried again."""
        async with self._database.across_teams() as tx:
            with contextlib.suppress(Invalid):
                await self._sessions.finish(tx, _PROVE, token)

    async def person_of(self, caller: Principal) -> Person:
        """The signed-in person as they stand now."""
        assert caller.user_id is not None
        async with self._database.across_teams() as tx:
            found = await sessions_store.person(tx, caller.user_id)
        if found is None:
            raise NotFound("This account was deactivated.")
        return found


def _name(text: str) -> str:
    name = text.strip()
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise Invalid(f"A passkey needs a name of at most {MAX_NAME_CHARACTERS} characters.")
    return name
