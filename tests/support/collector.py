"""An OpenTelemetry collector's receiver of metrics, over a real socket: it keeps what it was sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest


@dataclass
class Collector:
    """Lets in whoever shows its token; answers 401 to others."""

    token: str = ""
    url: str = ""
    taken: list[ExportMetricsServiceRequest] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.paths.append(first.split()[1])
        status = 200 if not self.token or headers.get("authorization") == f"Bearer {self.token}" else 401
        if status == 200:
            assert headers["content-type"] == "application/x-protobuf"
            self.taken.append(ExportMetricsServiceRequest.FromString(body))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def a_collector(token: str = "") -> AsyncIterator[Collector]:
    collector = Collector(token)
    server = await asyncio.start_server(collector.answer, "127.0.0.1", 0)
    collector.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield collector
