"""Ingest: how many spans a second become queryable, how soon, at what cost in memory, and whether all are there.

    python bench/ingest.py [--seconds 30] [--quick] [--memory] [--peer phoenix] [--peer mlflow] [--json]

The hub runs as its users run it (`mno serve`, embedded engines, new data folder) on the same machine as the load,
so the load's own processor time is part of every figure. A peer gets the same load in an environment of its own,
in the same run, one after the other.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from client import CONNECTIONS, Connection, Sent, Target, closed_loop, open_loop
from peers import PEERS, version
from report import machine, mebibytes, milliseconds, number, print_json, spread, table
from server import Server, mno, stored_spans
from spans import CALLS_PER_TRACE, SPANS_PER_REQUEST, SPANS_PER_TRACE, Load

STEADY_SPANS_PER_SECOND = 5_000
#: How often a sampled span is asked for until it is visible.
POLL_S = 0.02
#: A request is sampled at most this often.
SAMPLE_EVERY_S = 0.25
VISIBLE_TIMEOUT_S = 60.0
WARM_UP_S = 3.0
SETTLE_S = 8.0
#: Requests that are sent alone, to see how soon each is visible.
SINGLES = 20


class Product(Protocol):
    """How one product is started and asked."""

    def start(self) -> AbstractContextManager[Server]: ...

    def visible(self, connection: Connection, trace_id: bytes) -> bool:
        """Whether the query API shows this trace."""
        ...

    def queryable_spans(self, target: Target) -> int:
        """How many spans the query API counts."""
        ...


class Hub:
    """Ours; what it stored is counted once more after it has stopped."""

    stored = 0

    @contextmanager
    def start(self) -> Iterator[Server]:
        with tempfile.TemporaryDirectory(prefix="mno-bench-") as name:
            with mno(Path(name)) as server:
                yield server
            self.stored = stored_spans(Path(name))

    def visible(self, connection: Connection, trace_id: bytes) -> bool:
        return connection.get(f"/api/traces/{trace_id.hex()}")[0] == 200

    def queryable_spans(self, target: Target) -> int:
        rows = target.get("/api/usage/summary?from=-24h&interval=none")["rows"]
        return sum(row["calls"] for row in rows) * SPANS_PER_TRACE // CALLS_PER_TRACE


@dataclass(slots=True)
class Freshness:
    """Asks for sampled traces from the moment of their sending until they are visible."""

    product: Product
    target: Target
    seconds: list[float] = field(default_factory=list)
    never: int = 0
    _last: float = 0.0
    _threads: list[threading.Thread] = field(default_factory=list)

    def sample(self, _number: int, trace_id: bytes) -> None:
        now = time.perf_counter()
        if now - self._last < SAMPLE_EVERY_S:
            return
        self._last = now
        thread = threading.Thread(target=self.watch, args=(trace_id, now), name="freshness")
        self._threads.append(thread)
        thread.start()

    def watch(self, trace_id: bytes, sent_at: float) -> None:
        connection = self.target.connection()
        try:
            while time.perf_counter() < sent_at + VISIBLE_TIMEOUT_S:
                if self.product.visible(connection, trace_id):
                    self.seconds.append(time.perf_counter() - sent_at)
                    return
                time.sleep(POLL_S)
            self.never += 1
        finally:
            connection.close()

    def finish(self) -> dict[str, Any]:
        for thread in self._threads:
            thread.join()
        return {**spread(self.seconds), "never_visible": self.never}


@dataclass(slots=True)
class Run:
    """One server's life: the phases count on what was sent before."""

    product: Product
    server: Server
    #: How long to wait, once a load has ended, for the rest to become queryable.
    patience_s: float
    requests: int = 0
    phase: int = 0

    def new_load(self) -> Load:
        self.phase += 1
        return Load(first=self.phase << 32)

    def closed(self, seconds: float) -> Sent:
        sent = closed_loop(self.server.target, self.new_load(), seconds)
        self.requests += sent.requests
        return sent

    def wait_until_queryable(self) -> tuple[int, float]:
        """Spans that can be queried, and since when; gives up when patience ends."""
        expected = self.requests * SPANS_PER_REQUEST
        began = time.perf_counter()
        while True:
            found, now = self.product.queryable_spans(self.server.target), time.perf_counter()
            if found >= expected or now - began > self.patience_s:
                return found, now
            time.sleep(POLL_S)

    def idle(self) -> dict[str, Any]:
        time.sleep(SETTLE_S)
        memory = self.server.memory()
        return {"resident_bytes": memory.resident, "proportional_bytes": memory.proportional}

    def alone(self) -> dict[str, Any]:
        """Freshness of single requests, one after the other, on a server that does nothing else."""
        freshness = Freshness(self.product, self.server.target)
        load, connection = self.new_load(), self.server.target.connection()
        for single in range(SINGLES):
            body, trace_id = load.request(single, time.time_ns())
            sent_at = time.perf_counter()
            connection.post(self.server.target.traces_path, body, "application/x-protobuf")
            self.requests += 1
            freshness.watch(trace_id, sent_at)
        connection.close()
        return freshness.finish()

    def sustained(self, seconds: float) -> dict[str, Any]:
        """As fast as the connections go, then until everything can be queried."""
        before = self.requests * SPANS_PER_REQUEST
        processor_s, own_s = self.server.processor_s(), time.process_time()
        sent = self.closed(seconds)
        queryable, queryable_at = self.wait_until_queryable()
        return {
            "accepted": sent.spans,
            "queryable": queryable - before,
            "refused_requests": sent.refused,
            "accepted_per_second": sent.spans / sent.seconds,
            "queryable_per_second": (queryable - before) / (queryable_at - sent.started),
            "lag_s": queryable_at - sent.ended,
            "server_microseconds_per_span": 1e6 * (self.server.processor_s() - processor_s) / sent.spans,
            "client_microseconds_per_span": 1e6 * (time.process_time() - own_s) / sent.spans,
            "answers": spread(sent.answers_s),
        }

    def steady(self, seconds: float) -> dict[str, Any]:
        """At a fixed rate: how soon the answer comes, how soon a span is visible."""
        freshness = Freshness(self.product, self.server.target)
        sent = open_loop(
            self.server.target, self.new_load(), seconds, STEADY_SPANS_PER_SECOND, on_send=freshness.sample
        )
        self.requests += sent.requests
        visible = freshness.finish()
        self.wait_until_queryable()
        return {"spans_per_second": sent.spans / sent.seconds, "answers": spread(sent.answers_s), "freshness": visible}

    def millions(self, count: int = 2) -> list[int]:
        """Resident bytes after each million spans, once the server has settled."""
        resident = []
        for _ in range(count):
            goal = self.requests + 1_000_000 // SPANS_PER_REQUEST
            while self.requests < goal:
                self.closed(5)
            self.wait_until_queryable()
            time.sleep(SETTLE_S)
            resident.append(self.server.memory().resident)
        return resident


