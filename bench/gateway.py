"""What the LLM gateway costs its callers: added latency, requests a second, time to the first chunk, held streams.

    python bench/gateway.py            beside the bare provider, in one run
    python bench/gateway.py --peer litellm

The provider is `fake_provider.py`, a process that answers from memory. The hub runs as it is delivered, with a virtual
key that has limits, spans and budgets on. Client, provider, hub and its databases share the machine.
"""

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from calling import allow_this_machine, api, connected, latencies, paced
from client import Target
from peers import installed
from report import machine, milliseconds, number, print_json, spread, table
from server import Server, beside, free_port, mno, running

BODY = {
    "model": "gpt-4o-mini",
    "messages": [
        {"role": "system", "content": "You answer briefly and to the point, in the language of the question."},
        {"role": "user", "content": "What does a gateway cost, measured and not guessed? " * 8},
    ],
    "max_tokens": 200,
}
STREAMS_HELD = 1_000
#: Requests a second that leave by the clock, half of what is asked of the hub. Without a clock the time of a request is
#: how many wait, divided by how many are answered in a second.
PACE = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where chat completions are asked for."""

    name: str
    port: int
    path: str
    key: str

    def request(self, **more: Any) -> bytes:
        body = json.dumps({**BODY, **more}, separators=(",", ":")).encode()
        return (
            f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self.key}\r\n"
            f"content-type: application/json\r\naccept: application/json\r\nuser-agent: bench\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body


@dataclass
class Figures:
    """Of one place."""

    name: str
    one: list[float] = field(default_factory=list)
    sixteen: list[float] = field(default_factory=list)
    #: Over as many connections, at PACE requests a second.
    paced: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    per_second: float = 0.0
    #: Seconds of processor for one request, the hub's databases included; independent of what else the machine does.
    processor_s: float = 0.0


async def first_chunks(place: Place, seconds: float) -> list[float]:
    request = place.request(stream=True)
    caller = await connected(place)
    times: list[float] = []
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        start = time.perf_counter()
        await caller.first_chunk(request)
        times.append(time.perf_counter() - start)
        await caller.rest()
    caller.transport.close()
    return times


async def measured(places: list[Place], seconds: float, server: Server) -> list[Figures]:
    """In turns, so that what the machine does besides falls on all alike."""
    found = [Figures(place.name) for place in places]
    for _ in range(3):
        for place, figures in zip(places, found, strict=True):
            figures.one += (await latencies(place, 1, seconds / 3))[0]
            figures.first += await first_chunks(place, seconds / 3)
    for place, figures in zip(places, found, strict=True):
        before = server.processor_s()
        figures.sixteen, figures.per_second = await latencies(place, 16, seconds)
        if place.name == "hub":
            figures.processor_s = (server.processor_s() - before) / max(1, len(figures.sixteen))
        if figures.per_second > 1.5 * PACE:
            figures.paced = await paced(place, 16, PACE, seconds)
    return found


async def held_streams(place: Place, server: Server, count: int) -> dict[str, float]:
    """What the hub's memory grows by while so many streams are open."""
    await asyncio.sleep(2)
    before = server.memory()
    request = place.request(stream=True, hold=True)
    callers = []
    for _ in range(count):
        caller = await connected(place)
        await caller.first_chunk(request)
        callers.append(caller)
    await asyncio.sleep(1)
    after = server.memory()
    for caller in callers:
        caller.leave()
    return {"streams": count, "grown_mib": (after.proportional - before.proportional) / 2**20}


def hub_place(server: Server, provider_port: int) -> Place:
    """A provider, a key with every limit, and two budgets that count each call, all far from full."""
    port = server.port
    allow_this_machine(port)
    upstream = {"name": "fake", "kind": "openai-compatible", "base_url": f"http://127.0.0.1:{provider_port}"}
    api(port, "POST", "/api/gateway/providers", {**upstream, "priced_as": "openai", "credential": "sk-fake"})
    made = api(port, "POST", "/api/keys", {"name": "bench", "scopes": ["gateway"]})
    limits = {
        "models": ["gpt-*"],
        "requests_per_minute": 10**9,
        "tokens_per_minute": 10**12,
        "concurrent_calls": 100_000,
        "output_tokens": 4096,
    }
    api(port, "PUT", f"/api/gateway/keys/{made['id']}", limits)
    api(port, "POST", "/api/budgets", {"name": "of the project", "limit": "1000000"})
    api(port, "POST", "/api/budgets", {"name": "of each key", "limit": "1000000", "per": "api_key", "period": "day"})
    return Place("hub", port, "/llm/fake/v1/chat/completions", made["key"])


