"""Encrypts what other features keep in their own tables (a person's TOTP secret), without waiting for anything.

The hub's data keys stand ready in memory, so `seal` and `open` may be called inside any transaction. A sealed
value begins with the id of its key. Whoever keeps such values says how to walk over them, so that a new key
reaches them: a kind of value that nobody walks over cannot be sealed.
"""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from mno.platform.errors import Unavailable
from mno.secrets import envelope

_ID_BYTES = 16

#: Seals a value again when its key is not the present one; the value itself when it is.
Reseal = Callable[[str, bytes], bytes]
#: Reads every sealed value that its feature keeps, in batches, and writes back what `Reseal` changed.
Walk = Callable[[Reseal], Awaitable[None]]


class Sealer:
    """A purpose is `<kind>:<whose>`, such as `totp:0199…`; what was sealed for one opens for no other."""

    def __init__(self) -> None:
        self._keys: dict[UUID, bytes] = {}
        self._newest: UUID | None = None
        self._walks: dict[str, Walk] = {}

    def hold(self, kind: str, walk: Walk) -> None:
        """Before the start: values of this kind are kept, and this is how they are walked over."""
        self._walks[kind] = walk

    def seal(self, purpose: str, plain: bytes) -> bytes:
        """`Unavailable` before the hub's keys are loaded."""
        if purpose.partition(":")[0] not in self._walks:
            raise ValueError(f"Nobody walks over sealed values for '{purpose}': call hold() first.")
        return self._sealed(purpose, plain)

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """`Unavailable` when its key is missing here, or it was changed or made for another purpose."""
        id_ = UUID(bytes=sealed[:_ID_BYTES]) if len(sealed) > _ID_BYTES else None
        key = self._keys.get(id_) if id_ else None
        if key is None:
            raise Unavailable("A sealed value cannot be opened: its key is not known here (any more, or yet).")
        return envelope.opened(key, sealed[_ID_BYTES:], _where(id_, purpose))

    def reseal(self, purpose: str, sealed: bytes) -> bytes:
        """For a walk: the value under the newest key."""
        if self._newest is not None and sealed[:_ID_BYTES] == self._newest.bytes:
            return sealed
        return self._sealed(purpose, self.open(purpose, sealed))

    def take(self, keys: Mapping[UUID, bytes], newest: UUID) -> None:
        """The hub's present keys, of which `newest` seals."""
        self._keys = dict(keys)
        self._newest = newest

    @property
    def newest(self) -> UUID | None:
        return self._newest

    @property
    def walks(self) -> Mapping[str, Walk]:
        return self._walks

    def _sealed(self, purpose: str, plain: bytes) -> bytes:
        if self._newest is None:
            raise Unavailable("The hub's keys are not loaded yet.")
        key = self._keys[self._newest]
        return self._newest.bytes + envelope.sealed(key, plain, _where(self._newest, purpose))


def _where(id_: UUID | None, purpose: str) -> bytes:
    return envelope.place("mno sealed", id_, purpose)
