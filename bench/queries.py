"""Queries over many spans: what the Overview page asks, over ten million spans and more.

    python bench/queries.py [--spans 10M] [--folder KEPT] [--rounds 20] [--json]

The spans are written straight into the span store as the ingest writes them (Arrow blocks through the same
columns and rollups), because the subject here is reading. They lie over the last 30 days, 200 users, five
models, a session a trace. Messages are left out: no question of the Overview reads them, and a hundred million
spans would need a hundred gigabytes. With --folder the data is kept and found again.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from client import Target
from mno.observability.costs import catalogue
from mno.observability.costs.pricing import PriceBook
from mno.observability.ingest.admission import Admission
from mno.observability.ingest.otlp import decode_protobuf
from mno.observability.spans.columns import block
from mno.observability.spans.model import Owner, TraceKey
from mno.observability.spans.store import SpanStore
from mno.platform.clickhouse import ClickHouse
from report import machine, milliseconds, number, print_json, spread, table
from server import mno
from spans import SPANS_PER_REQUEST, SPANS_PER_TRACE, Load

REQUESTS_PER_BLOCK = 500
BLOCK_SPANS = REQUESTS_PER_BLOCK * SPANS_PER_REQUEST
DAYS = 30
DAY_US = 86_400_000_000
TARGET_P95_MS = 300

_MICROSECONDS = pa.timestamp("us", "UTC")


class Blocks:
    """Block after block of new spans, the numbers of one decoded block under new ids, sessions and times."""

    def __init__(self, owner: Owner) -> None:
        self._random = np.random.default_rng(1)
        now_ns = time.time_ns()
        load, prices = Load(first=1 << 60), PriceBook(catalogue.bundled())
        spans = [span for number in range(REQUESTS_PER_BLOCK) for span in _decoded(load, number, now_ns)]
        for span in spans:
            prices.price(span)
            span.input_messages = span.output_messages = ""
        admitted = Admission(_nothing_known, -1).admit([(owner, spans)])
        self._table = block(admitted.deliveries, now_ns // 1000)
        self._trace_ids = np.array([list(span.trace_id) for span in spans], np.uint8)
        self._span_ids = np.array([list(span.span_id) for span in spans], np.uint8)
        self._parent_ids = np.array([list(span.parent_span_id) for span in spans], np.uint8)
        self._roots = ~self._parent_ids.any(axis=1)
        self._trace_of = np.arange(BLOCK_SPANS) // SPANS_PER_TRACE
        self._before_end_us = np.array([(now_ns - span.start_ns) // 1000 for span in spans], np.int64)

    def between(self, first_us: int, last_us: int) -> pa.Table:
        """One block whose traces end evenly spread between two moments."""
        mark = self._random.integers(0, 256, 8, np.uint8)
        trace_ids = self._trace_ids.copy()
        trace_ids[:, 8:] ^= mark
        parent_ids = self._parent_ids ^ mark
        parent_ids[self._roots] = 0
        ends = np.linspace(first_us, last_us, BLOCK_SPANS // SPANS_PER_TRACE).astype(np.int64)
        starts = ends[self._trace_of] - self._before_end_us
        sessions = pa.array([f"session-{mark.tobytes().hex()}-{trace}" for trace in range(len(ends))])
        changed = {
            "trace_id": _fixed(trace_ids),
            "span_id": _fixed(self._span_ids ^ mark),
            "parent_span_id": _fixed(parent_ids),
            "session_id": sessions.take(pa.array(self._trace_of)),
            "start_time": pa.array(starts).cast(_MICROSECONDS),
            "ingested_at": pa.array(ends[self._trace_of]).cast(_MICROSECONDS),
        }
        return pa.table({name: changed.get(name, self._table[name]) for name in self._table.column_names})


def _nothing_known(_traces: Sequence[TraceKey]) -> tuple[()]:
    """Every trace of a block is new."""
    return ()


def _decoded(load: Load, number: int, now_ns: int) -> list[Any]:
    return decode_protobuf(load.request(number, now_ns)[0]).spans


def _fixed(ids: "np.ndarray[Any, Any]") -> pa.Array:
    return pa.Array.from_buffers(pa.binary(ids.shape[1]), len(ids), [None, pa.py_buffer(np.ascontiguousarray(ids))])


def fill(folder: Path, spans: int, say: Callable[[str], None]) -> None:
    """Writes the spans into the folder of a hub that is not running."""
    clickhouse = ClickHouse(folder / "clickhouse")
    clickhouse.open()
    try:
        row = clickhouse.read_now("SELECT team_id, project_id, api_key_id, count() AS spans FROM spans GROUP BY ALL")
        sender = row.to_pylist()[0]
        blocks = Blocks(Owner(sender["team_id"], sender["project_id"], "otlp", sender["api_key_id"]))
        count = spans // BLOCK_SPANS
        now_us = time.time_ns() // 1000
        edges = np.linspace(now_us - DAYS * DAY_US, now_us, count + 1).astype(np.int64)
        store = SpanStore(clickhouse)
        started = time.perf_counter()
        for position in range(count):
            store.insert(blocks.between(int(edges[position]), int(edges[position + 1])))
            if position % 20 == 19:
                rate = (position + 1) * BLOCK_SPANS / (time.perf_counter() - started)
                say(f"{number((position + 1) * BLOCK_SPANS)} spans written, {number(rate)} a second")
        store.settle()
    finally:
        clickhouse.close()


def prepare(folder: Path, spans: int, say: Callable[[str], None]) -> None:
    """Lets a hub make the folder and its first span (whose owner the others share), then fills it."""
    done = folder / f"filled-{spans}"
    if done.exists():
        return
    with mno(folder) as server:
        connection = server.target.connection()
        body, _ = Load(first=1 << 61, templates=1).request(0, time.time_ns())
        status, answer = connection.post(server.target.traces_path, body, "application/x-protobuf")
        connection.close()
        if status != 200:
            raise RuntimeError(f"The first request was answered {status}: {answer[:300]!r}")
    fill(folder, spans, say)
    done.touch()


def overview() -> dict[str, str]:
    """What web/src/observability/overview asks, for each of its ranges, and the first page of traces."""
    questions = {}
    for name, hours, interval in (
        ("6 h", 6, "minute"),
        ("24 h", 24, "hour"),
        ("7 d", 168, "hour"),
        ("30 d", 720, "day"),
    ):
        this, before = f"from=-{hours}h&to=now", f"from=-{2 * hours}h&to=-{hours}h"
        summary = "/api/usage/summary?"
        zone = "&timezone=Europe/Berlin" if interval == "day" else ""
        questions[f"{name}: totals"] = f"{summary}{this}&interval=none"
        questions[f"{name}: totals of the period before"] = f"{summary}{before}&interval=none"
        questions[f"{name}: trend by {interval}"] = f"{summary}{this}&interval={interval}{zone}"
        questions[f"{name}: trend of the period before"] = f"{summary}{before}&interval={interval}{zone}"
        for dimension in ("model", "user", "agent"):
            questions[f"{name}: by {dimension}"] = f"{summary}{this}&interval=none&group_by={dimension}"
            questions[f"{name}: by {dimension}, period before"] = (
                f"{summary}{before}&interval=none&group_by={dimension}"
            )
        questions[f"{name}: filter menus"] = f"/api/usage/dimensions?{this}"
        questions[f"{name}: unpriced"] = f"/api/usage/unpriced?{this}"
        questions[f"{name}: first page of traces"] = f"/api/traces?{this}&limit=50"
    return questions


def ask(target: Target, rounds: int) -> dict[str, dict[str, float]]:
    """Every question `rounds` times, the questions in turn, so that none is asked twice in a row."""
    questions = overview()
    times: dict[str, list[float]] = {name: [] for name in questions}
    connection = target.connection()
    for _ in range(rounds):
        for name, path in questions.items():
            began = time.perf_counter()
            status, answer = connection.get(path)
            times[name].append(time.perf_counter() - began)
            if status != 200:
                raise RuntimeError(f"GET {path} answered {status}: {answer[:300]!r}")
    connection.close()
    return {name: spread(seconds) for name, seconds in times.items()}


def measured(spans: int, rounds: int, folder: Path | None, say: Callable[[str], None]) -> dict[str, Any]:
    with _folder(folder) as place:
        prepare(place, spans, say)
        with mno(place) as server:
            calls = server.target.get("/api/usage/summary?from=-40d&interval=none")["rows"][0]["calls"]
            ask(server.target, 1)
            questions = ask(server.target, rounds)
            resident = server.memory().resident
    return {"machine": machine(), "spans": spans, "calls": calls, "resident_bytes": resident, "questions": questions}


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="mno-bench-") as name:
        yield Path(name)


def shown(figures: dict[str, Any]) -> str:
    rows = [
        (name, milliseconds(found["p50_ms"]), milliseconds(found["p95_ms"]))
        for name, found in figures["questions"].items()
    ]
    head = f"{figures['machine']}\n{number(figures['spans'])} spans, {number(figures['calls'])} calls of a model"
    return f"{head}\n\n{table(('question', 'p50 ms', 'p95 ms'), rows)}"


def count_of(text: str) -> int:
    """`10M`, `500k` or a plain number."""
    factor = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return max(BLOCK_SPANS, int(text.rstrip("kM")) * factor)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--spans", type=count_of, default=count_of("10M"), help="10M (default), 100M, 500k, …")
    options.add_argument("--quick", action="store_true", help="500,000 spans, 5 rounds")
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--folder", type=Path, help="keep the data here and use it again")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    spans, rounds = (500_000, 5) if chosen.quick else (chosen.spans, chosen.rounds)
    figures = measured(spans, rounds, chosen.folder, lambda line: print(line, file=sys.stderr))
    print_json(figures) if chosen.json else print(shown(figures))
    slowest = max(found["p95_ms"] for found in figures["questions"].values())
    return 0 if slowest < TARGET_P95_MS else 1


if __name__ == "__main__":
    sys.exit(main())
