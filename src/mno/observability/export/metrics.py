"""The hub's own figures as one OTLP request of metrics, under the names that the guide lists.

Source: https://opentelemetry.io/docs/specs/otlp/ and metrics/v1/metrics.proto (1.9). Counters are cumulative since the
start of the program; everything else is a gauge.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from mno.observability.system.schemas import SystemStatus

SCOPE = "mno"


@dataclass(frozen=True, slots=True)
class Figure:
    """One point; `None` where an engine does not say."""

    name: str
    unit: str
    what: str
    value: int | float | None
    labels: tuple[tuple[str, str], ...] = ()
    is_counter: bool = False


def figures(status: SystemStatus) -> list[Figure]:
    """Units as UCUM writes them, as OpenTelemetry asks for."""
    ingest, stores = status.ingest, status.stores
    clickhouse = stores.clickhouse
    return [
        Figure("mno.cpu", "{cpu}", "Cores in use by the hub and its Postgres.", status.cpu_percent / 100),
        Figure("mno.memory", "By", "Resident memory.", status.memory_bytes, (("part", "hub"),)),
        Figure("mno.memory", "By", "Resident memory.", status.postgres_memory_bytes, (("part", "postgres"),)),
        Figure("mno.disk.free", "By", "Free space where the data folder lies.", status.disk.free_bytes),
        Figure("mno.uptime", "s", "How long the program runs.", status.uptime_s),
        _counter("mno.spans.accepted", "{span}", "Spans stored.", ingest.accepted_spans),
        _counter("mno.spans.duplicate", "{span}", "Spans that were there already.", ingest.duplicate_spans),
        _counter("mno.spans.rejected", "{span}", "Spans in which something was wrong.", ingest.rejected_spans),
        _counter("mno.spans.set_aside", "{span}", "Spans that the store refused for good.", ingest.set_aside_spans),
        _counter("mno.requests.refused", "{request}", "Refused as the queue was full.", ingest.refused_requests),
        Figure("mno.queue", "{span}", "Spans acknowledged and not yet stored.", ingest.queue_spans),
        Figure("mno.queue.limit", "{span}", "How many may wait so.", ingest.queue_limit),
        *_quantiles("mno.commit.duration", "Storing one block.", ingest.commit_ms_p50, ingest.commit_ms_p95),
        *_quantiles("mno.answer.duration", "Answering one delivery.", ingest.answer_ms_p50, ingest.answer_ms_p95),
        Figure("mno.store.size", "By", "Size of a store's data.", stores.postgres.bytes, (("store", "postgres"),)),
        Figure("mno.store.size", "By", "Size of a store's data.", clickhouse.bytes, (("store", "clickhouse"),)),
        Figure("mno.store.spans", "{span}", "Spans in the store.", clickhouse.spans),
    ]


def _counter(name: str, unit: str, what: str, value: float) -> Figure:
    return Figure(name, unit, what, value, is_counter=True)


def _quantiles(name: str, what: str, median_ms: float, p95_ms: float) -> list[Figure]:
    pairs = (("0.5", median_ms), ("0.95", p95_ms))
    return [Figure(name, "s", what, value / 1000, (("quantile", quantile),)) for quantile, value in pairs]


def request(status: SystemStatus, *, instance: str, at: datetime, began: datetime) -> ExportMetricsServiceRequest:
    """What is sent at this moment by the process `instance`, which began then."""
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add()
    told = {"service.name": "mno", "service.version": status.version, "service.instance.id": instance}
    resource.resource.attributes.extend(_labels(told.items()))
    scope = resource.scope_metrics.add()
    scope.scope.name, scope.scope.version = SCOPE, status.version
    metrics: dict[str, Metric] = {}
    for figure in figures(status):
        if figure.value is None:
            continue
        if figure.name not in metrics:
            metrics[figure.name] = scope.metrics.add(name=figure.name, unit=figure.unit, description=figure.what)
        _add(metrics[figure.name], figure, _nanoseconds(at), _nanoseconds(began))
    return message


def _add(metric: Metric, figure: Figure, at_ns: int, began_ns: int) -> None:
    if figure.is_counter:
        metric.sum.is_monotonic = True
        metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        point = metric.sum.data_points.add(start_time_unix_nano=began_ns)
    else:
        point = metric.gauge.data_points.add()
    point.time_unix_nano = at_ns
    point.attributes.extend(_labels(figure.labels))
    if isinstance(figure.value, int):
        point.as_int = figure.value
    else:
        point.as_double = figure.value or 0.0


def _labels(labels: Iterable[tuple[str, str]]) -> list[KeyValue]:
    found = []
    for name, value in labels:
        label = KeyValue(key=name)
        label.value.string_value = value
        found.append(label)
    return found


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
