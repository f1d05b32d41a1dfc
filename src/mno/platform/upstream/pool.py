"""Connections to providers, kept and handed out again: the last used first, none for longer than its time.

Every connection is opened through the outgoing-address guard: a name is resolved once, looked at, and connected to as
what it was looked at. So what an administrator takes off the allow list is out of reach as soon as the connections
that stand are too old.
"""

import asyncio
import ssl
from collections import deque
from functools import partial
from typing import NamedTuple, Protocol

from mno.platform.errors import LimitExceeded
from mno.platform.upstream.connection import Answer, Broken, Connection

#: Connections to all providers at one time.
MAX_UPSTREAM_CONNECTIONS = 4_096
#: How long opening one may take, TLS included, in seconds.
CONNECT_TIMEOUT_S = 10.0
#: How long one may wait for its next use, in seconds; most servers wait longer.
IDLE_S = 4.0
#: How long one is used at all, in seconds.
MAX_AGE_S = 300.0


class Origin(NamedTuple):
    """Where a provider listens."""

    secure: bool
    host: str
    port: int


class Guard(Protocol):
    """Which addresses may be connected to."""

    async def address_of(self, host: str, port: int) -> str:
        """`Invalid` for an address that may not be reached."""
        ...


class Pool:
    """For one event loop. `ca_file` adds a certificate authority (tests, closed networks)."""

    def __init__(self, guard: Guard, ca_file: str | None = None) -> None:
        self._guard = guard
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._idle: dict[Origin, deque[Connection]] = {}
        self._open = 0

    async def ask(self, origin: Origin, head: bytes, body: bytes) -> Answer:
        """Sends a request on a connection of its own; `Broken` when there is none to be had."""
        connection = self._kept(origin) or await self._opened(origin)
        return connection.ask(head, body)

    def close(self) -> None:
        """Closes what is idle; what is busy ends with its answer."""
        for kept in self._idle.values():
            for connection in kept:
                connection.close()
        self._idle.clear()

    def _kept(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        now = asyncio.get_running_loop().time()
        while idle:
            connection = idle.pop()
            if connection.is_usable and now - connection.idle_at < IDLE_S and now - connection.opened_at < MAX_AGE_S:
                return connection
            connection.close()
        return None

    async def _opened(self, origin: Origin) -> Connection:
        if self._open >= MAX_UPSTREAM_CONNECTIONS:
            raise LimitExceeded(
                f"{MAX_UPSTREAM_CONNECTIONS} connections to providers are open, which is the limit.", retry_after_s=1
            )
        loop = asyncio.get_running_loop()
        self._open += 1
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                address = await self._guard.address_of(origin.host, origin.port)
                _, connection = await loop.create_connection(
                    partial(Connection, partial(self._keep, origin), self._gone),
                    address,
                    origin.port,
                    ssl=self._tls() if origin.secure else None,
                    server_hostname=origin.host.strip("[]") if origin.secure else None,
                )
        except TimeoutError:
            self._open -= 1
            raise Broken(f"{origin.host} cannot be reached in {CONNECT_TIMEOUT_S:g} seconds.", timed_out=True) from None
        except OSError as error:
            self._open -= 1
            raise Broken(f"{origin.host} cannot be reached ({type(error).__name__}).") from None
        except BaseException:
            self._open -= 1
            raise
        connection.opened_at = loop.time()
        return connection

    def _keep(self, origin: Origin, connection: Connection) -> None:
        connection.idle_at = asyncio.get_running_loop().time()
        self._idle.setdefault(origin, deque()).append(connection)

    def _gone(self, connection: Connection) -> None:
        self._open -= 1
        for kept in self._idle.values():
            if connection in kept:
                kept.remove(connection)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context(cafile=self._ca_file)
            self._context.set_alpn_protocols(["http/1.1"])
        return self._context
