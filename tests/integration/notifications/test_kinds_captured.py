"""Each kind of channel arrives at a receiver that checks address, body and signature as the real service does."""

import logging
from pathlib import Path
from typing import Any

import pytest

from mno.notifications.model import ChannelKind, ChannelLanguage
from mno.platform.database import Database
from mno.platform.egress import Egress
from support.channels import (
    ADDRESSES,
    API_KEY,
    SECRET,
    TOKEN,
    Answer,
    ChatWorld,
    Desk,
    Receiver,
    desk_over,
    signed_webhook,
)
from support.mail_server import running_mail_server

CHATS = list(ADDRESSES)
SIGNED = (ChannelKind.FEISHU, ChannelKind.DINGTALK)


@pytest.fixture
async def chat_desk(database: Database, postgres_url: str, tmp_path: Path, chats: ChatWorld) -> Desk:
    return await desk_over(database, postgres_url, tmp_path, chats.egress)


def wish(kind: ChannelKind) -> dict[str, Any]:
    secret = {"secret": SECRET} if kind in SIGNED else {}
    return {"address": ADDRESSES[kind], **secret}


def text_in(kind: ChannelKind, body: Any) -> str:
    """Everything that people read of it."""
    match kind:
        case ChannelKind.SLACK:
            return f"{body['attachments'][0]['title']}\n{body['attachments'][0]['text']}"
        case ChannelKind.TEAMS:
            return "\n".join(block["text"] for block in body["attachments"][0]["content"]["body"])
        case ChannelKind.DISCORD:
            return str(body["content"])
        case ChannelKind.FEISHU:
            return str(body["content"]["text"])
    return str(body["text"]["content"])


@pytest.mark.parametrize("kind", CHATS)
async def test_a_chat_service_takes_the_message(chat_desk: Desk, chats: ChatWorld, kind: ChannelKind) -> None:
    channel, _ = await chat_desk.channel(kind, language=ChannelLanguage.ZH_HANS, **wish(kind))
    await chat_desk.send(channel)
    assert await chat_desk.delivering.deliver_due() == 1
    (delivery,) = await chat_desk.deliveries(channel)
    assert (delivery.state, delivery.error) == ("delivered", "")
    (asked,) = chats.receiver.asked
    text = text_in(kind, asked.json)
    assert "🚨 费用超过 100 美元" in text
    assert "过去一小时" in text
    assert "https://hub.example/alerts/1" in text
    assert "图表" in text


@pytest.mark.parametrize("kind", CHATS)
async def test_what_a_service_refuses_is_a_dead_letter_that_names_no_token(
    chat_desk: Desk, chats: ChatWorld, kind: ChannelKind
) -> None:
    wrong = TOKEN[::-1]
    entered = {**wish(kind), "address": ADDRESSES[kind].replace(TOKEN, wrong)}
    channel, _ = await chat_desk.channel(kind, **entered)
    await chat_desk.send(channel)
    await chat_desk.delivering.deliver_due()
    (delivery,) = await chat_desk.deliveries(channel)
    assert delivery.state == "dead"
    assert delivery.error.startswith("The server answered ")
    assert wrong not in delivery.error


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_wrong_signing_secret_is_told(chat_desk: Desk, chats: ChatWorld, kind: ChannelKind) -> None:
    channel, _ = await chat_desk.channel(kind, **{**wish(kind), "secret": "SECanother0secret"})
    await chat_desk.send(channel)
    await chat_desk.delivering.deliver_due()
    (delivery,) = await chat_desk.deliveries(channel)
    assert delivery.state == "dead"
    assert "sign" in delivery.error


async def test_lark_takes_what_feishu_takes(chat_desk: Desk, chats: ChatWorld) -> None:
    address = ADDRESSES[ChannelKind.FEISHU].replace("feishu.cn", "larksuite.com")
    channel, _ = await chat_desk.channel(ChannelKind.FEISHU, address=address, secret=SECRET)
    await chat_desk.send(channel)
    await chat_desk.delivering.deliver_due()
    assert await chat_desk.states(channel) == ["delivered"]
    assert chats.receiver.asked[0].host == "open.larksuite.com"


async def test_nobody_is_called_by_a_name_in_a_notice(chat_desk: Desk, chats: ChatWorld) -> None:
    discord, _ = await chat_desk.channel(ChannelKind.DISCORD, "d", **wish(ChannelKind.DISCORD))
    feishu, _ = await chat_desk.channel(ChannelKind.FEISHU, "f", **wish(ChannelKind.FEISHU))
    await chat_desk.send(discord, feishu)
    await chat_desk.delivering.deliver_due()
    bodies = {asked.host: asked.json for asked in chats.receiver.asked}
    assert bodies["discord.com"]["allowed_mentions"] == {"parse": []}
    assert "<" not in bodies["open.feishu.cn"]["content"]["text"]


