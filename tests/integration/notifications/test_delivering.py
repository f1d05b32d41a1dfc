"""At least once whatever dies on the way, and not twice to a channel that confirmed; nobody waits for a slow one."""

import asyncio
import contextlib
import os
import random
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from mno.notifications import model, service
from mno.notifications.delivering import service as delivering
from mno.notifications.model import Channel, ChannelKind, DeliveryState
from mno.notifications.setup import ChannelWish
from mno.platform.database import Database
from mno.platform.egress import Egress
from mno.platform.errors import Invalid
from mno.platform.ids import new_id
from support import channel_process
from support.channels import LOOPBACK, Answer, Desk, Receiver, a_notice, desk_over, listening
from support.coverage import UNMEASURED
from support.engines import opened
from support.promises import PATIENCE_S


async def a_webhook(desk: Desk, receiver: Receiver, name: str = "ops") -> Channel:
    channel, _ = await desk.channel(ChannelKind.WEBHOOK, name, address=f"http://127.0.0.1:{receiver.port}/{name}")
    return channel


async def until_delivered(desk: Desk, channel: Channel, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await desk.states(channel)).count("delivered") < count:
            await asyncio.sleep(0.01)


def ids(receiver: Receiver) -> list[str]:
    return [asked.headers["webhook-id"] for asked in receiver.asked]


# — sending —


async def test_a_notice_leaves_with_its_transaction_and_not_without(desk: Desk, hook: Receiver) -> None:
    channel = await a_webhook(desk, hook)
    with contextlib.suppress(RuntimeError):
        async with desk.database.transaction(desk.team_id) as tx:
            await desk.notifications.send(tx, a_notice(desk.team_id), [channel.id])
            raise RuntimeError("rolled back")
    assert await desk.delivering.deliver_due() == 0
    async with desk.delivering.running():
        await desk.send(channel)
        await until_delivered(desk, channel)
    assert len(hook.asked) == 1


async def test_the_same_key_is_sent_to_a_channel_once(desk: Desk, hook: Receiver) -> None:
    one, other = await a_webhook(desk, hook, "one"), await a_webhook(desk, hook, "other")
    for _ in range(3):
        await desk.send(one, key="alert 1 opened")
        await desk.delivering.deliver_due()
    await desk.send(one, other, key="alert 1 opened")
    await desk.delivering.deliver_due()
    assert sorted(asked.path for asked in hook.asked) == ["/one", "/other"]


async def test_channels_that_are_gone_or_another_team_s_are_skipped(desk: Desk, hook: Receiver, tmp_path: Path) -> None:
    stranger = await desk_over(desk.database, desk.url, tmp_path, Egress(lambda: LOOPBACK))
    theirs, mine = await a_webhook(stranger, hook, "theirs"), await a_webhook(desk, hook, "mine")
    gone = await a_webhook(desk, hook, "gone")
    await desk.editing.remove(desk.actor, gone.id)
    async with desk.database.transaction(desk.team_id) as tx:
        ids_ = [theirs.id, gone.id, new_id(), mine.id]
        await desk.notifications.send(tx, a_notice(desk.team_id), ids_)
    await desk.delivering.deliver_due()
    assert [asked.path for asked in hook.asked] == ["/mine"]
    assert [one.name for one in await desk.notifications.channels(desk.team_id)] == ["mine"]


async def test_a_removed_channel_takes_what_waits_with_it(desk: Desk, hook: Receiver) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    await desk.editing.remove(desk.actor, channel.id)
    assert await desk.delivering.deliver_due() == 0
    assert desk.sql("SELECT count(*) FROM notifications_deliveries")[0][0] == 0
    assert desk.sql("SELECT count(*) FROM secrets_own")[0][0] == 0


