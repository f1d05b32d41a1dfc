"""OTLP logs and metrics as blocks of rows for `otel_logs` and `otel_metrics`.

They are stored whole; logs are read by `observability/logs`. Nothing here is counted as usage: a token metric says
again what the spans have said. A time that no clock can have written is replaced by the time of arrival, and the
original stays in the attributes, so that no record is lost for it.
"""

import base64
import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

import pyarrow as pa
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from mno.observability.ingest import tolerant
from mno.observability.ingest.attributes import of_protobuf, shortened, value_of_protobuf
from mno.observability.ingest.messages import as_text, dumped
from mno.observability.ingest.model import MAX_AGE_NS, MAX_FUTURE_NS, MAX_NAME_CHARACTERS, MAX_SPANS_PER_REQUEST
from mno.observability.ingest.normalise import Origin, origin_of
from mno.observability.ingest.otlp_json import json_of
from mno.observability.ingest.severity import number_of
from mno.observability.spans.model import Owner
from mno.platform.clock import now_ns
from mno.platform.errors import Invalid, TooLarge

LOGS_TABLE = "otel_logs"
METRICS_TABLE = "otel_metrics"

_TIME = pa.timestamp("us", tz="UTC")
_TENANT = [("team_id", pa.string()), ("project_id", pa.string()), ("api_key_id", pa.string()), ("ingested_at", _TIME)]
LOGS_SCHEMA = pa.schema(
    [
        *_TENANT,
        ("id", pa.binary(16)),
        ("time", _TIME),
        ("observed_time", _TIME),
        ("trace_id", pa.binary(16)),
        ("span_id", pa.binary(8)),
        ("severity_number", pa.uint8()),
        ("severity", pa.string()),
        ("topic", pa.string()),
        ("event_name", pa.string()),
        ("service", pa.string()),
        ("scope", pa.string()),
        ("agent", pa.string()),
        ("body", pa.string()),
        ("attributes", pa.string()),
        ("resource", pa.string()),
    ]
)
METRICS_SCHEMA = pa.schema(
    [
        *_TENANT,
        ("time", _TIME),
        ("start_time", _TIME),
        ("name", pa.string()),
        ("description", pa.string()),
        ("unit", pa.string()),
        ("kind", pa.string()),
        ("temporality", pa.string()),
        ("monotonic", pa.uint8()),
        ("service", pa.string()),
        ("scope", pa.string()),
        ("value", pa.float64()),
        ("count", pa.uint64()),
        ("sum", pa.float64()),
        ("minimum", pa.float64()),
        ("maximum", pa.float64()),
        ("bounds", pa.list_(pa.float64())),
        ("bucket_counts", pa.list_(pa.uint64())),
        ("detail", pa.string()),
        ("attributes", pa.string()),
        ("resource", pa.string()),
    ]
)
_TEMPORALITIES = ("", "delta", "cumulative")
_Row = dict[str, Any]
_VERSION_BYTE = 6
#: Attributes that name the topic of a line and the agent that speaks, the first one wins.
_TOPIC = ("mno.topic", "topic")
_AGENT = "gen_ai.agent.name"


def decode_logs(body: bytes, owner: Owner, *, json: bool = False) -> pa.Table:
    """The records of an `ExportLogsServiceRequest` as rows of `otel_logs`.

    `Invalid` when the body is not one, `TooLarge` when it holds more records than one request may.
    """
    request = _request(ExportLogsServiceRequest, body, json=json)
    now = now_ns()
    rows: list[_Row] = []
    for resource_logs in request.resource_logs:
        resource = shortened(of_protobuf(resource_logs.resource.attributes))
        for scope_logs in resource_logs.scope_logs:
            origin = origin_of(resource, scope_logs.scope.name, scope_logs.scope.version)
            agent = str(resource.get(_AGENT, ""))[:MAX_NAME_CHARACTERS]
            rows += (_log_row(record, origin, agent, now) for record in scope_logs.log_records)
            _check_number(rows)
    return table_of(rows, LOGS_SCHEMA, owner, now)


