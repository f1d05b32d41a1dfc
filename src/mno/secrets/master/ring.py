"""The master keys of this process: the first wraps what is new, every one unwraps what it wrapped.

Which key wrapped a data key stands beside it in the database by the key's id, which tells nothing of the key.
So a key is replaced without downtime: the new one stands first, the old one stays until nothing needs it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from mno.platform.errors import Unavailable
from mno.secrets.master.local import KeyFile, LocalKey


class MasterKey(Protocol):
    """One key, wherever it is kept. `where` is associated data: what was wrapped for one place opens for no other."""

    @property
    def id(self) -> str: ...
    async def wrap(self, plain: bytes, where: bytes) -> bytes: ...
    async def unwrap(self, wrapped: bytes, where: bytes) -> bytes:
        """`Unavailable` when it does not open."""
        ...


class MasterRing:
    """Keys that the operator named, and those of the data folder's file.

    The file is read where it exists; it is made where the operator named no key and nothing was ever encrypted here
    (else the hub's key is missing, and a new one would only hide that).
    """

    def __init__(self, named: list[MasterKey], file: KeyFile) -> None:
        self._named = named
        self._file = file
        self._keys: list[MasterKey] = []
        #: What is kept after its line left the file, for readers that are under way.
        self._former: dict[str, MasterKey] = {}
        self._loading = asyncio.Lock()

    async def ready(self, may_create: Callable[[], Awaitable[bool]] | None = None) -> None:
        """Loads the keys once; `Invalid` for a file that others can read."""
        if self._keys:
            return
        async with self._loading:
            if self._keys:
                return
            found = await asyncio.to_thread(self._file.read)
            if not found and not self._named and may_create is not None and await may_create():
                found = [await asyncio.to_thread(self._file.create)]
            self._keys = [*self._named, *found]

    @property
    def is_file(self) -> bool:
        """Whether the key that wraps is the data folder's own, so that we can make a new one ourselves."""
        return not self._named

    def file_changed_at(self) -> datetime | None:
        """When the file was last written; None where there is none."""
        return self._file.changed_at()

    @property
    def current(self) -> MasterKey:
        if not self._keys:
            raise Unavailable(
                "There is no master key: the database holds encrypted values, but the data folder has no "
                f"{self._file.path.name}. Bring the file back from the backup, or set MNO_MASTER_KEY."
            )
        return self._keys[0]

    def by_id(self, id_: str) -> MasterKey:
        """The key that wrapped something; `Unavailable` when this process does not have it."""
        for key in self._keys:
            if key.id == id_:
                return key
        if id_ in self._former:
            return self._former[id_]
        raise Unavailable(
            f"The master key {id_} is missing here. Bring back the master key that the hub had, "
            "in its data folder or in MNO_MASTER_KEY."
        )

    def has(self, id_: str) -> bool:
        return id_ in self._former or any(key.id == id_ for key in self._keys)

    async def renew(self) -> None:
        """A new key in the file, which wraps from now on; the older ones stay."""
        added: LocalKey = await asyncio.to_thread(self._file.add)
        self._keys = [added, *self._keys]

    async def drop_all_but_current(self) -> None:
        """Takes every older key out of the file; this process still reads with them until it ends."""
        if not self.is_file:
            return
        current, *older = self._keys
        await asyncio.to_thread(self._file.keep_only, current.id)
        self._former.update({key.id: key for key in older})
        self._keys = [current]
