"""Data keys at work: encrypts with a team's newest, opens with whichever made the ciphertext.

Unwrapped keys are remembered in this process, so the master key (perhaps a service far away) is asked once for
each. They never go anywhere else.
"""

from uuid import UUID

from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Unavailable
from mno.platform.ids import new_id
from mno.secrets import envelope
from mno.secrets.keys import store
from mno.secrets.keys.model import MAX_REMEMBERED_DATA_KEYS, DataKey, Sealed
from mno.secrets.master.ring import MasterRing


class DataKeys:
    """Callers bring a transaction that sees the team's rows (HUB for the program's own)."""

    def __init__(self, database: Database, ring: MasterRing) -> None:
        self._database = database
        self.ring = ring
        self._plain: dict[UUID, bytes] = {}

    async def ready(self) -> None:
        """Loads the master keys, and makes the file's first one where nothing was ever encrypted."""
        await self.ring.ready(self._nothing_encrypted)

    async def missing_masters(self) -> list[str]:
        """Ids of master keys that stored data keys need and this process does not have."""
        await self.ready()
        async with self._database.across_teams() as tx:
            return [id_ for id_ in await store.masters(tx) if not self.ring.has(id_)]

    async def seal(self, tx: Connection, team_id: UUID, plain: bytes, where: bytes) -> Sealed:
        """Encrypted with the team's newest data key, which is made at the first use."""
        return await self.seal_with(await self.newest(tx, team_id), plain, where)

    async def seal_with(self, key: DataKey, plain: bytes, where: bytes) -> Sealed:
        return Sealed(key.id, envelope.sealed(await self.plain(key), plain, where))

    async def open(self, tx: Connection, sealed: Sealed, where: bytes) -> bytes:
        """`Unavailable` when the key or the master key is missing, or the ciphertext does not belong here."""
        plain = self._plain.get(sealed.data_key)
        if plain is None:
            key = await store.key(tx, sealed.data_key)
            if key is None:
                raise Unavailable("The data key of a stored value is missing in the database.")
            plain = await self.plain(key)
        return envelope.opened(plain, sealed.ciphertext, where)

    async def newest(self, tx: Connection, team_id: UUID) -> DataKey:
        key = await store.newest(tx, team_id)
        if key is None:
            await store.insert(tx, await self.made(team_id, 1))
            key = await store.newest(tx, team_id)
        assert key is not None, "the transaction does not see this team"
        return key

    async def made(self, team_id: UUID, version: int) -> DataKey:
        """A new key, wrapped under the current master key; not stored yet."""
        await self.ready()
        id_, plain, master = new_id(), envelope.new_data_key(), self.ring.current
        wrapped = await master.wrap(plain, where_key(id_, team_id, version))
        return DataKey(id_, team_id, version, master.id, wrapped, clock.now())

    async def plain(self, key: DataKey) -> bytes:
        """The key itself, from memory or unwrapped."""
        found = self._plain.get(key.id)
        if found is None:
            await self.ready()
            master = self.ring.by_id(key.master)
            found = await master.unwrap(key.wrapped, where_key(key.id, key.team_id, key.version))
            if len(self._plain) >= MAX_REMEMBERED_DATA_KEYS:
                self._plain.clear()
            self._plain[key.id] = found
        return found

    def forget(self) -> None:
        """After a rotation: nothing that was deleted stays in memory."""
        self._plain.clear()

    async def _nothing_encrypted(self) -> bool:
        async with self._database.across_teams() as tx:
            return await store.is_empty(tx)


def where_key(id_: UUID, team_id: UUID, version: int) -> bytes:
    """The place of a data key: one that is moved to another team or version does not open."""
    return envelope.place("mno data key", id_, team_id, version)
