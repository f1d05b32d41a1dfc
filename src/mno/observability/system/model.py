"""What the hub says of itself: figures of one moment."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class IngestSnapshot:
    """The ingest since the start of the program, its queue now, and its latest timings in milliseconds."""

    accepted_spans: int
    duplicate_spans: int
    rejected_spans: int
    refused_requests: int
    spans_per_second: float
    queue_spans: int
    queue_limit: int
    commit_ms_p50: float
    commit_ms_p95: float
    answer_ms_p50: float
    answer_ms_p95: float
    #: Accepted, but refused by the store for good; they lie in a file beside the journal.
    set_aside_spans: int = 0


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """The program and the Postgres processes below it. `cpu_percent` is of one core: 200 is two cores busy."""

    cpu_percent: float
    memory_bytes: int
    postgres_memory_bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One point of the history."""

    time: datetime
    process: ProcessFigures
    ingest: IngestSnapshot


@dataclass(frozen=True, slots=True)
class StoreSizes:
    """Sizes of the two engines' data; None where an engine does not answer.

    `spans` counts each span once, however often it was restated; `traces` is exact up to some thousands and
    within one per cent above.
    """

    postgres_bytes: int | None = None
    clickhouse_bytes: int | None = None
    spans: int | None = None
    parts: int | None = None
    traces: int | None = None
