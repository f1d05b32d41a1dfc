"""How large the stores are and whether the engines answer.

These figures are the installation's, not a tenant's, so they alone are not bound to a team.
"""

from mno.observability.system.model import StoreSizes
from mno.platform.clickhouse import ClickHouse
from mno.platform.database import Database

_CLICKHOUSE_SIZES = """
SELECT (SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()) AS bytes,
       (SELECT count() FROM system.parts WHERE active AND database = currentDatabase()) AS parts,
       (SELECT sum(sign) FROM spans) AS spans,
       (SELECT uniqCombined(team_id, project_id, trace_id) FROM traces) AS traces
"""


class SystemQueries:
    """Reads the engines' own figures."""

    def __init__(self, database: Database, clickhouse: ClickHouse) -> None:
        self._database = database
        self._clickhouse = clickhouse

    async def postgres_bytes(self) -> int:
        async with self._database.transaction() as tx:
            row = await (await tx.execute("SELECT pg_database_size(current_database()) AS bytes")).fetchone()
        return int(row["bytes"]) if row else 0

    async def clickhouse_sizes(self) -> StoreSizes:
        row = (await self._clickhouse.rows_of_all(_CLICKHOUSE_SIZES))[0]
        return StoreSizes(
            clickhouse_bytes=int(row["bytes"] or 0),
            spans=int(row["spans"] or 0),
            parts=int(row["parts"] or 0),
            traces=int(row["traces"] or 0),
        )

    async def check_postgres(self) -> None:
        """Any error means that Postgres does not answer."""
        async with self._database.transaction() as tx:
            await tx.execute("SELECT 1")

    async def check_clickhouse(self) -> None:
        """Any error means that ClickHouse does not answer."""
        await self._clickhouse.rows_of_all("SELECT 1")
