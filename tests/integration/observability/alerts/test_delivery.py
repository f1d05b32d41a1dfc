"""A breach reaches a real mail server and a real webhook, in the channel's language, signed; and so does its end."""

import asyncio
from typing import Any

import httpx

from mno.notifications.model import ChannelKind
from support.mail_server import running_mail_server
from support.promises import PATIENCE_S
from support.receivers import a_webhook

ERRORS = [{"provider": "openai", "model": "gpt-4o", "input_tokens": 5, "status": "error", "agent": "clerk"}] * 3


async def set_hub(client: httpx.AsyncClient, values: dict[str, Any]) -> None:
    answer = await client.put("/api/config/system", json={"level": "hub", "values": values})
    assert answer.status_code == 200, answer.text


async def a_channel(client: httpx.AsyncClient, kind: ChannelKind, **wish: Any) -> dict[str, Any]:
    answer = await client.post("/api/channels", json={"name": kind, "kind": kind, **wish})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_breach_reaches_a_mail_box_and_a_webhook(client: httpx.AsyncClient) -> None:
    async with running_mail_server() as mail, a_webhook() as hook:
        await set_hub(
            client,
            {
                "security.egress_allowed": ["127.0.0.1"],
                "mail.host": "127.0.0.1",
                "mail.port": mail.port,
                "mail.security": "none",
                "mail.from": "hub@example.com",
            },
        )
        letters = await a_channel(client, ChannelKind.EMAIL, receivers=["ann@example.com"], language="zh-Hant")
        signed = await a_channel(client, ChannelKind.WEBHOOK, address=hook.url)
        hook.secret = signed["secret"]
        rule = {
            "name": "Clerk",
            "measure": "errors",
            "threshold": "3",
            "group_by": "agent",
            "steps": [{"channels": [letters["id"], signed["id"]]}],
        }
        assert (await client.post("/api/alerts/rules", json=rule)).status_code == 201
        assert (await client.post("/api/usage-events", json=ERRORS)).status_code < 300
        alert: Any = None
        async with asyncio.timeout(PATIENCE_S):
            while not (alert and mail.letters and hook.bodies):
                (alert,) = (await client.get("/api/alerts")).json()["items"] or [None]
        (body,), (letter,) = hook.bodies, mail.letters
        assert (body["type"], body["id"], body["labels"]) == ("alert.fired", alert["id"], {"agent": "clerk"})
        assert body["message"]["title"].startswith("Clerk: errors 3 (")
        assert "&agent=clerk" in body["message"]["link"]
        assert "告警「Clerk」：錯誤次數 3" in str(letter["subject"])
        assert (await client.post(f"/api/alerts/{alert['id']}/resolve", json={})).status_code == 200
        async with asyncio.timeout(PATIENCE_S):
            while not len(mail.letters) == len(hook.bodies) == 2:
                await asyncio.sleep(0.01)
        assert [one["type"] for one in hook.bodies] == ["alert.fired", "alert.resolved"]
        assert "已解除" in str(mail.letters[1]["subject"])
        assert hook.forged == 0
