"""An agent runs away: who is told, by a real mail server and a real webhook receiver, and what people then see.

The bundled trace of real requests is stretched over four weeks and the fault put into its last whole hour, as
`mno replay --weeks 4 --fault` does. The pages are looked at in a real browser (web/journeys/runaway.mjs).
"""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.observability.ingest.rehearsal import INVENTED, stretched, with_fault
from mno.observability.ingest.replay import Replay
from mno.observability.ingest.sample.service import MODEL, PROVIDER, read_sample
from mno.platform import clock
from support.browser import in_a_browser, walked
from support.mail_server import running_mail_server
from support.promises import PATIENCE_S
from support.receivers import a_webhook
from support.served import served

pytestmark = in_a_browser

#: The whole rest of the team's month would cost more than this.
BUDGET = {"name": "Agents, a month", "limit": "60", "period": "month", "hard": False, "thresholds": [50, 80, 100]}


async def test_a_runaway_agent_is_told_of_and_seen(
    app: FastAPI, client: httpx.AsyncClient, services: Services, home: Home
) -> None:
    async with running_mail_server() as post, a_webhook() as hook:
        await _settings(client, post.port)
        finance = {"name": "Finance", "kind": "email", "receivers": ["finance@example.com"]}
        pager = {"name": "Pager", "kind": "webhook", "address": hook.url, "language": "zh-Hant"}
        channels = [await _made(client, "/api/channels", **wish) for wish in (finance, pager)]
        hook.secret = channels[1]["secret"]
        steps = [{"after_minutes": 0, "channels": [channel["id"] for channel in channels]}]
        rule = {"measure": "anomalies", "threshold": "1", "severity": "critical", "steps": steps}
        await _made(client, "/api/alerts/rules", name="Something is strange", **rule)
        await _made(client, "/api/budgets", **BUDGET)
        await _rehearse(client)
        assert await services.foresight.anomalies.look_at(home.team.id, home.project.id) > 0
        async with asyncio.timeout(PATIENCE_S):
            while not (post.letters and hook.bodies):
                await asyncio.sleep(0.05)
        letter = post.letters[0]
        assert letter["To"] == "finance@example.com"
        body = letter.get_body(("plain",))
        assert body is not None
        assert "Something is strange" in letter["Subject"]
        assert "Driven by: review-code" in body.get_content()
        assert hook.forged == 0
        told = hook.bodies[0]
        assert told["message"]["title"]
        link = (await client.post("/api/auth/link")).json()["url"]
        async with served(app) as url:
            await walked("runaway", url, link)


async def _settings(client: httpx.AsyncClient, mail_port: int) -> None:
    values = {
        "security.egress_allowed": ["127.0.0.0/8"],
        "mail.host": "127.0.0.1",
        "mail.port": mail_port,
        "mail.security": "none",
        "mail.from": "MNO <hub@example.com>",
    }
    answer = await client.put("/api/config/system", json={"level": "hub", "values": values})
    assert answer.status_code < 300, answer.text


async def _made(client: httpx.AsyncClient, path: str, **wish: Any) -> Any:
    answer = await client.post(path, json=wish)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _rehearse(client: httpx.AsyncClient) -> None:
    now = clock.now()
    calls = with_fault(stretched(read_sample().calls, 4, now), now)
    replay = Replay.of(calls, provider=PROVIDER, model=MODEL, users=20, keep_times=True, invented=INVENTED)
    for _, batch in replay.batches(1000):
        answer = await client.post("/api/usage-events", json=batch)
        assert answer.json()["accepted"] == len(batch), answer.text
    async with asyncio.timeout(PATIENCE_S):
        while await _counted(client) < len(calls):
            await asyncio.sleep(0.1)


async def _counted(client: httpx.AsyncClient) -> int:
    rows = (await client.get("/api/usage/summary?from=-30d")).json()["rows"]
    return sum(row["calls"] for row in rows)
