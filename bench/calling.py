"""Calls over HTTP/1.1 as the gateways' benchmarks make them: many connections in one loop, as cheap as they can be."""

import asyncio
import json
import time
import urllib.request
from typing import Any, Protocol, cast

from server import KEY

#: After how long without an answer a benchmark has failed, in seconds.
PATIENCE_S = 60.0


class Asked(Protocol):
    """Where calls go: a port of this machine, and the bytes of a request."""

    @property
    def port(self) -> int: ...
    def request(self) -> bytes: ...


class Caller(asyncio.Protocol):
    """One connection of the load, as cheap as it can be: an answer ends where its length or its last chunk says."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._received = b""
        self._status = b"200"
        self._end = -1
        self._waiter: asyncio.Future[None] | None = None
        self._first: asyncio.Future[None] | None = None

    async def ask(self, request: bytes, status: bytes = b"200") -> None:
        """Returns when the whole answer has come; `RuntimeError` where its status does not begin so."""
        loop = asyncio.get_running_loop()
        self._received, self._end, self._status = b"", -1, status
        self._waiter = loop.create_future()
        late = loop.call_later(PATIENCE_S, self._finish, RuntimeError(f"There is no answer after {PATIENCE_S} s."))
        self.transport.write(request)
        try:
            await self._waiter
        finally:
            late.cancel()

    async def first_chunk(self, request: bytes) -> None:
        """Returns when the first piece of the body has come; the rest must be awaited by `rest`."""
        loop = asyncio.get_running_loop()
        self._received, self._end, self._status = b"", -1, b"200"
        self._waiter, self._first = loop.create_future(), loop.create_future()
        self.transport.write(request)
        await self._first

    async def rest(self) -> None:
        assert self._waiter is not None
        await self._waiter

    def body(self) -> bytes:
        """Of the answer that came last, where its length was told."""
        return self._received.partition(b"\r\n\r\n")[2]

    def header(self, name: str) -> str:
        """A header of the answer that came last, empty where there is none; `name` in lower case."""
        head = self._received.partition(b"\r\n\r\n")[0].decode("latin-1")
        lines = (line.partition(":") for line in head.split("\r\n")[1:])
        return next((value.strip() for found, _, value in lines if found.lower() == name), "")

    def leave(self) -> None:
        """In the middle of an answer."""
        for future in (self._first, self._waiter):
            if future is not None:
                future.cancel()
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._first is not None and not self._first.done() and b"data: " in self._received:
            self._first.set_result(None)
        if self._end < 0:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            if not self._received.startswith(b"HTTP/1.1 " + self._status):
                self._finish(RuntimeError(self._received[:600].decode(errors="replace")))
                return
            length = self._received[:head].lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            bodiless = self._received[9:12] in (b"202", b"204")
            self._end = head + 4 + int(length or 0) if length or bodiless else 0
        if (self._end and len(self._received) >= self._end) or (
            not self._end and self._received.endswith(b"0\r\n\r\n")
        ):
            self._finish(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(RuntimeError(f"The connection was closed ({error})."))

    def _finish(self, error: Exception | None) -> None:
        for future in (self._first, self._waiter):
            if future is not None and not future.done():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)


async def connected(place: Asked) -> Caller:
    _, caller = await asyncio.get_running_loop().create_connection(Caller, "127.0.0.1", place.port)
    return caller


async def latencies(place: Asked, connections: int, seconds: float) -> tuple[list[float], float]:
    """Times of single calls over so many connections, and calls a second."""
    request = place.request()
    callers = [await connected(place) for _ in range(connections)]
    for caller in callers:
        await caller.ask(request)
    times: list[float] = []
    began = time.perf_counter()

    async def work(caller: Caller) -> None:
        while time.perf_counter() - began < seconds:
            start = time.perf_counter()
            await caller.ask(request)
            times.append(time.perf_counter() - start)

    await asyncio.gather(*(work(caller) for caller in callers))
    took = time.perf_counter() - began
    for caller in callers:
        caller.transport.close()
    return times, len(times) / took


async def paced(place: Asked, connections: int, per_second: float, seconds: float) -> list[float]:
    """Times of calls that leave by the clock, in turns over so many connections. One whose connection is not free when
    it is due counts from then on: what a stall holds up is charged to it.
    """
    request = place.request()
    callers = [await connected(place) for _ in range(connections)]
    times: list[float] = []
    began = time.perf_counter() + 0.1

    async def work(caller: Caller, place: int) -> None:
        for number in range(place, int(per_second * seconds), connections):
            due = began + number / per_second
            late = time.perf_counter() > due
            if not late:
                await asyncio.sleep(due - time.perf_counter())
            start = due if late else time.perf_counter()
            await caller.ask(request)
            times.append(time.perf_counter() - start)
        caller.transport.close()

    await asyncio.gather(*(work(caller, place) for place, caller in enumerate(callers)))
    return times


def allow_this_machine(port: int) -> None:
    """Lets the hub on this port reach upstreams on this machine."""
    values = {"security.egress_allowed": ["127.0.0.0/8"]}
    api(port, "PUT", "/api/config/system", {"level": "hub", "values": values})


def api(port: int, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        json.dumps(body).encode(),
        {"authorization": f"Bearer {KEY}", "content-type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        return dict(json.loads(answer.read() or b"{}"))
