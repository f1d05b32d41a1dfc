"""The token buckets of each model over whole hours, from the rollup."""

from mno.observability.savings.model import MAX_SAVING_MODELS, Buckets
from mno.observability.spans.queries import Tenant
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import TimeRange

_BUCKETS = f"""
SELECT t.provider AS provider, t.model AS model, sum(t.calls) AS calls,
       sum(t.input_tokens) AS input_tokens, sum(t.cache_read_tokens) AS cache_read_tokens,
       sum(t.cache_write_5m_tokens) AS cache_write_5m_tokens, sum(t.cache_write_1h_tokens) AS cache_write_1h_tokens,
       sum(t.input_audio_tokens) AS input_audio_tokens, sum(t.output_tokens) AS output_tokens,
       sum(t.reasoning_tokens) AS reasoning_tokens, sum(t.output_audio_tokens) AS output_audio_tokens,
       sum(t.cost) AS cost
FROM usage_hour AS t
WHERE t.team_id = {{team:String}} AND t.project_id = {{project:String}}
  AND t.bucket >= fromUnixTimestamp64Micro({{start:Int64}}) AND t.bucket < fromUnixTimestamp64Micro({{end:Int64}})
GROUP BY provider, model
HAVING calls > 0 AND model != ''
ORDER BY cost DESC, provider, model
LIMIT {MAX_SAVING_MODELS}
"""


class SavingQueries:
    """Read views of the rollups; each question is bound to one tenant."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def buckets(self, tenant: Tenant, window: TimeRange) -> list[Buckets]:
        """Of the MAX_SAVING_MODELS dearest models, the dearest first; hours count that begin within the range."""
        bound = {**tenant.parameters(), "start": window.start_us, "end": window.end_us}
        return [Buckets(**row) for row in await self._clickhouse.rows(_BUCKETS, bound)]
