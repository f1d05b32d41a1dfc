"""Channels are told that a call waits, and reminded once when half of its time is over."""

from datetime import timedelta

import psycopg

from integration.mcp_gateway.gated.conftest import waiting
from mno.approvals.model import Decision
from mno.mcp_gateway.policies.model import ApprovalTerms
from mno.notifications import store as notifications_store
from mno.notifications.model import Channel, ChannelKind, ChannelLanguage
from mno.platform import clock
from mno.platform.ids import new_id
from support.gate import GateNode


async def channel(gate: GateNode, language: ChannelLanguage) -> Channel:
    made = Channel(
        new_id(), gate.home.team.id, language.value, ChannelKind.WEBHOOK, language, "example.com", "", (), False,
        clock.now(), "test",
    )  # fmt: skip
    async with gate.node.database.across_teams() as tx:
        await notifications_store.insert_channel(tx, made)
    return made


async def test_channels_are_told_at_once_and_reminded_once_at_half_time(gate: GateNode, postgres_url: str) -> None:
    channels = [await channel(gate, language) for language in ChannelLanguage]
    terms = ApprovalTerms(lifetime=timedelta(minutes=10), channels=tuple(one.id for one in channels))
    await gate.rule(approval=terms)
    agent, owner = await gate.agent("ci"), await gate.owner()

    def told(admin: psycopg.Connection) -> list[str]:
        rows = admin.execute("SELECT text ->> 'title' FROM notifications_deliveries ORDER BY id").fetchall()
        return sorted(row[0] for row in rows)

    with psycopg.connect(postgres_url, autocommit=True) as admin:
        first, second = await waiting(gate, agent, n=1), await waiting(gate, agent, n=2)
        await gate.mcp.gated.reminding.remind()
        assert told(admin) == sorted(
            2 * ["Approval needed: spend", "有一筆呼叫待核准：spend", "有一次调用待审批：spend"]
        )
        await gate.approvals.decide(owner, second.id, Decision.REFUSE)
        admin.execute("DELETE FROM notifications_deliveries")
        admin.execute("UPDATE mcp_gated_calls SET remind_at = now() WHERE id = %s", (first.id,))
        for _ in range(3):
            await gate.mcp.gated.reminding.remind()
        assert told(admin) == sorted(
            ["Still waiting for approval: spend", "呼叫仍待核准，時限已過半：spend", "调用仍待审批，时限已过半：spend"]
        )
        row = admin.execute("SELECT remind_at FROM mcp_gated_calls WHERE id = %s", (second.id,)).fetchone()
        assert row == (None,), "what was decided needs no reminder"
