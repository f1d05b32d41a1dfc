"""Logs and metrics in their tables, through the real engine."""

from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from mno.observability.ingest.signals import LOGS_TABLE, METRICS_TABLE, decode_logs, decode_metrics
from mno.observability.spans.model import Owner
from mno.observability.spans.queries import Tenant
from mno.platform.clickhouse import ClickHouse
from mno.platform.clock import now_ns
from support.otlp import TRACE_ID


def owner_in(tenant: Tenant) -> Owner:
    return Owner(tenant.team_id, tenant.project_id, "otlp", "key_1")


async def stored(clickhouse: ClickHouse, table: str, columns: str, tenant: Tenant) -> list[dict[str, Any]]:
    return await clickhouse.rows_of_all(
        f"SELECT {columns} FROM {table} WHERE team_id = {{team:String}} AND project_id = {{project:String}}",
        {"team": tenant.team_id, "project": tenant.project_id},
    )


async def test_a_log_record_is_found_in_its_table(clickhouse: ClickHouse, tenant: Tenant) -> None:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=now_ns(), trace_id=TRACE_ID)
    record.body.string_value = "hello"
    clickhouse.insert(LOGS_TABLE, decode_logs(request.SerializeToString(), owner_in(tenant)))
    assert await stored(clickhouse, LOGS_TABLE, "body, trace_id, api_key_id", tenant) == [
        {"body": "hello", "trace_id": TRACE_ID, "api_key_id": "key_1"}
    ]


async def test_a_token_metric_is_stored_and_nothing_is_counted(clickhouse: ClickHouse, tenant: Tenant) -> None:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="gen_ai.client.token.usage")
    metric.histogram.data_points.add(
        count=2, sum=30, min=3, explicit_bounds=[1, 2], bucket_counts=[0, 1, 1], time_unix_nano=now_ns()
    )
    clickhouse.insert(METRICS_TABLE, decode_metrics(request.SerializeToString(), owner_in(tenant)))
    columns = "name, count, sum, minimum, maximum, bounds, bucket_counts"
    assert await stored(clickhouse, METRICS_TABLE, columns, tenant) == [
        {
            "name": "gen_ai.client.token.usage",
            "count": 2,
            "sum": 30.0,
            "minimum": 3.0,
            "maximum": None,
            "bounds": [1.0, 2.0],
            "bucket_counts": [0, 1, 1],
        }
    ]
    assert await stored(clickhouse, "spans", "count() AS n", tenant) == [{"n": 0}]
