"""Setting channels up: what is secret goes in and never comes out, and every change is written down."""

import json
from typing import Any

import pytest

from mno.notifications.editing import service
from mno.notifications.model import MAX_CHANNELS_PER_TEAM, Channel, ChannelKind
from mno.notifications.setup import ChannelWish
from mno.platform.errors import Conflict, Invalid, LimitExceeded, NotFound
from mno.platform.ids import new_id
from support.channels import ADDRESSES, API_KEY, SECRET, TOKEN, Answer, Desk, Receiver, signed_webhook

MAIL = {"receivers": ["ada@example.com"]}


def audited(desk: Desk) -> list[tuple[str, str]]:
    return [
        (action, json.dumps(payload))
        for action, payload in desk.sql("SELECT action, payload FROM audit_entries ORDER BY seq")
    ]


async def test_every_change_is_audited_without_what_is_secret(desk: Desk) -> None:
    address = ADDRESSES[ChannelKind.FEISHU]
    channel, _ = await desk.channel(ChannelKind.FEISHU, address=address, secret=SECRET)
    mail: dict[str, Any] = {"api_key": API_KEY, "sender": "hub@example.com", **MAIL}
    await desk.channel(ChannelKind.SENDGRID, "mail", **mail)
    change = ChannelWish("on call", ChannelKind.FEISHU, address=address.replace(TOKEN, TOKEN[::-1]))
    await desk.editing.change(desk.actor, channel.id, change)
    await desk.editing.remove(desk.actor, channel.id)
    entries = audited(desk)
    assert [action for action, _ in entries] == [
        "channels.create",
        "channels.create",
        "channels.change",
        "channels.delete",
    ]
    assert '"credential"' in entries[2][1]
    for secret in (TOKEN, TOKEN[::-1], SECRET, API_KEY):
        assert all(secret not in payload for _, payload in entries)
    stored = desk.sql("SELECT ciphertext FROM secrets_own")
    assert all(secret.encode() not in bytes(row[0]) for row in stored for secret in (TOKEN, SECRET, API_KEY))
    columns = str(desk.sql("SELECT c::text FROM notifications_channels c"))
    assert API_KEY not in columns


async def test_a_webhook_without_a_secret_gets_one_that_is_told_once(desk: Desk, hook: Receiver) -> None:
    address = f"http://127.0.0.1:{hook.port}/"
    channel, first = await desk.channel(ChannelKind.WEBHOOK, address=address)
    kept = await desk.editing.change(desk.actor, channel.id, ChannelWish("ops", ChannelKind.WEBHOOK))
    assert kept.secret == ""
    await desk.editing.test(desk.actor, channel.id)
    assert signed_webhook(first, hook.asked[-1])
    renewed = await desk.editing.change(desk.actor, channel.id, ChannelWish("ops", ChannelKind.WEBHOOK, secret=""))
    assert renewed.secret not in ("", first)
    await desk.editing.test(desk.actor, channel.id)
    assert signed_webhook(renewed.secret, hook.asked[-1])
    own = "whsec_" + "QUJD" * 11
    given = await desk.editing.change(desk.actor, channel.id, ChannelWish("ops", ChannelKind.WEBHOOK, secret=own))
    assert given.secret == ""
    await desk.editing.test(desk.actor, channel.id)
    assert signed_webhook(own, hook.asked[-1])


async def test_a_test_says_what_became_of_it_and_is_not_tried_again(desk: Desk, hook: Receiver) -> None:
    channel, _ = await desk.channel(ChannelKind.WEBHOOK, address=f"http://127.0.0.1:{hook.port}/")
    (good,) = await desk.editing.test(desk.actor, channel.id)
    assert (good.state, good.error) == ("delivered", "")
    assert hook.asked[0].json["type"] == "channel.test"
    assert hook.asked[0].json["message"]["link"] == "https://hub.example"
    hook.answers = [Answer(503)]
    (bad,) = await desk.editing.test(desk.actor, channel.id)
    assert (bad.state, bad.error) == ("dead", "The server answered 503.")
    desk.make_due()
    assert await desk.delivering.deliver_due() == 0
    assert await desk.states(channel) == ["delivered", "dead"]
    assert [action for action, _ in audited(desk)][1:] == ["channels.test", "channels.test"]


