"""Wire shapes of the System page and of health."""

from pydantic import BaseModel

from mno.observability.system.health import ComponentStatus


class IngestFigures(BaseModel):
    """Counts since the start, the queue now, the latest timings in milliseconds."""

    accepted_spans: int
    duplicate_spans: int
    rejected_spans: int
    set_aside_spans: int
    refused_requests: int
    spans_per_second: float
    queue_spans: int
    queue_limit: int
    commit_ms_p50: float
    commit_ms_p95: float
    answer_ms_p50: float
    answer_ms_p95: float


class PostgresSize(BaseModel):
    bytes: int | None


class ClickHouseSize(BaseModel):
    bytes: int | None
    spans: int | None
    parts: int | None
    traces: int | None


class Stores(BaseModel):
    """Null where an engine does not answer."""

    postgres: PostgresSize
    clickhouse: ClickHouseSize


class Disk(BaseModel):
    free_bytes: int
    path: str


class HistoryPoint(BaseModel):
    time: str
    cpu_percent: float
    memory_bytes: int
    spans_per_second: float
    queue_spans: int
    answer_ms_p95: float


class SystemStatus(BaseModel):
    """`cpu_percent` is of one core: on two cores it may reach 200. `history` has the oldest first."""

    version: str
    started_at: str
    uptime_s: float
    cpu_percent: float
    cores: int
    memory_bytes: int
    memory_total_bytes: int
    postgres_memory_bytes: int
    ingest: IngestFigures
    stores: Stores
    disk: Disk
    history: list[HistoryPoint]


class ComponentHealth(BaseModel):
    status: ComponentStatus


class HealthStatus(BaseModel):
    """`slow` components answer late and are still served; `down` ones make the whole answer 503."""

    status: ComponentStatus
    version: str
    components: dict[str, ComponentHealth]
