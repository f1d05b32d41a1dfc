"""The program's own credentials: GitHub's client secret, the SMTP password, the secrets of OpenID providers.

They lie encrypted like everything else, a team's under its data key, the hub's under the hub's. Who may change
one, and the audit entry for it, is the business of the feature whose credential it is.
"""

from uuid import UUID

from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Invalid
from mno.secrets import envelope
from mno.secrets.keys.model import HUB
from mno.secrets.keys.service import DataKeys
from mno.secrets.own import store

#: One credential, in bytes.
MAX_OWN_SECRET_BYTES = 64 * 1024
#: Its name: `sign_in.github_client_secret`.
MAX_OWN_NAME_CHARACTERS = 200


class OwnSecrets:
    """`team_id` None means the hub. With `tx`, a transaction over that team's rows (`UUID(int=0)` for the hub, or
    across teams), the change commits with its caller's.
    """

    def __init__(self, database: Database, keys: DataKeys) -> None:
        self._database = database
        self._keys = keys

    async def write_own(self, team_id: UUID | None, name: str, value: str, *, tx: Connection | None = None) -> None:
        """Sets a credential; `Invalid` for an empty or oversized one."""
        plain = value.encode()
        if not 0 < len(plain) <= MAX_OWN_SECRET_BYTES:
            raise Invalid(f"A credential has 1 to {MAX_OWN_SECRET_BYTES} bytes.")
        if not 0 < len(name) <= MAX_OWN_NAME_CHARACTERS:
            raise Invalid(f"A credential's name has 1 to {MAX_OWN_NAME_CHARACTERS} characters.")
        team = team_id or HUB
        if tx is not None:
            await self._write(tx, team, name, plain)
            return
        async with self._database.transaction(team) as own:
            await self._write(own, team, name, plain)

    async def read_own(self, team_id: UUID | None, name: str, *, tx: Connection | None = None) -> str | None:
        """The value, None where none was set; `Unavailable` when it cannot be decrypted."""
        team = team_id or HUB
        if tx is not None:
            return await self._read(tx, team, name)
        async with self._database.transaction(team) as own:
            return await self._read(own, team, name)

    async def delete_own(self, team_id: UUID | None, name: str, *, tx: Connection | None = None) -> bool:
        """Whether there was one."""
        team = team_id or HUB
        if tx is not None:
            return await store.delete(tx, team, name)
        async with self._database.transaction(team) as own:
            return await store.delete(own, team, name)

    async def own_names(self, team_id: UUID | None = None) -> list[str]:
        """Which are set, without their values."""
        team = team_id or HUB
        async with self._database.transaction(team) as tx:
            return list(await store.names(tx, team))

    async def _read(self, tx: Connection, team: UUID, name: str) -> str | None:
        found = await store.read(tx, team, name)
        return None if found is None else (await self._keys.open(tx, found, where_own(team, name))).decode()

    async def _write(self, tx: Connection, team: UUID, name: str, plain: bytes) -> None:
        sealed = await self._keys.seal(tx, team, plain, where_own(team, name))
        await store.write(tx, team, name, sealed, clock.now())


def where_own(team: UUID, name: str) -> bytes:
    """The place of a credential."""
    return envelope.place("mno own secret", team, name)
