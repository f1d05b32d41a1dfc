"""OTLP over gRPC, through grpcio's own client and a real socket."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace

import grpc.aio
import pyarrow as pa
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from mno.observability.ingest.body import BodyBudget
from mno.observability.ingest.decoding import Sent, decode
from mno.observability.ingest.grpc import OtlpGrpc, status_details, status_name
from mno.observability.ingest.service import Receipt
from mno.observability.spans.model import Owner
from mno.platform.errors import (
    Denied,
    Invalid,
    LimitExceeded,
    MnoError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from mno.platform.ids import new_id
from mno.platform.principal import Principal, PrincipalKind
from support.otlp import body
from support.ports import free_port
from support.promises import PATIENCE_S

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
WRITER = Principal(PrincipalKind.API_KEY, new_id(), "key", new_id(), new_id(), frozenset({"spans.write"}))


class Taking:
    """Satisfies the door's port: decodes and remembers, or refuses."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.rows: dict[str, int] = {}
        self.error: MnoError | None = None

    async def take(self, owner: Owner, sent: Sent) -> Receipt:
        assert owner.source == "grpc"
        if self.error is not None:
            raise self.error
        decoded = decode(sent)
        self.names += [span.name for span in decoded.spans]
        return Receipt(len(decoded.spans), decoded.rejections, decoded.notes)

    async def take_signals(self, owner: Owner, table: str, decode: Callable[[], pa.Table]) -> int:  # noqa: ARG002
        self.rows[table] = decode().num_rows
        return self.rows[table]


async def principal_of(headers: Mapping[str, str]) -> Principal:
    match headers.get("authorization"):
        case "Bearer mno_writer":
            return WRITER
        case "Bearer mno_reader":
            return replace(WRITER, permissions=frozenset({"spans.read"}))
    raise Unauthenticated("Send an API key.")


@pytest.fixture
def taking() -> Taking:
    return Taking()


@pytest.fixture
def budget() -> BodyBudget:
    return BodyBudget(limit_bytes=1024 * 1024)


@pytest.fixture
async def door(taking: Taking, budget: BodyBudget) -> AsyncIterator[OtlpGrpc]:
    door = OtlpGrpc(taking, budget, principal_of, "127.0.0.1", free_port())
    async with door.running():
        yield door


async def export(
    door: OtlpGrpc, request: bytes, key: str = "mno_writer", method: str = TRACES, *, packed: bool = False
) -> bytes:
    packing = grpc.Compression.Gzip if packed else grpc.Compression.NoCompression
    async with grpc.aio.insecure_channel(f"127.0.0.1:{door.port}") as channel:
        call = channel.unary_unary(method)
        metadata = (("authorization", f"Bearer {key}"),)
        answer: bytes = await call(request, metadata=metadata, compression=packing, timeout=PATIENCE_S)
        return answer


@pytest.mark.parametrize("packed", [False, True])
async def test_spans_arrive_and_the_answer_is_plain_success(door: OtlpGrpc, taking: Taking, packed: bool) -> None:
    assert await export(door, body({"name": "a"}, {"name": "b"}), packed=packed) == b""
    assert taking.names == ["a", "b"]


async def test_a_bad_span_is_named_in_the_partial_success(door: OtlpGrpc, taking: Taking) -> None:
    answer = ExportTraceServiceResponse.FromString(await export(door, body({"trace_id": b""}, {"name": "good"})))
    assert answer.partial_success.rejected_spans == 1
    assert "it has no trace id" in answer.partial_success.error_message
    assert taking.names == ["good"]


@pytest.mark.parametrize(
    ("service", "table"), [("logs.v1.LogsService", "otel_logs"), ("metrics.v1.MetricsService", "otel_metrics")]
)
async def test_logs_and_metrics_are_taken(door: OtlpGrpc, taking: Taking, service: str, table: str) -> None:
    assert await export(door, b"", method=f"/opentelemetry.proto.collector.{service}/Export") == b""
    assert taking.rows == {table: 0}


@pytest.mark.parametrize(
    ("key", "code"),
    [("wrong", grpc.StatusCode.UNAUTHENTICATED), ("mno_reader", grpc.StatusCode.PERMISSION_DENIED)],
)
async def test_who_may_not_write_is_told_so(door: OtlpGrpc, key: str, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await export(door, body({}), key)
    assert refusal.value.code() is code


async def test_a_damaged_body_is_an_invalid_argument(door: OtlpGrpc) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await export(door, b"hello")
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "ExportTraceServiceRequest" in (refusal.value.details() or "")


async def test_a_full_backlog_says_when_to_come_again(door: OtlpGrpc, taking: Taking) -> None:
    taking.error = LimitExceeded("The backlog is full.", retry_after_s=3)
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await export(door, body({}))
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    details = dict(refusal.value.trailing_metadata())["grpc-status-details-bin"]
    assert details == status_details(8, "The backlog is full.", 3)
    assert b"google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x03" in details


async def test_a_port_that_is_taken_does_not_stop_the_program(door: OtlpGrpc, taking: Taking) -> None:
    second = OtlpGrpc(taking, BodyBudget(), principal_of, "127.0.0.1", door.port)
    async with second.running():
        assert second.port == 0
    assert await export(door, body({})) == b""


async def test_port_zero_keeps_the_door_shut(taking: Taking) -> None:
    shut = OtlpGrpc(taking, BodyBudget(), principal_of, "127.0.0.1", 0)
    async with shut.running():
        assert shut.port == 0


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (Unauthenticated(""), "UNAUTHENTICATED"),
        (Denied(""), "PERMISSION_DENIED"),
        (Invalid(""), "INVALID_ARGUMENT"),
        (TooLarge(""), "INVALID_ARGUMENT"),
        (LimitExceeded(""), "RESOURCE_EXHAUSTED"),
        (Unavailable(""), "UNAVAILABLE"),
    ],
)
def test_every_error_has_a_code(error: MnoError, name: str) -> None:
    assert status_name(error) == name


async def test_a_bomb_is_refused_by_its_unpacked_size(door: OtlpGrpc, taking: Taking) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await export(door, bytes(65 * 1024 * 1024), packed=True)
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert taking.names == []


async def test_a_call_takes_its_part_of_the_common_budget_and_gives_it_back(
    door: OtlpGrpc, taking: Taking, budget: BodyBudget
) -> None:
    assert await export(door, body({"name": "a"})) == b""
    assert budget.taken_bytes == 0
    with budget.share() as of_others:
        of_others.take(1024 * 1024)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await export(door, body({"name": "b"}))
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert any(key == "grpc-status-details-bin" for key, _ in refusal.value.trailing_metadata() or ())
    assert await export(door, body({"name": "c"})) == b""
    assert taking.names == ["a", "c"]
