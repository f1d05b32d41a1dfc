"""OTLP over gRPC, for exporters that speak nothing else by default (Phoenix's `register`, the Collector's `otlp`).

The same decoding and the same `Ingest` as over HTTP; only the envelope differs. `grpcio` is imported when the
server starts, not before. Source: OTLP specification 1.x, "OTLP/gRPC Response"; google.rpc.Status, RetryInfo.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

import pyarrow as pa
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from mno.observability.ingest import signals
from mno.observability.ingest.body import BodyBudget
from mno.observability.ingest.decoding import Kind, Sent
from mno.observability.ingest.model import MAX_DECOMPRESSED_BYTES, summary
from mno.observability.ingest.service import Receipt, owner_of
from mno.observability.spans.model import Owner
from mno.platform import origin
from mno.platform.errors import Denied, LimitExceeded, MnoError, TooLarge, Unauthenticated, Unavailable
from mno.platform.principal import Principal

if TYPE_CHECKING:
    import grpc.aio

#: The principal that request headers (lower case) name; raises Unauthenticated.
Authenticate = Callable[[Mapping[str, str]], Awaitable[Principal]]
#: One service method: the caller and the request's bytes in, the response's bytes out.
Export = Callable[[Principal, bytes], Awaitable[bytes]]

#: Calls that are answered at one time; more wait in the connection.
MAX_CALLS = 64
GRACE_S = 2.0
_log = logging.getLogger(__name__)


class Intake(Protocol):
    """Where deliveries go; `Ingest` is one. Each call returns when what it took is durable."""

    async def take(self, owner: Owner, sent: Sent) -> Receipt: ...
    async def take_signals(self, owner: Owner, table: str, decode: Callable[[], pa.Table]) -> int: ...


class OtlpGrpc:
    """The gRPC door of the ingest. Port 0 keeps it shut."""

    def __init__(self, intake: Intake, budget: BodyBudget, authenticate: Authenticate, host: str, port: int) -> None:
        self._intake = intake
        self._budget = budget
        self._authenticate = authenticate
        self._host = host
        self._port = port
        #: The port that was opened; 0 while the door is shut.
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open for as long as the context; a port that is taken is said and does not stop the program."""
        if not self._port:
            yield
            return
        server = await self._started()
        try:
            yield
        finally:
            self.port = 0
            if server is not None:
                await server.stop(GRACE_S)

    async def _started(self) -> "grpc.aio.Server | None":
        import grpc.aio

        server = grpc.aio.server(
            maximum_concurrent_rpcs=MAX_CALLS,
            options=[
                ("grpc.max_receive_message_length", MAX_DECOMPRESSED_BYTES),
                # Two servers on one port would share its calls at random.
                ("grpc.so_reuseport", 0),
            ],
        )
        server.add_generic_rpc_handlers(
            tuple(
                grpc.method_handlers_generic_handler(
                    f"opentelemetry.proto.collector.{name}",
                    {"Export": grpc.unary_unary_rpc_method_handler(self._method(export))},
                )
                for name, export in (
                    ("trace.v1.TraceService", self._traces),
                    ("logs.v1.LogsService", self._logs),
                    ("metrics.v1.MetricsService", self._metrics),
                )
            )
        )
        try:
            self.port = server.add_insecure_port(f"{self._host}:{self._port}")
        except RuntimeError:
            _log.warning(
                "OTLP/gRPC is off: port %s on %s is taken. Set MNO_OTLP_GRPC_PORT to another one, or to 0.",
                self._port,
                self._host,
            )
            return None
        await server.start()
        return server

    def _method(self, export: Export) -> Callable[[bytes, Any], Awaitable[bytes]]:
        async def method(request: bytes, context: Any) -> bytes:
            try:
                origin.set_current(origin.Origin(address=address_of(context.peer())))
                headers = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
                principal = await self._authenticate(headers)
                if not principal.may("spans.write"):
                    raise Denied(f"'{principal.name}' may not do this: the permission spans.write is missing.")
                with self._budget.share() as share:
                    share.take(len(request))
                    return await export(principal, request)
            except MnoError as error:
                await _abort(context, error)
                raise

        return method

    async def _traces(self, principal: Principal, request: bytes) -> bytes:
        receipt = await self._intake.take(owner_of(principal, "grpc"), Sent(Kind.OTLP_PROTOBUF, request))
        response = ExportTraceServiceResponse()
        message = "; ".join([*receipt.notes, *([summary(receipt.rejections)] if receipt.rejections else [])])
        if message:
            response.partial_success.rejected_spans = len(receipt.rejections)
            response.partial_success.error_message = message
        return bytes(response.SerializeToString())

    async def _logs(self, principal: Principal, request: bytes) -> bytes:
        owner = owner_of(principal, "grpc")
        await self._intake.take_signals(owner, signals.LOGS_TABLE, lambda: signals.decode_logs(request, owner))
        return bytes(ExportLogsServiceResponse().SerializeToString())

    async def _metrics(self, principal: Principal, request: bytes) -> bytes:
        owner = owner_of(principal, "grpc")
        await self._intake.take_signals(owner, signals.METRICS_TABLE, lambda: signals.decode_metrics(request, owner))
        return bytes(ExportMetricsServiceResponse().SerializeToString())


def address_of(peer: str) -> str:
    """The caller's IP in gRPC's words for it, `ipv4:192.0.2.1:5000` or `ipv6:%5B2001:db8::1%5D:5000`; or nothing."""
    kind, _, place = unquote(peer).partition(":")
    return place.rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else ""


async def _abort(context: Any, error: MnoError) -> None:
    """Ends the call with the status of our error, and with RetryInfo where sending again helps."""
    import grpc

    code = grpc.StatusCode[status_name(error)]
    wait_s = getattr(error, "retry_after_s", None)
    if wait_s is not None:
        details = status_details(code.value[0], str(error), wait_s)
        context.set_trailing_metadata((("grpc-status-details-bin", details),))
    await context.abort(code, str(error))


def status_name(error: MnoError) -> str:
    """The gRPC code of one of our errors, by name.

    Exporters try UNAVAILABLE again, and RESOURCE_EXHAUSTED where it comes with RetryInfo.
    """
    match error:
        case Unauthenticated():
            return "UNAUTHENTICATED"
        case Denied():
            return "PERMISSION_DENIED"
        case TooLarge():
            return "INVALID_ARGUMENT"
        case LimitExceeded():
            return "RESOURCE_EXHAUSTED"
        case Unavailable():
            return "UNAVAILABLE"
    return "INVALID_ARGUMENT"


def status_details(code: int, message: str, retry_after_s: int) -> bytes:
    """A `google.rpc.Status` with a `RetryInfo`; written by hand, as it is three nested fields."""
    duration = b"\x08" + _varint(retry_after_s)
    retry_info = _field(1, duration)
    wrapped = _field(1, b"type.googleapis.com/google.rpc.RetryInfo") + _field(2, retry_info)
    return b"\x08" + _varint(code) + _field(2, message.encode()) + _field(3, wrapped)


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
