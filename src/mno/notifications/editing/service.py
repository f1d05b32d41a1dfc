"""Use cases of setting channels up: every change is audited, and what opens a channel is never shown again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.notifications import setup, store, wording
from mno.notifications.credentials.service import Credentials
from mno.notifications.delivering.service import Delivering
from mno.notifications.model import (
    MAX_CHANNELS_PER_TEAM,
    MAX_TESTS_PER_HOUR,
    MAX_WAITING_PER_CHANNEL,
    Channel,
    ChannelCredential,
    Delivery,
    DeliveryState,
    NoticeSeverity,
)
from mno.notifications.setup import ChannelWish
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal

#: The key of a test begins so.
_TEST = "test:"
#: A test is sent at once; only where its process dies does the queue take it up, after this.
_TEST_TAKEN_UP = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Made:
    """A channel, and the signing secret that the hub made for it; it is shown this once."""

    channel: Channel
    secret: str = ""


class ChannelEditing:
    """A team's channels, by those who may for the team; `page` is where a test's link leads."""

    def __init__(
        self, database: Database, audit: Audit, credentials: Credentials, delivering: Delivering, page: str
    ) -> None:
        self._database = database
        self._audit = audit
        self._credentials = credentials
        self._delivering = delivering
        self._page = page

    async def channels(self, principal: Principal) -> Sequence[Channel]:
        """By their names."""
        async with self._database.transaction(principal.team_id) as tx:
            return await store.channels(tx, principal.team_id)

    async def create(self, principal: Principal, wish: ChannelWish) -> Made:
        """`Conflict` where the name is taken, `LimitExceeded` at MAX_CHANNELS_PER_TEAM, `Invalid` for a bad wish."""
        credential, made_secret = setup.completed(wish, ChannelCredential())
        channel = setup.channel_of(wish, credential, new_id(), principal.team_id, clock.now(), principal.name)
        async with self._database.transaction(principal.team_id) as tx:
            known = await store.lock_channels(tx, principal.team_id)
            if len(known) >= MAX_CHANNELS_PER_TEAM:
                raise LimitExceeded(f"A team may have {MAX_CHANNELS_PER_TEAM} channels; remove one first.")
            _check_free(channel, known)
            await store.insert_channel(tx, channel)
            await self._credentials.write(tx, channel.team_id, channel.id, credential)
            await self._record(tx, principal, "channels.create", channel, after=_told(channel))
        return Made(channel, made_secret)

    async def change(self, principal: Principal, channel_id: UUID, wish: ChannelWish) -> Made:
        """Everything but its kind. Deliveries that wait go the new way."""
        async with self._database.transaction(principal.team_id) as tx:
            known = await store.lock_channels(tx, principal.team_id)
            before = _among(known, channel_id)
            if wish.kind is not before.kind:
                raise Conflict("The kind of a channel cannot change. Add another one.")
            kept = await self._credentials.read(tx, principal.team_id, channel_id)
            credential, made_secret = setup.completed(wish, kept)
            after = setup.channel_of(wish, credential, before.id, before.team_id, before.created_at, before.created_by)
            after = replace(after, delivered_at=before.delivered_at, failed_at=before.failed_at, failure=before.failure)
            _check_free(after, known)
            await store.update_channel(tx, after)
            await self._credentials.write(tx, after.team_id, after.id, credential)
            changed = {"credential": "changed"} if credential != kept else {}
            await self._record(
                tx, principal, "channels.change", after, before=_told(before), after=_told(after) | changed
            )
        return Made(after, made_secret)

    async def remove(self, principal: Principal, channel_id: UUID) -> None:
        """With its credential and its deliveries; what was told to it from now on is skipped."""
        async with self._database.transaction(principal.team_id) as tx:
            channel = _among(await store.lock_channels(tx, principal.team_id), channel_id)
            await store.delete_channel(tx, principal.team_id, channel_id)
            await self._credentials.write(tx, principal.team_id, channel_id, ChannelCredential())
            await self._record(tx, principal, "channels.delete", channel, before=_told(channel))

    async def test(self, principal: Principal, channel_id: UUID) -> Sequence[Delivery]:
        """Sends a test to every receiver now; what became of each. `LimitExceeded` beyond MAX_TESTS_PER_HOUR."""
        async with self._database.transaction(principal.team_id) as tx:
            channel = _among(await store.lock_channels(tx, principal.team_id), channel_id)
            since = clock.now() - timedelta(hours=1)
            sent = await store.tests_since(tx, principal.team_id, since, _TEST)
            if sent + max(len(channel.receivers), 1) > MAX_TESTS_PER_HOUR:
                raise LimitExceeded(
                    f"A team may send {MAX_TESTS_PER_HOUR} tests within an hour; wait a while.", retry_after_s=600
                )
            tests = _tests_of(channel, self._page)
            await store.insert_deliveries(tx, tests)
            await self._record(tx, principal, "channels.test", channel)
        return await asyncio.gather(*(self._delivering.deliver(channel, test) for test in tests))

    async def deliveries(
        self,
        principal: Principal,
        channel_id: UUID,
        *,
        state: DeliveryState | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Delivery]:
        """The newest first, older than `before`."""
        async with self._database.transaction(principal.team_id) as tx:
            _among(await store.channels(tx, principal.team_id), channel_id)
            return await store.deliveries(tx, principal.team_id, channel_id, state, before, limit)

    async def replay(self, principal: Principal, channel_id: UUID) -> int:
        """Lets the channel's dead letters wait again, the oldest MAX_WAITING_PER_CHANNEL; how many."""
        async with self._database.transaction(principal.team_id) as tx:
            channel = _among(await store.lock_channels(tx, principal.team_id), channel_id)
            waiting = (await store.waiting(tx, principal.team_id, [channel_id])).get(channel_id, 0)
            room = max(MAX_WAITING_PER_CHANNEL - waiting, 0)
            replayed = await store.replay(tx, principal.team_id, channel_id, clock.now(), room)
            detail = f"{replayed} dead letters are sent again."
            await self._record(tx, principal, "channels.replay", channel, detail=detail)
        self._delivering.wake()
        return replayed

    async def _record(
        self,
        tx: Connection,
        principal: Principal,
        action: str,
        channel: Channel,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        detail: str = "",
    ) -> None:
        resource = shown("chn", channel.id)
        await self._audit.record(
            tx, principal, action, resource, name=channel.name, before=before, after=after, detail=detail
        )


