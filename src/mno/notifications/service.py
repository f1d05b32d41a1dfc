"""The way to people: whoever has something to tell hands a notice over, in the transaction that it tells of."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from mno.notifications import rules, store
from mno.notifications.model import MAX_WAITING_PER_CHANNEL, Channel, Delivery, DeliveryState, Notice
from mno.platform import clock
from mno.platform.database import Connection, Database, after_commit
from mno.platform.ids import new_id


class Notifications:
    """`wake` lets the deliveries of this process begin; others look by themselves."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake

    async def channels(self, team_id: UUID) -> Sequence[Channel]:
        """The team's channels by their names."""
        async with self._database.transaction(team_id) as tx:
            return await store.channels(tx, team_id)

    async def send(self, tx: Connection, notice: Notice, channel_ids: Sequence[UUID]) -> None:
        """Sends a notice once this transaction commits; never if it rolls back.

        Channels that the team does not have (any more) are skipped, and those that had this key already. `Invalid`
        for a notice that breaks a limit of model.py; what is merely too long to read is cut.
        """
        notice = rules.checked_notice(notice, channel_ids)
        found = await store.channels_among(tx, notice.team_id, channel_ids)
        if found:
            waiting = await store.waiting(tx, notice.team_id, [channel.id for channel in found])
            await store.insert_deliveries(
                tx, [one for channel in found for one in _deliveries(notice, channel, waiting.get(channel.id, 0))]
            )
            after_commit(tx, self._wake)


def _deliveries(notice: Notice, channel: Channel, waiting: int) -> Iterator[Delivery]:
    now = clock.now()
    full = waiting >= MAX_WAITING_PER_CHANNEL
    for receiver in channel.receivers or ("",):
        yield Delivery(
            id=new_id(),
            team_id=notice.team_id,
            channel_id=channel.id,
            receiver=receiver,
            key=notice.key,
            severity=notice.severity,
            text=notice.texts.get(channel.language) or notice.texts["en"],
            data=notice.data,
            state=DeliveryState.DEAD if full else DeliveryState.WAITING,
            attempts=0,
            created_at=now,
            due_at=now,
            error=f"{MAX_WAITING_PER_CHANNEL} messages wait for this channel already." if full else "",
        )