@contextmanager
def litellm(provider_port: int) -> Iterator[Place]:
    """LiteLLM's proxy without a database, as its documentation starts it."""
    port = free_port()
    model = {"model": "openai/gpt-4o-mini", "api_base": f"http://127.0.0.1:{provider_port}/v1", "api_key": "sk-fake"}
    with tempfile.TemporaryDirectory(prefix="litellm-bench-") as name:
        config = Path(name) / "config.yaml"
        config.write_text(json.dumps({"model_list": [{"model_name": "gpt-4o-mini", "litellm_params": model}]}))
        command = [str(installed("litellm[proxy]") / "litellm"), "--config", str(config), "--port", str(port)]
        target = Target(f"http://127.0.0.1:{port}", "/v1/chat/completions")
        key = f"sk-{secrets.token_hex(32)}"  # without one it does not start
        own = {"LITELLM_MASTER_KEY": key}
        with running([*command, "--host", "127.0.0.1"], own, target, "/health/liveliness", Path(name)):
            yield Place("litellm", port, "/v1/chat/completions", key)


def shown(found: list[Figures]) -> str:
    bare = found[0]
    rows = []
    for figures in found:
        one, sixteen, first = spread(figures.one), spread(figures.sixteen), spread(figures.first)
        by_clock, bare_by_clock = spread(figures.paced)["p99_ms"], spread(bare.paced)["p99_ms"]
        base_one, base_first = spread(bare.one)["p50_ms"], spread(bare.first)["p50_ms"]
        rows.append(
            [
                figures.name,
                milliseconds(one["p50_ms"]),
                f"{one['p50_ms'] - base_one:+.2f}",
                milliseconds(sixteen["p99_ms"]),
                f"{sixteen['p99_ms'] - spread(bare.sixteen)['p99_ms']:+.2f}",
                f"{by_clock:.1f} {by_clock - bare_by_clock:+.2f}",
                number(figures.per_second),
                f"{first['p50_ms'] - base_first:+.2f}",
            ]
        )
    head = [
        "",
        "p50 ms, 1",
        "added",
        "p99 ms, 16",
        "added",
        f"p99 ms, 16 at {PACE}/s",
        "requests/s, 16",
        "first chunk added ms",
    ]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", choices=["litellm"])
    parser.add_argument("--quick", action="store_true", help="a hint in seconds")
    parser.add_argument("--json", action="store_true")
    wished = parser.parse_args()
    seconds = 2.0 if wished.quick else 12.0
    with beside("fake_provider.py") as provider_port, mno() as server:
        places = [Place("provider", provider_port, "/v1/chat/completions", "sk"), hub_place(server, provider_port)]
        if wished.peer:
            with litellm(provider_port) as peer:
                found = asyncio.run(measured([*places, peer], seconds, server))
        else:
            found = asyncio.run(measured(places, seconds, server))
        held = asyncio.run(held_streams(places[1], server, 100 if wished.quick else STREAMS_HELD))
    if wished.json:
        places_told = [
            {
                "name": one.name,
                "one": spread(one.one),
                "sixteen": spread(one.sixteen),
                "paced": spread(one.paced),
                "first": spread(one.first),
                "requests_per_second": one.per_second,
                "processor_ms": 1000 * one.processor_s,
            }
            for one in found
        ]
        print_json({"machine": machine(), "places": places_told, "held": held})
        return
    print(machine())
    print(shown(found))
    print(f"The hub takes {1000 * found[1].processor_s:.2f} ms of processor for a request.")
    print(f"{held['streams']:,} open streams: {held['grown_mib']:,.0f} MiB above idle")


if __name__ == "__main__":
    main()