def decode_metrics(body: bytes, owner: Owner, *, json: bool = False) -> pa.Table:
    """The data points of an `ExportMetricsServiceRequest` as rows of `otel_metrics`; fails like `decode_logs`."""
    request = _request(ExportMetricsServiceRequest, body, json=json)
    now = now_ns()
    rows: list[_Row] = []
    for resource_metrics in request.resource_metrics:
        resource = shortened(of_protobuf(resource_metrics.resource.attributes))
        for scope_metrics in resource_metrics.scope_metrics:
            origin = origin_of(resource, scope_metrics.scope.name, scope_metrics.scope.version)
            for metric in scope_metrics.metrics:
                rows += _metric_rows(metric, origin, now)
                _check_number(rows)
    return table_of(rows, METRICS_SCHEMA, owner, now)


def _check_number(rows: list[_Row]) -> None:
    if len(rows) > MAX_SPANS_PER_REQUEST:
        raise TooLarge(f"The request holds more than {MAX_SPANS_PER_REQUEST:,} records.")


def _request(kind: Any, body: bytes, *, json: bool) -> Any:
    name = kind.DESCRIPTOR.name
    if json:
        value = json_of(body)
        if type(value) is not dict:
            raise Invalid(f"The body is not an OTLP {name}: a JSON object.")
        try:
            return json_format.ParseDict(_with_binary_ids(value), kind(), ignore_unknown_fields=True)
        except (json_format.ParseError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise Invalid(f"The body is not an OTLP {name} in JSON: {str(error)[:200]}") from None
    try:
        return kind.FromString(body)
    except DecodeError:
        repaired = tolerant.repaired(body, kind.DESCRIPTOR.full_name)
    if repaired is None:
        raise Invalid(f"The body is not an OTLP {name} in protobuf, was cut short, or nests values too deeply.")
    return kind.FromString(repaired)


def _with_binary_ids(value: Any) -> Any:
    """OTLP/JSON writes ids in hex, the JSON mapping of protobuf expects base64."""
    if type(value) is list:
        return [_with_binary_ids(item) for item in value]
    if type(value) is not dict:
        return value
    return {
        key: _binary_id(item)
        if key in ("traceId", "spanId", "trace_id", "span_id") and type(item) is str
        else _with_binary_ids(item)
        for key, item in value.items()
    }


def _binary_id(text: str) -> str:
    """An id that is no hexadecimal is left out, as one of the wrong length is: the record is kept."""
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except ValueError:
        return ""


def table_of(rows: list[_Row], schema: pa.Schema, owner: Owner, now: int) -> pa.Table:
    """The rows as a block that belongs to `owner` and arrived at `now` (nanoseconds since 1970)."""
    tenant = {
        "team_id": owner.team_id,
        "project_id": owner.project_id,
        "api_key_id": owner.api_key_id,
        "ingested_at": now // 1000,
    }
    return pa.table(
        {
            field.name: pa.array(
                [tenant[field.name]] * len(rows) if field.name in tenant else [row[field.name] for row in rows],
                field.type,
            )
            for field in schema
        },
        schema=schema,
    )


def line_id(project_id: str, key: str = "") -> bytes:
    """What tells a line from others of its moment: the same for the same key, else random.

    A UUID, whose version says which (RFC 9562): 5 where it comes from a key, 4 where it is random.
    """
    if key:
        return uuid5(UUID(project_id), key).bytes
    return UUID(bytes=os.urandom(16), version=4).bytes


def is_keyed(id_: bytes) -> bool:
    """Whether the id comes from a key, so that the line may have been sent before."""
    return id_[_VERSION_BYTE] >> 4 == 5


def _log_row(record: Any, origin: Origin, agent: str, now: int) -> _Row:
    attributes = shortened(of_protobuf(record.attributes))
    topic = next((attributes[name] for name in _TOPIC if attributes.get(name)), "") or record.event_name or origin.scope
    time_ns = record.time_unix_nano or record.observed_time_unix_nano
    return {
        "id": line_id(""),
        "time": _plausible_us(time_ns, now, attributes),
        "observed_time": _plausible_us(record.observed_time_unix_nano, now, None),
        "trace_id": record.trace_id if len(record.trace_id) == 16 else bytes(16),
        "span_id": record.span_id if len(record.span_id) == 8 else bytes(8),
        "severity_number": record.severity_number & 0xFF or number_of(record.severity_text),
        "severity": record.severity_text,
        "topic": as_text(topic)[:MAX_NAME_CHARACTERS],
        "event_name": record.event_name,
        "service": origin.service,
        "scope": origin.scope,
        "agent": as_text(attributes.get(_AGENT, "") or agent)[:MAX_NAME_CHARACTERS],
        "body": as_text(shortened({"": value_of_protobuf(record.body)})[""] or ""),
        "attributes": dumped(attributes),
        "resource": origin.resource,
    }


def _plausible_us(time_ns: int, now: int, attributes: dict[str, Any] | None) -> int:
    """Microseconds since 1970; the time of arrival instead of one that cannot be right."""
    if now - MAX_AGE_NS <= time_ns <= now + MAX_FUTURE_NS:
        return time_ns // 1000
    if attributes is not None and time_ns:
        attributes["mno.original_time_unix_nano"] = time_ns
    return now // 1000


def _metric_rows(metric: Any, origin: Origin, now: int) -> Iterator[_Row]:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    shared = {
        "name": metric.name,
        "description": metric.description,
        "unit": metric.unit,
        "kind": kind,
        "temporality": _temporality(getattr(data, "aggregation_temporality", 0)),
        "monotonic": int(getattr(data, "is_monotonic", False)),
        "service": origin.service,
        "scope": origin.scope,
        "resource": origin.resource,
    }
    for point in data.data_points:
        attributes = shortened(of_protobuf(point.attributes))
        row = {
            **shared,
            "time": _plausible_us(point.time_unix_nano, now, attributes),
            "start_time": _plausible_us(point.start_time_unix_nano or point.time_unix_nano, now, None),
            "value": 0.0,
            "count": 0,
            "sum": 0.0,
            "minimum": None,
            "maximum": None,
            "bounds": [],
            "bucket_counts": [],
            "detail": "",
        }
        row.update(_POINTS[kind](point))
        row["attributes"] = dumped(attributes)
        yield row


def _temporality(value: int) -> str:
    return _TEMPORALITIES[value] if 0 <= value < len(_TEMPORALITIES) else ""


def _number(point: Any) -> _Row:
    return {"value": float(point.as_int if point.WhichOneof("value") == "as_int" else point.as_double)}


def _distribution(point: Any) -> _Row:
    return {
        "count": point.count,
        "sum": point.sum,
        "minimum": point.min if point.HasField("min") else None,
        "maximum": point.max if point.HasField("max") else None,
    }


def _histogram(point: Any) -> _Row:
    return {
        **_distribution(point),
        "bounds": list(point.explicit_bounds),
        "bucket_counts": list(point.bucket_counts),
    }


def _exponential(point: Any) -> _Row:
    detail = {
        "scale": point.scale,
        "zero_count": point.zero_count,
        "zero_threshold": point.zero_threshold,
        "positive": {"offset": point.positive.offset, "counts": list(point.positive.bucket_counts)},
        "negative": {"offset": point.negative.offset, "counts": list(point.negative.bucket_counts)},
    }
    return {**_distribution(point), "detail": dumped(detail)}


def _summary(point: Any) -> _Row:
    quantiles = [{"quantile": entry.quantile, "value": entry.value} for entry in point.quantile_values]
    return {"count": point.count, "sum": point.sum, "detail": dumped({"quantiles": quantiles})}


_POINTS = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}
