"""API keys over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.identity.keys.model import MAX_PAGE_KEYS
from mno.identity.keys.schemas import (
    KeyChangeShape,
    KeyList,
    KeyShape,
    KeyWishShape,
    NewKeyShape,
    RotationWish,
    offset_at,
)
from mno.identity.keys.service import Keys
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal

KeyReader = Annotated[Principal, Depends(requires("keys.read"))]
KeyWriter = Annotated[Principal, Depends(requires("keys.write"))]


def router(keys: Keys) -> APIRouter:
    routes = APIRouter(prefix="/api/keys", tags=["keys"])

    @routes.get("")
    async def list_keys(
        reader: KeyReader,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE_KEYS)] = MAX_PAGE_KEYS,
        cursor: Annotated[str, Query(max_length=20)] = "",
    ) -> KeyList:
        """The API keys of the projects that one may see, revoked ones included, without their secrets."""
        offset = offset_at(cursor)
        return KeyList.of(await keys.page(reader, offset, limit + 1), offset, limit)

    @routes.post("", status_code=201)
    async def create_key(writer: KeyWriter, wish: KeyWishShape) -> NewKeyShape:
        """A new key, which may no more than its maker; the answer alone holds its secret."""
        return NewKeyShape.made(*await keys.create(writer, wish.wish()))

    @routes.patch("/{key_id}")
    async def change_key(writer: KeyWriter, key_id: str, change: KeyChangeShape) -> KeyShape:
        """Another name, other addresses or another end for a key."""
        return KeyShape.of(await keys.change(writer, parsed("key", key_id), change.change()))

    @routes.post("/{key_id}/rotate", status_code=201)
    async def rotate_key(writer: KeyWriter, key_id: str, wish: RotationWish) -> NewKeyShape:
        """A new key in the place of this one, which goes on working for the overlap and then ends."""
        new = await keys.rotate(writer, parsed("key", key_id), timedelta(seconds=wish.overlap_s))
        return NewKeyShape.made(*new)

    @routes.delete("/{key_id}", status_code=204)
    async def revoke_key(writer: KeyWriter, key_id: str) -> None:
        """Ends a key: at once in this process, within a second in others."""
        await keys.revoke(writer, parsed("key", key_id))

    return routes
