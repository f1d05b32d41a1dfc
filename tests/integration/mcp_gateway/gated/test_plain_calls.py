"""A call that nobody must approve: what decides about it is in memory."""

import psycopg
from psycopg import sql

from integration.mcp_gateway.gated.conftest import Counting
from mno.mcp_gateway.policies.model import ApprovalTerms, CountedBy
from support.gate import GateNode
from support.promises import PATIENCE_S

#: What says who may, what holds and where servers are.
DECIDING = ("mcp_servers", "mcp_tools", "mcp_rules", "identity_grants", "identity_roles", "identity_api_keys")


def take_away(postgres_url: str, *tables: str) -> None:
    """Whoever reads one of them from now on fails."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        for table in tables:
            admin.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(*map(sql.Identifier, (table, f"{table}_away"))))


async def test_a_plain_call_is_decided_without_the_database(
    gate: GateNode, counting: Counting, postgres_url: str
) -> None:
    await gate.rule(
        tool="spend", calls_per_minute=1_000, concurrent_calls=10, counted_by=CountedBy.KEY, idempotent=True
    )
    await gate.mcp.rules.add(await gate.owner(), {"name": "elsewhere", "tool": "other", "approval": ApprovalTerms()})
    agent = await gate.agent()
    await gate.call(agent, "spend", PATIENCE_S, n=0)
    take_away(postgres_url, *DECIDING)
    for n in range(1, 50):
        await gate.call(agent, "spend", PATIENCE_S, n=n)
    assert len(counting.made) == 50


async def test_a_quota_asks_the_database_for_a_block_and_not_for_a_call(
    gate: GateNode, counting: Counting, postgres_url: str
) -> None:
    await gate.rule(tool="spend", calls_per_day=400)  # a block is an eighth of what is left
    agent = await gate.agent()
    await gate.call(agent, "spend", PATIENCE_S, n=0)
    take_away(postgres_url, "mcp_quota_counts")
    for n in range(1, 50):
        await gate.call(agent, "spend", PATIENCE_S, n=n)
    assert len(counting.made) == 50