def _among(known: Sequence[Channel], channel_id: UUID) -> Channel:
    found = next((one for one in known if one.id == channel_id), None)
    if found is None:
        raise NotFound("There is no such channel.")
    return found


def _check_free(channel: Channel, known: Sequence[Channel]) -> None:
    if any(one.name == channel.name and one.id != channel.id for one in known):
        raise Conflict(f"There is a channel '{channel.name}' already.")


def _tests_of(channel: Channel, link: str) -> list[Delivery]:
    now = clock.now()
    key = f"{_TEST}{new_id()}"
    return [
        Delivery(
            id=new_id(),
            team_id=channel.team_id,
            channel_id=channel.id,
            receiver=receiver,
            key=key,
            severity=NoticeSeverity.INFO,
            text=replace(wording.TEST_TEXTS[channel.language], link=link),
            data={"type": "channel.test", "id": shown("chn", channel.id)},
            state=DeliveryState.WAITING,
            attempts=0,
            created_at=now,
            due_at=now + _TEST_TAKEN_UP,
        )
        for receiver in channel.receivers or ("",)
    ]


def _told(channel: Channel) -> dict[str, Any]:
    """For the audit log."""
    return {
        "name": channel.name,
        "kind": channel.kind,
        "language": channel.language,
        "host": channel.host,
        "sender": channel.sender,
        "receivers": list(channel.receivers),
        "signed": channel.signed,
    }