async def test_more_than_may_wait_is_a_dead_letter_that_says_so(
    desk: Desk, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_WAITING_PER_CHANNEL", 2)
    channel = await a_webhook(desk, hook)
    for _ in range(3):
        await desk.send(channel)
    found = await desk.deliveries(channel)
    assert [str(one.state) for one in found] == ["waiting", "waiting", "dead"]
    assert "wait for this channel" in found[2].error


async def test_a_notice_beyond_its_limits_is_refused(desk: Desk, hook: Receiver) -> None:
    channel = await a_webhook(desk, hook)
    with pytest.raises(Invalid, match="key"):
        await desk.send(channel, key="k" * 201)
    with pytest.raises(Invalid, match="bytes"):
        await desk.send(channel, data={"type": "x" * model.MAX_NOTICE_DATA_BYTES})
    with pytest.raises(Invalid, match="English"):
        await desk.send(channel, texts={})
    with pytest.raises(Invalid, match="channels"):
        await desk.send(*[channel] * (model.MAX_CHANNELS_PER_NOTICE + 1))


# — failures —


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_what_may_pass_is_tried_again_under_the_same_id(desk: Desk, hook: Receiver, status: int) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    hook.answers = [Answer(status, headers={"retry-after": "600"})] * 2
    for attempts in (1, 2):
        await desk.delivering.deliver_due()
        (delivery,) = await desk.deliveries(channel)
        assert (delivery.state, delivery.attempts) == ("waiting", attempts)
        assert delivery.error == f"The server answered {status}."
        assert await desk.delivering.deliver_due() == 0, "it waits before it tries again"
        desk.make_due()
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["delivered"]
    assert len(set(ids(hook))) == 1
    (seen,) = await desk.editing.channels(desk.actor)
    assert seen.delivered_at is not None
    assert seen.failed_at is not None
    assert seen.delivered_at > seen.failed_at


async def test_pauses_grow_with_the_failures(desk: Desk, hook: Receiver) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    pauses = []
    for _ in range(4):
        hook.answers = [Answer(500)]
        await desk.delivering.deliver_due()
        rows = desk.sql("SELECT d.due_at, c.failed_at FROM notifications_deliveries d, notifications_channels c")
        pauses.append((rows[0][0] - rows[0][1]).total_seconds())
        desk.make_due()
    assert pauses == [1.0, 2.0, 4.0, 8.0]


async def test_a_server_that_asks_for_a_pause_gets_it_for_the_whole_channel(desk: Desk, hook: Receiver) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    await desk.send(channel)
    hook.answers = [Answer(429, headers={"retry-after": "600"})]
    await desk.delivering.deliver_due()
    assert len(hook.asked) == 1, "the second one is not even tried"
    assert await desk.delivering.deliver_due() == 0
    first, _ = await desk.deliveries(channel)
    assert first.due_at - first.created_at > timedelta(seconds=599)
    desk.make_due()
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["delivered", "delivered"]


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 422])
async def test_what_will_never_be_taken_is_a_dead_letter_at_once(desk: Desk, hook: Receiver, status: int) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    hook.answers = [Answer(status, headers={"location": f"http://127.0.0.1:{hook.port}/elsewhere"})]
    await desk.delivering.deliver_due()
    (delivery,) = await desk.deliveries(channel)
    assert delivery.state == "dead"
    assert f"answered {status}" in delivery.error
    assert len(hook.asked) == 1, "a redirect is not followed"


async def test_a_server_that_is_away_is_tried_again(desk: Desk) -> None:
    async with listening(Receiver(lambda _: Answer(204))) as receiver:
        channel = await a_webhook(desk, receiver)
    await desk.send(channel)
    await desk.delivering.deliver_due()
    (delivery,) = await desk.deliveries(channel)
    assert delivery.state == "waiting"
    assert "does not answer" in delivery.error


