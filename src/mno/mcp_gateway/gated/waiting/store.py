"""Which calls have ended."""

from uuid import UUID

from mno.platform.database import Connection


async def over_among(tx: Connection, ids: list[UUID]) -> list[UUID]:
    """Those that are over, or forgotten (across teams)."""
    rows = await tx.execute(
        "SELECT asked.id FROM unnest(%(ids)s::uuid[]) AS asked (id) LEFT JOIN mcp_gated_calls c ON c.id = asked.id"
        " WHERE c.id IS NULL OR c.ended_at IS NOT NULL",
        {"ids": ids},
    )
    return [row["id"] for row in await rows.fetchall()]
