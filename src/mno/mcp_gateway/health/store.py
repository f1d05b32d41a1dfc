"""The SQL of the servers' health."""

from typing import NamedTuple
from uuid import UUID

from mno.platform.database import Connection


class ToolCounts(NamedTuple):
    """Tools of one server: those that are accepted as they are offered, and those that wait for somebody's word."""

    accepted: int = 0
    held: int = 0


async def tool_counts(tx: Connection, team_id: UUID) -> dict[UUID, ToolCounts]:
    """By server; a server of which no tool was ever seen is not among them."""
    rows = await tx.execute(
        "SELECT server_id, count(*) FILTER (WHERE offered IS NULL) AS accepted,"
        " count(*) FILTER (WHERE offered IS NOT NULL) AS held"
        " FROM mcp_tools WHERE team_id = %(team_id)s GROUP BY server_id",
        {"team_id": team_id},
    )
    return {row["server_id"]: ToolCounts(row["accepted"], row["held"]) for row in await rows.fetchall()}
