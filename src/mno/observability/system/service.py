"""The hub's view of itself, for the System page, for Prometheus and for whoever watches its health."""

import asyncio
import logging
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from mno.observability.system.health import ComponentStatus, Health, overall
from mno.observability.system.model import Sample, StoreSizes
from mno.observability.system.openmetrics import Family, Kind, Point, written
from mno.observability.system.ports import IngestMeters
from mno.observability.system.process import cores, memory_total_bytes
from mno.observability.system.queries import SystemQueries
from mno.observability.system.sampler import Sampler
from mno.observability.system.schemas import (
    ClickHouseSize,
    ComponentHealth,
    Disk,
    HealthStatus,
    HistoryPoint,
    IngestFigures,
    PostgresSize,
    Stores,
    SystemStatus,
)
from mno.platform.clock import now
from mno.platform.time_range import shown

#: Store sizes are read again after this long.
SIZES_VALID_S = 15.0

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class System:
    """`data_folder` is where the disk is measured."""

    def __init__(self, queries: SystemQueries, ingest: IngestMeters, *, version: str, data_folder: Path) -> None:
        self._queries = queries
        self._ingest = ingest
        self._version = version
        self._data_folder = data_folder
        self._started_at = now()
        self._sampler = Sampler(ingest)
        self._health = Health({"postgres": queries.check_postgres, "clickhouse": queries.check_clickhouse})
        self._sizes = StoreSizes()
        self._sizes_read_at = float("-inf")
        self._sizes_lock = asyncio.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Samples in the background until the block ends."""
        async with self._sampler.running():
            yield

    async def status(self) -> SystemStatus:
        sample, sizes = await asyncio.gather(self._sampler.latest(), self._store_sizes())
        return SystemStatus(
            version=self._version,
            started_at=shown(self._started_at),
            uptime_s=round((now() - self._started_at).total_seconds(), 1),
            cpu_percent=sample.process.cpu_percent,
            cores=cores(),
            memory_bytes=sample.process.memory_bytes,
            memory_total_bytes=memory_total_bytes(),
            postgres_memory_bytes=sample.process.postgres_memory_bytes,
            ingest=IngestFigures(**asdict(self._ingest.snapshot())),
            stores=Stores(
                postgres=PostgresSize(bytes=sizes.postgres_bytes),
                clickhouse=ClickHouseSize(
                    bytes=sizes.clickhouse_bytes, spans=sizes.spans, parts=sizes.parts, traces=sizes.traces
                ),
            ),
            disk=Disk(free_bytes=self._free_bytes(), path=str(self._data_folder)),
            history=[_history_point(earlier) for earlier in self._sampler.history],
        )

    async def health(self) -> HealthStatus:
        components = await self._health.components()
        return HealthStatus(
            status=overall(components),
            version=self._version,
            components={name: ComponentHealth(status=status) for name, status in components.items()},
        )

    async def metrics(self) -> str:
        """OpenMetrics text."""
        sample, sizes, components = await asyncio.gather(
            self._sampler.latest(), self._store_sizes(), self._health.components()
        )
        return written([*self._process_metrics(sample), *self._ingest_metrics(), *_store_metrics(sizes, components)])

    def _process_metrics(self, sample: Sample) -> list[Family]:
        memory = (
            Point(sample.process.memory_bytes, {"part": "hub"}),
            Point(sample.process.postgres_memory_bytes, {"part": "postgres"}),
        )
        return [
            Family("mno_build", Kind.INFO, "The running version.", (Point(1, {"version": self._version}),)),
            _gauge("mno_start_time_seconds", "When the program started, Unix time.", self._started_at.timestamp()),
            _gauge("mno_cpu_ratio", "Cores in use by the hub and its Postgres.", sample.process.cpu_percent / 100),
            Family("mno_memory_bytes", Kind.GAUGE, "Resident memory.", memory, unit="bytes"),
            _gauge("mno_disk_free_bytes", "Free space where the data folder lies.", self._free_bytes()),
        ]

    def _ingest_metrics(self) -> list[Family]:
        ingest = self._ingest.snapshot()
        return [
            _counter("mno_accepted_spans", "Spans stored since the start.", ingest.accepted_spans),
            _counter("mno_duplicate_spans", "Spans dropped because they were there already.", ingest.duplicate_spans),
            _counter("mno_rejected_spans", "Spans refused because something was wrong.", ingest.rejected_spans),
            _counter("mno_set_aside_spans", "Spans that the store refused for good.", ingest.set_aside_spans),
            _counter("mno_refused_requests", "Requests refused because the queue was full.", ingest.refused_requests),
            _gauge("mno_queue_spans", "Spans acknowledged and not yet stored.", ingest.queue_spans),
            _gauge("mno_queue_limit_spans", "How many may wait so.", ingest.queue_limit),
            _quantiles("mno_commit_seconds", "Storing one block.", ingest.commit_ms_p50, ingest.commit_ms_p95),
            _quantiles("mno_answer_seconds", "Answering one delivery.", ingest.answer_ms_p50, ingest.answer_ms_p95),
        ]

    def _free_bytes(self) -> int:
        folder = self._data_folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        return shutil.disk_usage(folder).free

    async def _store_sizes(self) -> StoreSizes:
        async with self._sizes_lock:
            if time.monotonic() - self._sizes_read_at > SIZES_VALID_S:
                sizes, postgres_bytes = await asyncio.gather(
                    self._queries.clickhouse_sizes(), self._queries.postgres_bytes(), return_exceptions=True
                )
                self._sizes = replace(
                    _answer(sizes, "ClickHouse") or StoreSizes(), postgres_bytes=_answer(postgres_bytes, "Postgres")
                )
                self._sizes_read_at = time.monotonic()
            return self._sizes


def _answer(answer: Answer | BaseException, engine: str) -> Answer | None:
    if isinstance(answer, BaseException):
        log.warning("%s does not say how large it is: %s", engine, answer)
        return None
    return answer


def _history_point(sample: Sample) -> HistoryPoint:
    return HistoryPoint(
        time=shown(sample.time),
        cpu_percent=sample.process.cpu_percent,
        memory_bytes=sample.process.memory_bytes,
        spans_per_second=sample.ingest.spans_per_second,
        queue_spans=sample.ingest.queue_spans,
        answer_ms_p95=sample.ingest.answer_ms_p95,
    )


def _store_metrics(sizes: StoreSizes, components: dict[str, ComponentStatus]) -> list[Family]:
    stores = {"postgres": sizes.postgres_bytes, "clickhouse": sizes.clickhouse_bytes}
    known = tuple(Point(size, {"store": name}) for name, size in stores.items() if size is not None)
    up = tuple(Point(status is not ComponentStatus.DOWN, {"component": name}) for name, status in components.items())
    return [
        Family("mno_store_bytes", Kind.GAUGE, "Size of each store's data.", known, unit="bytes"),
        _gauge("mno_stored_spans", "Spans in the store.", sizes.spans or 0),
        _gauge("mno_store_parts", "Active parts of ClickHouse's tables.", sizes.parts or 0),
        Family("mno_component_up", Kind.GAUGE, "1 while a component answers.", up),
    ]


def _counter(name: str, what: str, value: float) -> Family:
    return Family(name, Kind.COUNTER, what, (Point(value),))


def _gauge(name: str, what: str, value: float) -> Family:
    unit = name.rpartition("_")[2]
    return Family(name, Kind.GAUGE, what, (Point(value),), unit=unit if unit in ("seconds", "bytes", "ratio") else "")


def _quantiles(name: str, what: str, median_ms: float, p95_ms: float) -> Family:
    points = (Point(median_ms / 1000, {"quantile": "0.5"}), Point(p95_ms / 1000, {"quantile": "0.95"}))
    return Family(name, Kind.SUMMARY, what, points, unit="seconds")