async def test_a_team_sends_so_many_tests_an_hour_and_no_more(
    desk: Desk, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_TESTS_PER_HOUR", 2)
    channel, _ = await desk.channel(ChannelKind.WEBHOOK, address=f"http://127.0.0.1:{hook.port}/")
    for _ in range(2):
        await desk.editing.test(desk.actor, channel.id)
    with pytest.raises(LimitExceeded, match="2 tests"):
        await desk.editing.test(desk.actor, channel.id)
    desk.sql("UPDATE notifications_deliveries SET created_at = now() - interval '2 hours'")
    await desk.editing.test(desk.actor, channel.id)


async def test_names_are_unique_within_a_team_and_kinds_stay(desk: Desk) -> None:
    one, _ = await desk.channel(ChannelKind.EMAIL, "one", **MAIL)
    await desk.channel(ChannelKind.EMAIL, "other", **MAIL)
    with pytest.raises(Conflict, match="'one'"):
        await desk.channel(ChannelKind.EMAIL, "one", **MAIL)
    with pytest.raises(Conflict, match="'other'"):
        await change(desk, one, "other", ChannelKind.EMAIL)
    with pytest.raises(Conflict, match="kind"):
        await change(desk, one, "one", ChannelKind.SENDGRID)


async def change(desk: Desk, channel: Channel, name: str, kind: ChannelKind) -> None:
    await desk.editing.change(desk.actor, channel.id, ChannelWish(name, kind, receivers=["ada@example.com"]))


async def test_a_team_has_so_many_channels_and_no_more(desk: Desk) -> None:
    for number in range(MAX_CHANNELS_PER_TEAM):
        await desk.channel(ChannelKind.EMAIL, f"channel {number}", **MAIL)
    with pytest.raises(LimitExceeded, match=str(MAX_CHANNELS_PER_TEAM)):
        await desk.channel(ChannelKind.EMAIL, "one more", **MAIL)


async def test_a_channel_that_is_none_is_not_found(desk: Desk) -> None:
    for ask in (
        desk.editing.remove(desk.actor, new_id()),
        desk.editing.test(desk.actor, new_id()),
        desk.editing.replay(desk.actor, new_id()),
        desk.editing.change(desk.actor, new_id(), ChannelWish("x", ChannelKind.EMAIL)),
        desk.editing.deliveries(desk.actor, new_id(), state=None, before=None, limit=5),
    ):
        with pytest.raises(NotFound):
            await ask


@pytest.mark.parametrize(
    ("kind", "wish", "told"),
    [
        (ChannelKind.EMAIL, {}, "needs receivers"),
        (ChannelKind.EMAIL, {"receivers": ["ada@example.com\nBcc: x@example.com"]}, "not an e-mail address"),
        (ChannelKind.EMAIL, {"receivers": [f"p{n}@example.com" for n in range(21)]}, "at most 20"),
        (ChannelKind.EMAIL, {**MAIL, "address": "https://example.com"}, "has no address"),
        (ChannelKind.SENDGRID, {**MAIL, "sender": "hub@example.com"}, "needs api_key"),
        (ChannelKind.SENDGRID, {**MAIL, "api_key": "SG.x", "sender": "nobody"}, "not an e-mail address"),
        (ChannelKind.SLACK, {}, "needs address"),
        (ChannelKind.SLACK, {"address": ADDRESSES[ChannelKind.DISCORD]}, "should look like"),
        (ChannelKind.SLACK, {"address": ADDRESSES[ChannelKind.SLACK], "secret": "x"}, "has no secret"),
        (ChannelKind.WEBHOOK, {"address": "ftp://example.com"}, "must be https"),
        (ChannelKind.WEBHOOK, {"address": "https://example.com", "secret": "short"}, "whsec_"),
    ],
)
async def test_a_wish_that_cannot_be_is_told_what_is_wrong(
    desk: Desk, kind: ChannelKind, wish: dict[str, Any], told: str
) -> None:
    with pytest.raises(Invalid, match=told):
        await desk.channel(kind, **wish)