async def test_sendgrid_gets_one_request_for_each_receiver(chat_desk: Desk, chats: ChatWorld) -> None:
    channel, _ = await chat_desk.channel(
        ChannelKind.SENDGRID,
        language=ChannelLanguage.ZH_HANT,
        api_key=API_KEY,
        sender="hub@example.com",
        receivers=["ada@example.com", "bob@example.com"],
    )
    await chat_desk.send(channel)
    await chat_desk.delivering.deliver_due()
    assert await chat_desk.states(channel) == ["delivered", "delivered"]
    sent = sorted((asked.json for asked in chats.receiver.asked), key=str)
    assert [one["personalizations"] for one in sent] == [
        [{"to": [{"email": "ada@example.com"}]}],
        [{"to": [{"email": "bob@example.com"}]}],
    ]
    assert sent[0]["from"] == {"email": "hub@example.com"}
    assert sent[0]["subject"] == "費用超過 100 美元"
    assert sent[0]["content"][0]["type"] == "text/html"
    assert "專案 &lt;Shop&gt;" in sent[0]["content"][0]["value"]
    assert '<a href="https://hub.example/alerts/1">' in sent[0]["content"][0]["value"]


async def test_letters_reach_a_mail_server_and_one_refused_address_harms_no_other(
    database: Database, postgres_url: str, tmp_path: Path
) -> None:
    async with running_mail_server() as server:
        server.refuses.add("nobody@example.com")
        desk = await desk_over(database, postgres_url, tmp_path, Egress(), server.port)
        channel, _ = await desk.channel(
            ChannelKind.EMAIL,
            language=ChannelLanguage.ZH_HANT,
            receivers=["ada@example.com", "nobody@example.com", "bob@example.com"],
        )
        await desk.send(channel)
        await desk.delivering.deliver_due()
    found = {one.receiver: one for one in await desk.deliveries(channel)}
    assert {receiver: str(one.state) for receiver, one in found.items()} == {
        "ada@example.com": "delivered",
        "nobody@example.com": "dead",
        "bob@example.com": "delivered",
    }
    assert "nobody of this name" in found["nobody@example.com"].error
    assert sorted(letter["To"] for letter in server.letters) == ["ada@example.com", "bob@example.com"]
    letter = server.letters[0]
    plain = letter.get_body(("plain",))
    assert letter["Subject"] == "費用超過 100 美元"
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").split("\n\n") == [
        "費用超過 100 美元",
        "專案 <Shop>，過去一小時",
        "圖表\nhttps://hub.example/alerts/1\n",
    ]


async def test_a_webhook_is_signed_and_carries_data_and_text(desk: Desk, hook: Receiver) -> None:
    channel, secret = await desk.channel(ChannelKind.WEBHOOK, address=f"http://127.0.0.1:{hook.port}/in?x=1")
    await desk.send(channel)
    await desk.delivering.deliver_due()
    (asked,) = hook.asked
    assert signed_webhook(secret, asked)
    assert not signed_webhook("whsec_" + "A" * 44, asked)
    (delivery,) = await desk.deliveries(channel)
    assert asked.headers["webhook-id"] == f"dlv_{delivery.id.hex}"
    assert (asked.path, asked.query) == ("/in", {"x": "1"})
    said = asked.json
    assert said.pop("created_at")
    assert said == {
        "type": "alert.opened",
        "id": "alr_1",
        "severity": "critical",
        "message": {
            "title": "Cost above 100 USD",
            "lines": ["Project <Shop>, last hour"],
            "link": "https://hub.example/alerts/1",
            "link_name": "Chart",
        },
    }


async def test_nothing_secret_is_in_the_log_whatever_happens(
    database: Database,
    postgres_url: str,
    tmp_path: Path,
    chats: ChatWorld,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for quiet in ("httpx", "httpcore"):
        # the program itself silences these (platform/logs.py)
        caplog.set_level(logging.WARNING, quiet)
    caplog.set_level(1)
    desk = await desk_over(database, postgres_url, tmp_path, chats.egress)
    for kind in CHATS:
        channel, _ = await desk.channel(kind, str(kind), **wish(kind))
        await desk.send(channel)
    chats.receiver.answers = [Answer(500, TOKEN.encode())]
    await desk.delivering.deliver_due()
    assert len(chats.receiver.asked) == len(CHATS)
    assert TOKEN not in caplog.text
    assert SECRET not in caplog.text
