"""Logs and metrics become rows; none is lost for an odd clock or id."""

import json
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from mno.observability.ingest.signals import decode_logs, decode_metrics
from mno.observability.spans.model import Owner
from mno.platform.clock import now_ns
from mno.platform.errors import Invalid
from support.otlp import SPAN_ID, TRACE_ID, fill

OWNER = Owner("team", "project", "otlp", "key_1")


def logs(*records: dict[str, Any]) -> Any:
    message = ExportLogsServiceRequest()
    resource_logs = message.resource_logs.add()
    fill(resource_logs.resource.attributes.add(key="service.name").value, "shop")
    scope_logs = resource_logs.scope_logs.add()
    for fields in records:
        content = fields.pop("body", "said")
        fill(scope_logs.log_records.add(**fields).body, content)
    return message


def log_row(**fields: Any) -> dict[str, Any]:
    [row] = decode_logs(logs(fields).SerializeToString(), OWNER).to_pylist()
    found: dict[str, Any] = row
    return found


def metric_rows(message: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = decode_metrics(message.SerializeToString(), OWNER).to_pylist()
    return rows


def metrics() -> tuple[Any, Any]:
    message = ExportMetricsServiceRequest()
    return message, message.resource_metrics.add().scope_metrics.add().metrics


def test_a_log_record_is_a_row_of_its_owner() -> None:
    row = log_row(time_unix_nano=now_ns(), trace_id=TRACE_ID, span_id=SPAN_ID, severity_number=9, severity_text="INFO")
    assert (row["team_id"], row["project_id"], row["api_key_id"]) == ("team", "project", "key_1")
    assert (row["service"], row["severity"], row["severity_number"], row["body"]) == ("shop", "INFO", 9, "said")
    assert (row["trace_id"], row["span_id"]) == (TRACE_ID, SPAN_ID)


def test_a_body_that_is_no_text_is_json() -> None:
    assert log_row(time_unix_nano=now_ns(), body={"a": [1]})["body"] == '{"a":[1]}'


@pytest.mark.parametrize("time_ns", [5, 2**63, 2**64 - 1])
def test_a_time_that_cannot_be_right_becomes_the_time_of_arrival(time_ns: int) -> None:
    row = log_row(time_unix_nano=time_ns)
    assert row["time"] == row["ingested_at"]
    assert json.loads(row["attributes"]) == {"mno.original_time_unix_nano": time_ns}


def test_an_id_of_another_length_is_no_id() -> None:
    assert log_row(time_unix_nano=now_ns(), trace_id=b"abc")["trace_id"] == bytes(16)


def test_logs_in_json_are_read() -> None:
    record = {"timeUnixNano": str(now_ns()), "traceId": TRACE_ID.hex(), "body": {"stringValue": "hi"}, "new": 1}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()
    [row] = decode_logs(body, OWNER, json=True).to_pylist()
    assert (row["trace_id"], row["body"]) == (TRACE_ID, "hi")


def test_text_that_is_not_utf8_is_repaired() -> None:
    body = logs({"body": "abc"}).SerializeToString().replace(b"abc", b"a\xffc")
    assert decode_logs(body, OWNER).to_pylist()[0]["body"] == "a�c"


@pytest.mark.parametrize("identity", ["z", "00", TRACE_ID.hex() + "00"])
def test_a_record_whose_trace_id_is_none_is_kept_without_it(identity: str) -> None:
    records = [{"traceId": identity, "body": {"stringValue": "hi"}}, {"traceId": TRACE_ID.hex()}]
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()
    first, second = decode_logs(body, OWNER, json=True).to_pylist()
    assert (first["trace_id"], first["body"], second["trace_id"]) == (bytes(16), "hi", TRACE_ID)


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"resourceLogs":1}'])
def test_a_body_that_is_no_logs_request_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid, match=r"OTLP|JSON"):
        decode_logs(body, OWNER, json=True)
    with pytest.raises(Invalid, match="cut short"):
        decode_logs(body, OWNER)


def test_numbers_are_points_with_a_value() -> None:
    message, added = metrics()
    added.add(name="a", unit="1").gauge.data_points.add(as_int=4, time_unix_nano=now_ns())
    counter = added.add(name="b").sum
    counter.is_monotonic = True
    counter.aggregation_temporality = 2
    counter.data_points.add(as_double=1.5, time_unix_nano=now_ns())
    gauge, total = metric_rows(message)
    assert (gauge["name"], gauge["kind"], gauge["value"], gauge["unit"]) == ("a", "gauge", 4.0, "1")
    assert (total["kind"], total["value"], total["monotonic"], total["temporality"]) == ("sum", 1.5, 1, "cumulative")


def test_token_usage_is_stored_as_the_histogram_that_it_is() -> None:
    message, added = metrics()
    histogram = added.add(name="gen_ai.client.token.usage").histogram
    histogram.data_points.add(count=2, sum=30, min=3, explicit_bounds=[1, 2], bucket_counts=[0, 1, 1])
    [row] = metric_rows(message)
    assert (row["count"], row["sum"], row["minimum"], row["maximum"]) == (2, 30.0, 3.0, None)
    assert (row["bounds"], row["bucket_counts"]) == ([1.0, 2.0], [0, 1, 1])


def test_what_fits_no_column_is_kept_as_detail() -> None:
    message, added = metrics()
    added.add(name="e").exponential_histogram.data_points.add(count=1, scale=3)
    added.add(name="s").summary.data_points.add(count=1).quantile_values.add(quantile=0.5, value=1)
    added.add(name="nothing")
    exponential, quantiles = metric_rows(message)
    assert json.loads(exponential["detail"])["scale"] == 3
    assert json.loads(quantiles["detail"]) == {"quantiles": [{"quantile": 0.5, "value": 1.0}]}