def hub(seconds: float, *, memory: bool) -> dict[str, Any]:
    product = Hub()
    with product.start() as server:
        run = Run(product, server, patience_s=600)
        figures: dict[str, Any] = {"idle": run.idle()}
        run.closed(WARM_UP_S)
        run.wait_until_queryable()
        figures["alone"] = run.alone()
        figures["sustained"] = run.sustained(seconds)
        figures["steady"] = run.steady(seconds)
        if memory:
            figures["resident_after_millions"] = run.millions()
        figures["accepted_spans"] = run.requests * SPANS_PER_REQUEST
    figures["stored_spans"] = product.stored
    return figures


def peer(name: str, seconds: float) -> dict[str, Any]:
    """The same load and the same questions; the rate is of what could be queried when patience ended."""
    product = PEERS[name]()
    figures: dict[str, Any] = {"version": version(product.package)}
    with product.start() as server:
        run = Run(product, server, patience_s=seconds)
        figures["idle"] = run.idle()
        figures["alone"] = run.alone()
        run.wait_until_queryable()
        figures["sustained"] = run.sustained(seconds)
    return figures


def bare(seconds: float) -> dict[str, Any]:
    """The pipeline without HTTP, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("bare.py")), "--seconds", str(seconds), "--json"]
    figures: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return figures


def measured(seconds: float, peers: list[str], *, memory: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {"machine": machine(), "connections": CONNECTIONS, "seconds": seconds}
    figures["bare"] = bare(seconds / 2)
    figures["mno"] = hub(seconds, memory=memory)
    figures["peers"] = {name: peer(name, seconds) for name in peers}
    return figures


def shown(figures: dict[str, Any]) -> str:
    ours, bare_rate = figures["mno"], figures["bare"]["pipeline"]["spans_per_second"]
    sustained, steady = ours["sustained"], ours["steady"]
    rows = [
        ("sustained, accept to queryable", "≥ 20,000 spans/s", f"{number(sustained['queryable_per_second'])} spans/s"),
        ("accepted at the same time", "", f"{number(sustained['accepted_per_second'])} spans/s"),
        ("bare pipeline, no HTTP", "", f"{number(bare_rate)} spans/s"),
        ("ratio to the bare pipeline", "≥ 0.50", f"{sustained['queryable_per_second'] / bare_rate:.2f}"),
        ("processor, server and load", "", _processor(sustained)),
        ("answer at 5,000 spans/s, p50", "", f"{milliseconds(steady['answers']['p50_ms'])} ms"),
        ("answer at 5,000 spans/s, p95", "", f"{milliseconds(steady['answers']['p95_ms'])} ms"),
        ("answer at 5,000 spans/s, p99", "< 100 ms", f"{milliseconds(steady['answers']['p99_ms'])} ms"),
        ("visible at 5,000 spans/s, p50", "", f"{milliseconds(steady['freshness']['p50_ms'])} ms"),
        ("visible at 5,000 spans/s, p95", "< 100 ms", f"{milliseconds(steady['freshness']['p95_ms'])} ms"),
        ("visible, one request alone, p50", "", f"{milliseconds(ours['alone']['p50_ms'])} ms"),
        ("idle memory with Postgres, shared counted once", "", f"{mebibytes(ours['idle']['proportional_bytes'])} MiB"),
        ("idle memory with Postgres, resident", "< 700 MB", f"{mebibytes(ours['idle']['resident_bytes'])} MiB"),
        ("accepted, and stored once at the end", "equal", _counts(ours)),
        *_memory_rows(ours.get("resident_after_millions")),
    ]
    text = f"{figures['machine']}\n\n{table(('figure', 'target', 'measured'), rows)}"
    if figures["peers"]:
        text += f"\n\n{_peer_table(figures)}"
    return text


def _processor(sustained: dict[str, Any]) -> str:
    return (
        f"{sustained['server_microseconds_per_span']:.0f} + {sustained['client_microseconds_per_span']:.0f} µs a span"
    )


def _counts(ours: dict[str, Any]) -> str:
    return f"{number(ours['accepted_spans'])}, {number(ours['stored_spans'])}"


def _memory_rows(resident: list[int] | None) -> list[tuple[str, str, str]]:
    if not resident:
        return []
    first, second = resident[0], resident[-1]
    return [
        ("resident after the first million spans", "", f"{mebibytes(first)} MiB"),
        ("resident after the second", "within 5 %", f"{mebibytes(second)} MiB ({second / first - 1:+.1%})"),
    ]


def _peer_table(figures: dict[str, Any]) -> str:
    ours = figures["mno"]["sustained"]["queryable_per_second"]
    rows = [("mno", *_peer_cells(figures["mno"]), "1")]
    for name, found in figures["peers"].items():
        ratio = ours / max(found["sustained"]["queryable_per_second"], 0.1)
        rows.append((f"{name} {found['version']}", *_peer_cells(found), f"{ratio:,.0f}"))
    return table(
        ("product", "accepted", "queryable", "spans/s to queryable", "one alone, p50", "idle MiB", "mno is × faster"),
        rows,
    )


def _peer_cells(found: dict[str, Any]) -> tuple[str, ...]:
    sustained = found["sustained"]
    return (
        number(sustained["accepted"]),
        number(sustained["queryable"]),
        number(sustained["queryable_per_second"]),
        f"{milliseconds(found['alone']['p50_ms'])} ms",
        mebibytes(found["idle"]["resident_bytes"]),
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=30, help="length of each load (default 30)")
    options.add_argument("--quick", action="store_true", help="5 seconds a load")
    options.add_argument("--memory", action="store_true", help="send two million spans and watch resident memory")
    options.add_argument(
        "--peer", action="append", choices=sorted(PEERS), default=[], help="measure another product too"
    )
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = measured(5 if chosen.quick else chosen.seconds, chosen.peer, memory=chosen.memory)
    if chosen.json:
        print_json(figures)
    else:
        print(shown(figures))
    return 0 if figures["mno"]["accepted_spans"] == figures["mno"]["stored_spans"] else 1


if __name__ == "__main__":
    sys.exit(main())
