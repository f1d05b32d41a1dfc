"""The hub's figures as a collector reads them."""

from datetime import UTC, datetime, timedelta

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from mno.observability.export.metrics import figures, request
from mno.observability.system.schemas import (
    ClickHouseSize,
    Disk,
    IngestFigures,
    PostgresSize,
    Stores,
    SystemStatus,
)

BEGAN = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
STATUS = SystemStatus(
    version="1.2.3", started_at="2026-11-28T09:00:00Z", uptime_s=60.5, cpu_percent=150.0, cores=2, memory_bytes=1000,
    memory_total_bytes=4000, postgres_memory_bytes=500, stores=Stores(
        postgres=PostgresSize(bytes=None), clickhouse=ClickHouseSize(bytes=77, spans=9, parts=1, traces=3)
    ), disk=Disk(free_bytes=10, path="/data"), history=[], ingest=IngestFigures(
        accepted_spans=12, duplicate_spans=1, rejected_spans=2, set_aside_spans=0, refused_requests=3,
        spans_per_second=1.5, queue_spans=4, queue_limit=100, commit_ms_p50=20, commit_ms_p95=40, answer_ms_p50=5,
        answer_ms_p95=10,
    ),
)  # fmt: skip


def test_every_figure_arrives_once_with_its_unit_its_time_and_who_sent_it() -> None:
    sent = request(STATUS, instance="one", at=BEGAN + timedelta(minutes=1), began=BEGAN)
    read = ExportMetricsServiceRequest.FromString(sent.SerializeToString())
    [resource] = read.resource_metrics
    told = {label.key: label.value.string_value for label in resource.resource.attributes}
    assert told == {"service.name": "mno", "service.version": "1.2.3", "service.instance.id": "one"}
    [scope] = resource.scope_metrics
    names = [metric.name for metric in scope.metrics]
    assert len(names) == len(set(names))
    assert set(names) == {figure.name for figure in figures(STATUS)}
    by_name = {metric.name: metric for metric in scope.metrics}
    accepted = by_name["mno.spans.accepted"].sum
    assert accepted.is_monotonic
    [point] = accepted.data_points
    assert (point.as_int, point.start_time_unix_nano) == (12, int(BEGAN.timestamp()) * 10**9)
    assert point.time_unix_nano - point.start_time_unix_nano == 60 * 10**9
    [used] = by_name["mno.cpu"].gauge.data_points
    assert used.as_double == 1.5
    commits = by_name["mno.commit.duration"]
    assert (commits.unit, [one.as_double for one in commits.gauge.data_points]) == ("s", [0.02, 0.04])


def test_what_an_engine_does_not_say_is_left_out() -> None:
    sent = request(STATUS, instance="one", at=BEGAN, began=BEGAN)
    [sizes] = [each for each in sent.resource_metrics[0].scope_metrics[0].metrics if each.name == "mno.store.size"]
    assert [one.attributes[0].value.string_value for one in sizes.gauge.data_points] == ["clickhouse"]