async def test_a_server_that_says_nothing_is_left_after_its_time(
    desk: Desk, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mno.notifications.senders.NOTICE_S", 0.2)
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    hook.holding = True
    await desk.delivering.deliver_due()
    (delivery,) = await desk.deliveries(channel)
    assert delivery.state == "waiting"
    assert "does not answer" in delivery.error


async def test_what_is_never_taken_is_given_up_and_can_be_sent_again(
    desk: Desk, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mno.notifications.rules.MAX_NOTICE_ATTEMPTS", 2)
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    hook.answers = [Answer(503), Answer(503)]
    for _ in range(2):
        await desk.delivering.deliver_due()
        desk.make_due()
    (dead,) = await desk.deliveries(channel)
    assert (dead.state, dead.attempts, dead.error) == ("dead", 2, "The server answered 503.")
    assert await desk.delivering.deliver_due() == 0
    await desk.send(channel)
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["dead", "delivered"], "later ones do not wait for what was given up"
    assert await desk.editing.replay(desk.actor, channel.id) == 1
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["delivered", "delivered"]
    assert ids(hook)[-1] == ids(hook)[0], "a receiver can tell that it is the same"
    assert await desk.editing.replay(desk.actor, channel.id) == 0


async def test_an_answer_without_end_is_not_read_to_its_end(desk: Desk, hook: Receiver) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    hook.answers = [Answer(200, b"x" * 20_000_000)]
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["delivered"]


# — crashes and several processes —


async def test_a_process_that_is_killed_between_the_answer_and_its_mark_sends_it_again_under_the_same_id(
    desk: Desk, hook: Receiver, tmp_path: Path
) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    async with desk.database.transaction(desk.team_id) as tx:
        # the mark cannot be made while somebody else holds the row
        await tx.execute("SELECT FROM notifications_deliveries FOR UPDATE")
        process = await another_process(desk, tmp_path)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not desk.sql("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0]:
                    await asyncio.sleep(0.05)
        finally:
            process.kill()
            await process.wait()
    assert len(hook.asked) == 1, "it had been answered"
    assert await desk.states(channel) == ["waiting"]
    assert await desk.delivering.deliver_due() == 0, "the dead process still holds the channel"
    desk.make_due()
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["delivered"]
    assert len(hook.asked) == 2
    assert len(set(ids(hook))) == 1


async def test_processes_that_are_killed_at_random_lose_nothing(desk: Desk, hook: Receiver, tmp_path: Path) -> None:
    kills, notices = 4, 100
    chance = random.Random(18)
    channels = [await a_webhook(desk, hook, name) for name in ("a", "b", "c")]
    for number in range(notices):
        await desk.send(*channels, key=f"notice {number}")
    for _ in range(kills):
        before = len(hook.asked)
        process = await another_process(desk, tmp_path)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while len(hook.asked) < before + chance.randrange(5, 30):
                    await asyncio.sleep(0.005)
        finally:
            process.kill()
            await process.wait()
        desk.make_due()
    while await desk.delivering.deliver_due():
        pass
    assert [await desk.states(channel) for channel in channels] == [["delivered"] * notices] * 3
    assert len(set(ids(hook))) == notices * len(channels)
    assert len(hook.asked) <= notices * len(channels) + kills * len(channels), "twice is only what was under way"


async def another_process(desk: Desk, folder: Path) -> asyncio.subprocess.Process:
    command = [sys.executable, str(channel_process.__file__), desk.url, str(folder), str(desk.team_id)]
    return await asyncio.create_subprocess_exec(*command, env=os.environ | UNMEASURED)


async def test_an_outcome_is_written_down_as_soon_as_the_database_is_back(
    desk: Desk, hook: Receiver, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "MARK_PAUSE_S", 0.1)
    monkeypatch.setattr(delivering, "MARK_ATTEMPTS", 600)
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    hook.holding = True
    turn = asyncio.create_task(desk.delivering.deliver_due())
    await hook.arrived.wait()
    await desk.database.close()
    hook.go_on.set()
    await asyncio.sleep(0.15)
    await desk.database.open(postgres_url)
    await turn
    assert await desk.states(channel) == ["delivered"]
    assert len(hook.asked) == 1


async def test_an_outcome_that_cannot_be_written_down_is_sent_again_under_the_same_id(
    desk: Desk, hook: Receiver, postgres_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivering, "MARK_ATTEMPTS", 1)
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    hook.holding = True
    turn = asyncio.create_task(desk.delivering.deliver_due())
    await hook.arrived.wait()
    await desk.database.close()
    hook.go_on.set()
    await turn
    assert "The channel 'ops' stands still" in caplog.text
    await desk.database.open(postgres_url)
    desk.make_due()
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["delivered"]
    assert len(hook.asked) == 2
    assert len(set(ids(hook))) == 1


async def test_delivering_goes_on_after_the_database_was_away(
    desk: Desk, hook: Receiver, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    channel = await a_webhook(desk, hook)
    async with desk.delivering.running():
        await desk.database.close()
        desk.delivering.wake()
        async with asyncio.timeout(PATIENCE_S):
            while "Notifications stand still" not in caplog.text:
                await asyncio.sleep(0.01)
        await desk.database.open(postgres_url)
        await desk.send(channel)
        await until_delivered(desk, channel)


async def test_a_credential_that_cannot_be_read_here_is_waited_for(desk: Desk, hook: Receiver, tmp_path: Path) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    # a process that was given another master key
    (tmp_path / "other").mkdir()
    stranger = await desk_over(
        desk.database, desk.url, tmp_path / "other", Egress(lambda: LOOPBACK), team_id=desk.team_id
    )
    await stranger.delivering.deliver_due()
    (delivery,) = await desk.deliveries(channel)
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert "master key" in delivery.error
    desk.make_due()
    await desk.delivering.deliver_due()
    assert await desk.states(channel) == ["delivered"]


async def test_what_was_confirmed_is_not_sent_again_by_whoever_comes_next(
    desk: Desk, hook: Receiver, tmp_path: Path
) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    await desk.delivering.deliver_due()
    desk.make_due()
    next_one = await desk_over(desk.database, desk.url, tmp_path, Egress(lambda: LOOPBACK), team_id=desk.team_id)
    assert await next_one.delivering.deliver_due() == 0
    assert len(hook.asked) == 1


async def test_two_processes_send_each_notice_once(
    desk: Desk, hook: Receiver, postgres_url: str, tmp_path: Path
) -> None:
    channels = [await a_webhook(desk, hook, name) for name in ("a", "b", "c")]
    async with opened(postgres_url) as database:
        other = await desk_over(database, desk.url, tmp_path, Egress(lambda: LOOPBACK), team_id=desk.team_id)
        async with desk.delivering.running(), other.delivering.running():
            for number in range(20):
                sender = (desk, other)[number % 2]
                await sender.send(*channels, key=f"notice {number}")
            for channel in channels:
                await until_delivered(desk, channel, 20)
    assert len(hook.asked) == 60
    assert len(set(ids(hook))) == 60


async def test_a_process_that_lost_its_lease_sends_nothing_more(desk: Desk, hook: Receiver, database: Database) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    await desk.send(channel)
    hook.holding = True
    turn = asyncio.create_task(desk.delivering.deliver_due())
    await hook.arrived.wait()
    desk.sql("UPDATE notifications_channels SET leased_by = gen_random_uuid()")
    hook.go_on.set()
    await turn
    assert await desk.states(channel) == ["delivered", "waiting"]


async def test_a_channel_that_is_changed_meanwhile_is_sent_to_as_it_is_now(desk: Desk, hook: Receiver) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel)
    await desk.send(channel)
    hook.holding = True
    turn = asyncio.create_task(desk.delivering.deliver_due())
    await hook.arrived.wait()
    wish = ChannelWish("ops", ChannelKind.WEBHOOK, address=f"http://127.0.0.1:{hook.port}/new")
    await desk.editing.change(desk.actor, channel.id, wish)
    hook.go_on.set()
    await turn
    assert [asked.path for asked in hook.asked] == ["/ops", "/new"]


async def test_a_slow_channel_holds_up_nobody_else(desk: Desk, hook: Receiver) -> None:
    async with listening(Receiver(lambda _: Answer(204), holding=True)) as slow:
        held, quick = await a_webhook(desk, slow, "slow"), await a_webhook(desk, hook, "quick")
        async with desk.delivering.running():
            await desk.send(held)
            await slow.arrived.wait()
            for _ in range(5):
                await desk.send(quick)
            await until_delivered(desk, quick, 5)
            assert await desk.states(held) == ["waiting"]
            slow.go_on.set()
            await until_delivered(desk, held)


async def test_a_process_takes_no_more_channels_at_once_than_it_may(
    desk: Desk, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "MAX_CHANNELS_AT_ONCE", 2)
    channels = [await a_webhook(desk, hook, name) for name in ("a", "b", "c", "d", "e")]
    hook.holding = True
    async with desk.delivering.running():
        await desk.send(*channels)
        async with asyncio.timeout(PATIENCE_S):
            while len(hook.asked) < 2:
                await asyncio.sleep(0.01)
        assert desk.sql("SELECT count(*) FROM notifications_channels WHERE leased_till IS NOT NULL")[0][0] == 2
        hook.holding = False
        hook.go_on.set()
        for channel in channels:
            await until_delivered(desk, channel)


async def test_an_orderly_stop_lets_what_is_under_way_end(
    desk: Desk, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "GRACE_S", PATIENCE_S)
    channel = await a_webhook(desk, hook)
    hook.holding = True
    async with desk.delivering.running():
        await desk.send(channel)
        await hook.arrived.wait()
        asyncio.get_running_loop().call_later(0.2, hook.go_on.set)
    assert await desk.states(channel) == ["delivered"]


async def test_old_deliveries_are_forgotten_and_their_keys_with_them(desk: Desk, hook: Receiver) -> None:
    channel = await a_webhook(desk, hook)
    await desk.send(channel, key="monthly")
    await desk.delivering.deliver_due()
    assert await desk.delivering.prune() == 0
    desk.sql("UPDATE notifications_deliveries SET created_at = now() - interval '31 days'")
    assert await desk.delivering.prune() == 1
    await desk.send(channel, key="monthly")
    await desk.delivering.deliver_due()
    assert len(hook.asked) == 2
    (delivery,) = await desk.deliveries(channel)
    assert delivery.state is DeliveryState.DELIVERED
