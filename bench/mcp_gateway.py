"""What the MCP gateway costs its callers: calls a second, added latency, dead servers beside living ones, sessions.

    python bench/mcp_gateway.py            beside the bare server, in one run
    python bench/mcp_gateway.py --peer contextforge

The server behind it is `fake_tools.py`, a process that answers from memory. The hub runs as it is delivered, with a
key, a rule that limits and counts each call, spans and the audit log on. Client, server, hub and its databases share
the machine.
"""

import argparse
import asyncio
import contextlib
import json
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from calling import Asked, Caller, allow_this_machine, api, connected, latencies, paced
from contextforge import contextforge
from report import machine, milliseconds, number, percentile, print_json, spread, table
from server import Server, beside, free_port, mno

REVISION = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
LIVING, DEAD = 80, 20
ROUNDS = 5
#: Clients at once where a single one says little, and calls a second that they make by the clock: half of what is asked
#: of the hub. Without a clock the time of a call is how many wait, divided by how many are answered in a second.
CLIENTS, PACE = 32, 500
SESSIONS = 10_000


@dataclass(frozen=True, slots=True)
class Door:
    """Where tools are called in the newer era."""

    name: str
    port: int
    path: str
    key: str

    def request(self) -> bytes:
        return self.asking("tools/call", {"name": "echo", "arguments": {"text": "What does a gateway cost?"}}, "echo")

    def asking(self, method: str, params: dict[str, Any], name: str = "") -> bytes:
        said = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
        about = f"mcp-name: {name}\r\n" if name else ""
        return self.posted(said, f"mcp-protocol-version: {REVISION}\r\nmcp-method: {method}\r\n{about}")

    def posted(self, said: dict[str, Any], headers: str) -> bytes:
        body = json.dumps(said, separators=(",", ":")).encode()
        return (
            f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self.key}\r\n{headers}"
            f"content-type: application/json\r\naccept: application/json, text/event-stream\r\nuser-agent: bench\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body


@dataclass
class Figures:
    """Of one door."""

    name: str
    one: list[float] = field(default_factory=list)
    many: list[float] = field(default_factory=list)
    #: At PACE calls a second, from as many clients.
    paced: list[float] = field(default_factory=list)
    per_second: float = 0.0
    #: Seconds of processor for one call, the hub's databases included.
    processor_s: float = 0.0


def hub_door(hub: Server, tools_port: int) -> Door:
    """One server, and a rule with every limit, all far away."""
    port = hub.port
    allow_this_machine(port)
    api(port, "POST", "/api/mcp/registry", {"name": "fake", "address": f"http://127.0.0.1:{tools_port}/mcp"})
    limits = {"calls_per_minute": 1_000_000, "concurrent_calls": 10_000, "calls_per_day": 10**9}
    api(port, "POST", "/api/mcp/policies", {"name": "bench", "counted_by": "key", **limits})
    made = api(port, "POST", "/api/keys", {"name": "bench", "scopes": ["tools"]})
    return Door("hub", port, "/mcp/fake", made["key"])


async def measured(doors: Sequence[Asked], names: Sequence[str], seconds: float, hub: Server) -> list[Figures]:
    """In turns, so that what the machine does besides falls on all alike."""
    found = [Figures(name) for name in names]
    for _ in range(3):
        for door, figures in zip(doors, found, strict=True):
            figures.one += (await latencies(door, 1, seconds / 3))[0]
    for door, figures in zip(doors, found, strict=True):
        before = hub.processor_s()
        times, figures.per_second = await latencies(door, 16, seconds)
        if figures.name == "hub":
            figures.processor_s = (hub.processor_s() - before) / max(1, len(times))
        figures.many, _ = await latencies(door, CLIENTS, seconds)
        if figures.per_second > 1.5 * PACE:
            figures.paced = await paced(door, CLIENTS, PACE, seconds)
    return found


# — dead servers —


@dataclass(frozen=True, slots=True)
class Beside:
    """One round: healthy calls without and with dead servers, in seconds, and how long a list of all tools took."""

    without: float
    beside: float
    list_s: float


