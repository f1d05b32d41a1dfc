"""Channels over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.notifications.editing.service import ChannelEditing
from mno.notifications.model import MAX_DELIVERIES_SHOWN, DeliveryState
from mno.notifications.schemas import (
    ChannelDeliveryList,
    ChannelDeliveryShape,
    ChannelKindList,
    ChannelList,
    ChannelShape,
    ChannelWishShape,
    MadeChannelShape,
    ReplayedDeliveries,
)
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal

Reader = Annotated[Principal, Depends(requires("channels.read"))]
Writer = Annotated[Principal, Depends(requires("channels.write"))]


def router(editing: ChannelEditing) -> APIRouter:
    routes = APIRouter(prefix="/api/channels", tags=["channels"])

    @routes.get("")
    async def list_channels(reader: Reader) -> ChannelList:
        """The team's channels by their names, without what opens them."""
        return ChannelList(items=[ChannelShape.of(one) for one in await editing.channels(reader)])

    @routes.get("/kinds")
    async def list_channel_kinds(_: Reader) -> ChannelKindList:
        """What each kind of channel needs."""
        return ChannelKindList.all()

    @routes.post("", status_code=201)
    async def create_channel(writer: Writer, wish: ChannelWishShape) -> MadeChannelShape:
        """Adds a channel. A webhook's signing secret is in this answer and in no other."""
        return MadeChannelShape.made(await editing.create(writer, wish.wish()))

    @routes.put("/{channel_id}")
    async def change_channel(writer: Writer, channel_id: str, wish: ChannelWishShape) -> MadeChannelShape:
        """Changes everything of a channel but its kind; what is secret stays where it is null."""
        return MadeChannelShape.made(await editing.change(writer, parsed("chn", channel_id), wish.wish()))

    @routes.delete("/{channel_id}", status_code=204)
    async def remove_channel(writer: Writer, channel_id: str) -> None:
        """Removes a channel with its credential and its deliveries."""
        await editing.remove(writer, parsed("chn", channel_id))

    @routes.post("/{channel_id}/test")
    async def test_channel(writer: Writer, channel_id: str) -> ChannelDeliveryList:
        """Sends a test to every receiver now; the answer says what became of each. A failure is not tried again."""
        sent = await editing.test(writer, parsed("chn", channel_id))
        return ChannelDeliveryList(items=[ChannelDeliveryShape.of(one) for one in sent])

    @routes.get("/{channel_id}/deliveries")
    async def list_channel_deliveries(
        reader: Reader,
        channel_id: str,
        state: DeliveryState | None = None,
        before: Annotated[str | None, Query(description="`next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_DELIVERIES_SHOWN)] = 50,
    ) -> ChannelDeliveryList:
        """What was sent and what became of it, the newest first; dead letters are those that were given up."""
        after = parsed("dlv", before) if before else None
        found = await editing.deliveries(reader, parsed("chn", channel_id), state=state, before=after, limit=limit)
        return ChannelDeliveryList.of(list(found), limit)

    @routes.post("/{channel_id}/replay")
    async def replay_channel(writer: Writer, channel_id: str) -> ReplayedDeliveries:
        """Sends the channel's dead letters again, the oldest first."""
        return ReplayedDeliveries(replayed=await editing.replay(writer, parsed("chn", channel_id)))

    return routes
