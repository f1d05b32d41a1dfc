"""Writes tests/fixtures/otlp: what each emitter really sends, decoded to readable OTLP JSON.

`python -m tests.contract.capture [NAME…]` runs the drivers against a server that only records. The
decoder's unit tests read these files, so they need neither the contract environment nor a network.
"""

import base64
import gzip
import json
import re
import sys
import threading
import zlib
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from contract.runs import ROOT, RUNS, Run, Target, drive
from support.providers.server import running_providers

FIXTURES = ROOT / "tests" / "fixtures" / "otlp"
KEY = "mno_contract"


#: Where the interpreter and its packages lie here: stack traces name it, and it is nobody's business.
_PLACES = re.compile(r"(?:/[^\s\"]*)?/(?=site-packages/|python3\.\d+/)")


def without_places(message: Message) -> None:
    """Takes this machine's folders out of every text of a message, in place."""
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for part in [value] if isinstance(value, Message) else value:
                without_places(part)
        elif field.type == field.TYPE_STRING and isinstance(value, str):
            setattr(message, field.name, _PLACES.sub("", value).replace(f"{ROOT}/", ""))


class Recorded:
    """The requests that arrived: address, the headers that matter, and the message."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []

    def add(self, path: str, headers: dict[str, str], body: bytes) -> None:
        message = trace_service_pb2.ExportTraceServiceRequest.FromString(body)
        without_places(message)
        self.bodies.append(message.SerializeToString())
        self.requests.append({"path": path, "headers": headers, "body": readable(message)})


def readable(message: Any) -> Any:
    """OTLP JSON: as protobuf's JSON, with hexadecimal ids."""
    decoded = MessageToDict(message, use_integers_for_enums=True)
    for resource_spans in decoded.get("resourceSpans", []):
        for scope_spans in resource_spans.get("scopeSpans", []):
            for span in scope_spans.get("spans", []):
                for item in (span, *span.get("links", [])):
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in item:
                            item[name] = base64.b64decode(item[name]).hex()
    return decoded


def http_handler(recorded: Recorded) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            if self.headers.get("transfer-encoding") == "chunked":
                body = self.read_chunks()
            else:
                body = self.rfile.read(int(self.headers["content-length"]))
            encoding = self.headers.get("content-encoding", "")
            if encoding == "gzip":
                body = gzip.decompress(body)
            if encoding == "deflate":
                body = zlib.decompress(body)
            shown = ("content-type", "content-encoding", "authorization", "x-langfuse-ingestion-version")
            if self.path.endswith("/traces"):
                recorded.add(self.path, {name: self.headers[name] for name in shown if name in self.headers}, body)
            self.send_response(200)
            self.send_header("content-type", self.headers.get("content-type", ""))
            self.send_header("content-length", "0")
            self.end_headers()

        def read_chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


def grpc_server(recorded: Recorded) -> tuple[Any, int]:
    def export(request: bytes, context: Any) -> bytes:
        metadata = {name: value for name, value in context.invocation_metadata() if name == "authorization"}
        recorded.add("grpc", metadata, request)
        return b""

    handler = grpc.method_handlers_generic_handler(
        "opentelemetry.proto.collector.trace.v1.TraceService",
        {"Export": grpc.unary_unary_rpc_method_handler(export)},
    )
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def capture(run: Run) -> None:
    recorded = Recorded()
    http = ThreadingHTTPServer(("127.0.0.1", 0), http_handler(recorded))
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    rpc, grpc_port = grpc_server(recorded)
    try:
        with running_providers() as providers:
            target = Target(f"http://127.0.0.1:{http.server_address[1]}", KEY, grpc_port)
            printed = drive(run, target, providers.base_url(run.name))
            bill = providers.bill(run.name)
    finally:
        http.shutdown()
        rpc.stop(None)
    content = {"run": run.name, "billed": json.loads(bill.as_json()), "requests": recorded.requests}
    (FIXTURES / f"{run.name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    if recorded.bodies:
        (FIXTURES / f"{run.name}.bin").write_bytes(recorded.bodies[0])
    spans = sum(
        len(scope.get("spans", []))
        for request in recorded.requests
        for resource in request["body"].get("resourceSpans", [])
        for scope in resource.get("scopeSpans", [])
    )
    sys.stdout.write(f"{run.name}: {len(bill.calls)} calls billed, {spans} spans sent\n{printed}")


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for each in RUNS:
        if not wanted or each.name in wanted:
            capture(each)
