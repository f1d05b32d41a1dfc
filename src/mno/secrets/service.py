"""Secrets as the rest of the program gets them: built once, with the hub's keys ready before anything else starts."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mno.platform.database import Connection, Database
from mno.platform.errors import Invalid, MnoError, Unavailable
from mno.platform.versions import Versions
from mno.secrets.keys import store as keys_store
from mno.secrets.keys.model import HUB
from mno.secrets.keys.service import DataKeys
from mno.secrets.master.ring import MasterRing
from mno.secrets.own.sealer import Sealer
from mno.secrets.own.service import OwnSecrets

_log = logging.getLogger(__name__)

#: Told to every process when the hub has a new data key.
TOPIC = "secrets:hub-keys"
#: How long a new key of the hub only opens before it seals, in seconds: until every process knows it.
KEY_SPREAD_S = 2.0


class Secrets:
    """The parts in their order: master keys, data keys, the program's own credentials, sealed values of others."""

    def __init__(
        self, database: Database, ring: MasterRing, versions: Versions, *, spread_s: float = KEY_SPREAD_S
    ) -> None:
        self._database = database
        self._versions = versions
        self.spread_s = spread_s
        self.keys = DataKeys(database, ring)
        self.own = OwnSecrets(database, self.keys)
        self.sealer = Sealer()
        self._changed = asyncio.Event()
        versions.watch(TOPIC, lambda _: self._changed.set())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Has loaded the hub's keys when it yields, and follows them. `Invalid` for a master key that others can
        read; a missing one is told in the log, and by every call that needs it.
        """
        try:
            for master in await self.keys.missing_masters():
                _log.error("The master key %s is missing: what lies under it cannot be decrypted.", master)
            await self._load()
        except MnoError as error:
            if isinstance(error, Invalid):
                raise
            _log.error("Encrypted values cannot be read: %s", error)
        following = asyncio.create_task(self._follow(), name="secrets-hub-keys")
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def announce_hub_keys(self, tx: Connection) -> None:
        """Has every process load the hub's keys once this transaction commits."""
        await self._versions.bump(tx, TOPIC)

    async def load_hub_keys(self) -> None:
        """Now, instead of when this process hears of them."""
        await self._load()

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._load()
            except MnoError as error:
                _log.warning("The hub's new data key could not be loaded: %s", error)
                await asyncio.sleep(1)
                self._changed.set()

    async def _load(self) -> None:
        """A key that appears while we run opens at once, and seals when the others know it as well."""
        async with self._database.transaction(HUB) as tx:
            newest = await self.keys.newest(tx, HUB)
            keys = {newest.id: await self.keys.plain(newest)}
            for key in await keys_store.keys_of(tx, HUB):
                # one under a lost master key must not keep the others from being used
                with contextlib.suppress(Unavailable):
                    keys[key.id] = await self.keys.plain(key)
        before = self.sealer.newest
        if before is not None and before in keys and before != newest.id:
            self.sealer.take(keys, before)
            await asyncio.sleep(self.spread_s)
        self.sealer.take(keys, newest.id)
