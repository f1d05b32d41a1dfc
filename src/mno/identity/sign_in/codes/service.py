"""One-time codes of a person: set up, proved, removed; and the recovery codes beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.sign_in.codes import otp, store
from mno.identity.sign_in.model import Person
from mno.identity.sign_in.ports import Sealer
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Invalid, NotFound
from mno.platform.ids import shown
from mno.platform.principal import Principal


@dataclass(frozen=True, slots=True)
class CodeStatus:
    """What a person has of codes."""

    totp: bool
    recovery_codes: int


#: The kind of what is sealed here.
SEALED_KIND = "totp"
RESEALED_AT_ONCE = 500


def _purpose(user_id: UUID) -> str:
    """What one person's secret is sealed for, so that it opens for nobody else."""
    return f"{SEALED_KIND}:{user_id.hex}"


class Codes:
    def __init__(self, database: Database, audit: Audit, sealer: Sealer) -> None:
        self._database = database
        self._audit = audit
        self._sealer = sealer

    async def status(self, tx: Connection, user_id: UUID) -> CodeStatus:
        enrolment = await store.of_person(tx, user_id)
        confirmed = enrolment is not None and enrolment.confirmed_at is not None
        return CodeStatus(confirmed, await store.count_recovery_codes(tx, user_id))

    async def enrol(self, person: Person) -> tuple[str, str]:
        """A new secret and the address for its QR code; it counts once `confirm` has seen a code of it."""
        secret = otp.new_secret()
        async with self._database.across_teams() as tx:
            sealed = self._sealer.seal(_purpose(person.id), secret.encode())
            if not await store.begin(tx, person.id, sealed, clock.now()):
                raise Conflict("You have an authenticator app already; remove that one first.")
        return secret, otp.uri_of(secret, person.email or person.name)

    async def confirm(self, tx: Connection, caller: Principal, user_id: UUID, code: str) -> list[str]:
        """Takes the first code of a new app; the answer are new recovery codes, shown this once."""
        enrolment = await store.of_person(tx, user_id)
        if enrolment is None or enrolment.confirmed_at is not None:
            raise Conflict("There is no authenticator app that waits to be confirmed; begin again.")
        secret = self._sealer.open(_purpose(user_id), enrolment.sealed).decode()
        step = otp.step_of(secret, code, clock.now().timestamp(), enrolment.last_step)
        if step is None:
            raise Invalid("This code is not right. Is the clock of your device right? Enter the next one.")
        await store.confirm(tx, user_id, step, clock.now())
        codes = await self._renew(tx, user_id)
        await self._audit.record(tx, caller, "totp.create", shown("usr", user_id))
        return codes

    async def renew_recovery_codes(self, caller: Principal, user_id: UUID) -> list[str]:
        """New recovery codes; the old ones work no more."""
        async with self._database.across_teams() as tx:
            codes = await self._renew(tx, user_id)
            await self._audit.record(tx, caller, "recovery_codes.create", shown("usr", user_id))
        return codes

    async def _renew(self, tx: Connection, user_id: UUID) -> list[str]:
        codes = otp.new_recovery_codes()
        await store.replace_recovery_codes(tx, user_id, [otp.recovery_fingerprint(code) for code in codes])
        return codes

    async def remove(self, caller: Principal, user_id: UUID) -> None:
        async with self._database.across_teams() as tx:
            if not await self.remove_all(tx, user_id):
                raise NotFound("You have no authenticator app.")
            await self._audit.record(tx, caller, "totp.delete", shown("usr", user_id))

    async def remove_all(self, tx: Connection, user_id: UUID) -> bool:
        """App and recovery codes; False when there was no app."""
        await store.replace_recovery_codes(tx, user_id, [])
        return await store.delete(tx, user_id)

    async def takes_code(self, tx: Connection, user_id: UUID, code: str) -> bool:
        """Whether the code is right now; then it is used."""
        enrolment = await store.of_person(tx, user_id)
        if enrolment is None or enrolment.confirmed_at is None:
            return False
        secret = self._sealer.open(_purpose(user_id), enrolment.sealed).decode()
        step = otp.step_of(secret, code, clock.now().timestamp(), enrolment.last_step)
        if step is None:
            return False
        await store.use_step(tx, user_id, step)
        return True

    async def takes_recovery_code(self, tx: Connection, user_id: UUID, code: str) -> bool:
        return await store.use_recovery_code(tx, user_id, otp.recovery_fingerprint(code), clock.now())

    async def walk(self, reseal: Callable[[str, bytes], bytes]) -> None:
        """Seals every secret again whose key is not the newest, a few hundred in each transaction."""
        after = UUID(int=0)
        while True:
            async with self._database.across_teams() as tx:
                found = await store.sealed_after(tx, after, RESEALED_AT_ONCE)
                for user_id, sealed in found:
                    renewed = reseal(_purpose(user_id), sealed)
                    if renewed != sealed:
                        await store.keep_sealed(tx, user_id, renewed)
            if len(found) < RESEALED_AT_ONCE:
                return
            after = found[-1][0]