async def isolated(door: Door, tools_port: int, seconds: float, rounds: int) -> list[Beside]:
    """p99 of calls over LIVING servers, with the dead ones switched off and on, while a client lists all tools."""
    living = [added(door, f"living-{place}", f"http://127.0.0.1:{tools_port}/{place}") for place in range(LIVING)]
    hanging = socket.create_server(("127.0.0.1", 0), backlog=1024)  # connects, and nobody ever answers
    ports = free_port(), hanging.getsockname()[1]
    dead = [added(door, f"dead-{place}", f"http://127.0.0.1:{ports[place % 2]}/mcp") for place in range(DEAD)]
    doors = [Door(name, door.port, f"/mcp/{name}", door.key) for _, name in living]
    found = []
    for _ in range(rounds):
        p99 = {}
        took = 0.0
        for on in (False, True):
            for id_, _ in dead:
                api(door.port, "PATCH", f"/api/mcp/registry/{id_}", {"enabled": on})
            took = await listed(door, LIVING)
            async with listing(door):
                p99[on] = percentile(await spread_over(doors, seconds), 0.99)
        found.append(Beside(p99[False], p99[True], took))
    hanging.close()
    return found


def added(door: Door, name: str, address: str) -> tuple[str, str]:
    return api(door.port, "POST", "/api/mcp/registry", {"name": name, "address": address})["id"], name


async def listed(door: Door, at_least: int) -> float:
    """How long a list of all tools takes at first, in seconds; `RuntimeError` where a living server is missing."""
    caller = await connected(door)
    began = time.perf_counter()
    await caller.ask(whole(door).asking("tools/list", {}))
    took = time.perf_counter() - began
    answer = json.loads(caller.body())
    caller.transport.close()
    tools = answer.get("result", {}).get("tools", [])
    if len(tools) < at_least:
        raise RuntimeError(f"Only {len(tools)} tools of {at_least} servers are listed: {str(answer)[:500]}")
    return took


def whole(door: Door) -> Door:
    return Door("all", door.port, "/mcp", door.key)


@contextlib.asynccontextmanager
async def listing(door: Door) -> AsyncIterator[None]:
    """Somebody lists all tools ten times a second meanwhile."""

    async def go_on() -> None:
        caller = await connected(door)
        request = whole(door).asking("tools/list", {})
        while True:
            await caller.ask(request)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def spread_over(doors: Sequence[Door], seconds: float, connections: int = 8) -> list[float]:
    """Times of calls that go to one server after another, over so many connections."""
    requests = [door.request() for door in doors]
    times: list[float] = []
    began = time.perf_counter()

    async def work(place: int) -> None:
        caller = await connected(doors[0])
        while time.perf_counter() - began < seconds:
            place = (place + connections) % len(requests)
            start = time.perf_counter()
            await caller.ask(requests[place])
            times.append(time.perf_counter() - start)
        caller.transport.close()

    await asyncio.gather(*(work(place) for place in range(connections)))
    return times


# — sessions —


@dataclass(frozen=True, slots=True)
class Left:
    """What a program holds: processes, sockets and other open files, bytes of memory."""

    processes: int
    files: int
    memory: int


def held(hub: Server) -> Left:
    family = [psutil.Process(hub.process.pid), *psutil.Process(hub.process.pid).children(recursive=True)]
    return Left(len(family), psutil.Process(hub.process.pid).num_fds(), hub.memory().proportional)


