"""Receivers of audit streams, over real sockets: a webhook that checks signatures, a syslog server over TCP."""

import asyncio
import base64
import hashlib
import hmac
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Webhook:
    """Answers with the statuses that were set, then 204; keeps what was signed as it should be."""

    secret: str = ""
    statuses: list[int] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    forged: int = 0
    url: str = ""

    @property
    def sequence(self) -> list[int]:
        return [entry["seq"] for body in self.bodies for entry in body["entries"]]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answered(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # who sent it has left
        finally:
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        status = self.statuses.pop(0) if self.statuses else 204
        if not self._is_ours(headers, body):
            self.forged += 1
            status = 400
        elif status < 300:
            self.ids.append(headers["webhook-id"])
            self.bodies.append(json.loads(body))
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()

    def _is_ours(self, headers: dict[str, str], body: bytes) -> bool:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return headers["webhook-signature"] == f"v1,{expected}"


@asynccontextmanager
async def a_webhook() -> AsyncIterator[Webhook]:
    hook = Webhook()
    server = await asyncio.start_server(hook._answer, "127.0.0.1", 0)
    hook.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/audit"
    async with server:
        yield hook


@dataclass
class Syslog:
    """Reads octet-counted messages; `aborts` connections are cut in the middle, without a word."""

    messages: list[str] = field(default_factory=list)
    aborts: int = 0
    target: str = ""

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.aborts:
                self.aborts -= 1
                await reader.read(10)
                # a reset, as from a process that was killed
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                return
            while length := await reader.readuntil(b" "):
                self.messages.append((await reader.readexactly(int(length))).decode())
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def a_syslog_server() -> AsyncIterator[Syslog]:
    syslog = Syslog()
    server = await asyncio.start_server(syslog._read, "127.0.0.1", 0)
    syslog.target = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield syslog