async def sessions(door: Door, hub: Server, count: int) -> tuple[Left, Left]:
    """Clients of the older era begin a session, call a tool and end it; half of them do not wait for the result."""
    await some_sessions(door, max(100, count // 20))  # what is made once is made before
    await asyncio.sleep(3)
    before = held(hub)
    await some_sessions(door, count)
    await asyncio.sleep(3)
    return before, held(hub)


async def some_sessions(door: Door, count: int) -> None:
    numbers = iter(range(count))

    async def work() -> None:
        for turn in numbers:
            caller = await connected(door)
            await one_session(door, caller, is_rude=turn % 2 == 1)
            caller.transport.close()

    await asyncio.gather(*(work() for _ in range(8)))


async def one_session(door: Door, caller: Caller, *, is_rude: bool) -> None:
    greeting = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    await caller.ask(door.posted({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": greeting}, ""))
    session = caller.header("mcp-session-id")
    own = f"mcp-session-id: {session}\r\nmcp-protocol-version: 2025-11-25\r\n" if session else ""
    call = {"name": "echo", "arguments": {"text": "once"}}
    said = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    if is_rude:  # it leaves while its call is under way
        caller.transport.write(door.posted(said, own))
    else:
        await caller.ask(door.posted(said, own))
    if session:
        if is_rude:
            caller = await connected(door)
        await caller.ask(
            f"DELETE {door.path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {door.key}\r\n{own}\r\n".encode(),
            status=b"20",
        )
        caller.transport.close()


# — what is told —


def shown(found: Sequence[Figures]) -> str:
    bare = found[0]
    rows = []
    for figures in found:
        one, many, by_clock = spread(figures.one), spread(figures.many), spread(figures.paced)
        rows.append(
            [
                figures.name,
                milliseconds(one["p50_ms"]),
                f"{one['p50_ms'] - spread(bare.one)['p50_ms']:+.2f}",
                milliseconds(many["p99_ms"]),
                f"{many['p99_ms'] - spread(bare.many)['p99_ms']:+.2f}",
                f"{by_clock['p99_ms']:.1f} {by_clock['p99_ms'] - spread(bare.paced)['p99_ms']:+.2f}",
                number(figures.per_second),
            ]
        )
    head = ["", "p50 ms, 1", "added", "p99 ms, 32", "added", f"p99 ms, 32 at {PACE}/s", "calls/s, 16"]
    return table(head, rows)


def told(rounds: Sequence[Beside]) -> str:
    without, beside = statistics.median(one.without for one in rounds), statistics.median(one.beside for one in rounds)
    return (
        f"{LIVING + DEAD} servers, {DEAD} of them dead: p99 of a healthy call {1000 * without:.1f} ms without the dead"
        f" ones, {1000 * beside:.1f} ms beside them (medians of {len(rounds)} rounds);"
        f" a first list of all tools took {max(one.list_s for one in rounds):.2f} s at most"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", choices=["contextforge"])
    parser.add_argument("--quick", action="store_true", help="a hint in seconds")
    parser.add_argument("--json", action="store_true")
    wished = parser.parse_args()
    seconds, rounds, count = (2.0, 3, 400) if wished.quick else (12.0, ROUNDS, SESSIONS)
    with beside("fake_tools.py") as tools_port, mno() as hub, contextlib.ExitStack() as started:
        door = hub_door(hub, tools_port)
        doors: list[Asked] = [Door("server", tools_port, "/mcp", "none"), door]
        names = ["server", "hub"]
        if wished.peer:
            folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="contextforge-bench-")))
            doors.append(started.enter_context(contextforge(tools_port, folder)))
            names.append("contextforge")
        found = asyncio.run(measured(doors, names, seconds, hub))
        before, after = asyncio.run(sessions(door, hub, count))
        isolation = asyncio.run(isolated(door, tools_port, seconds / 2, rounds))
    if wished.json:
        figures = [
            {
                "name": one.name,
                "one": spread(one.one),
                "many": spread(one.many),
                "paced": spread(one.paced),
                "calls_per_second": one.per_second,
                "processor_ms": 1000 * one.processor_s,
            }
            for one in found
        ]
        print_json({"machine": machine(), "doors": figures, "beside": isolation, "sessions": [count, before, after]})
        return
    print(machine())
    print(shown(found))
    print(f"The hub takes {1000 * found[1].processor_s:.2f} ms of processor for a call.")
    if wished.peer:
        print(f"{found[1].per_second / found[2].per_second:.0f} times {wished.peer}")
    print(told(isolation))
    grown = (after.memory - before.memory) / 2**20
    print(
        f"{count:,} sessions left {after.processes - before.processes} processes, {after.files - before.files} open"
        f" files and {grown:+.0f} MiB behind"
    )


if __name__ == "__main__":
    main()
