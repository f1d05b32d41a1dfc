"""The bare pipeline, without HTTP, in one process: what the server's throughput is measured against.

Two figures. `stages` runs decode, price, columns and insert one after the other on one thread, each with its
share of the time. `pipeline` pushes the same requests through the real service (decoder threads, journal, admission,
block, insert) as fast as it takes them, until the last span can be queried.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from mno.observability.costs import catalogue
from mno.observability.costs.pricing import PriceBook
from mno.observability.ingest.admission import Admission
from mno.observability.ingest.decoders import Decoders
from mno.observability.ingest.decoding import Kind, Sent
from mno.observability.ingest.journal import Journal, record
from mno.observability.ingest.meters import Meters
from mno.observability.ingest.otlp import decode_protobuf
from mno.observability.ingest.pipeline import Pipeline
from mno.observability.ingest.service import Ingest
from mno.observability.ingest.signal_writer import SignalWriter
from mno.observability.ingest.store import SignalStore
from mno.observability.ingest.writer import BlockWriter
from mno.observability.spans.columns import block
from mno.observability.spans.model import Owner
from mno.observability.spans.store import SpanStore
from mno.observability.spans.stream import SpanFeed
from mno.platform import interpreter
from mno.platform.clickhouse import ClickHouse
from mno.platform.errors import LimitExceeded
from mno.platform.migrate import migrate_clickhouse, migrations_of
from mno.platform.redaction import Rules
from mno.settings.catalogue import BY_NAME
from report import number, print_json, table
from spans import SPANS_PER_REQUEST, Load

OWNER = Owner(str(UUID(int=1)), str(UUID(int=2)), "otlp", "bench-key")
#: Requests in one block of the staged run: 10,000 spans.
REQUESTS_PER_BLOCK = 100
#: Requests in flight of the pipeline run, as many as four connections and their queue would hold.
IN_FLIGHT = 8
#: How long a sender waits that hears of a full backlog, in seconds.
FULL_S = 0.02


def rules_of(_team: UUID, _project: UUID) -> Rules:
    """What a hub redacts unless it is told otherwise."""
    return Rules.of(BY_NAME["redaction.detectors"].default, ())


class ListPrices:
    """The bundled price list for every project."""

    def __init__(self) -> None:
        self._book = PriceBook(catalogue.bundled())

    def book(self, team_id: UUID, project_id: UUID) -> PriceBook:  # noqa: ARG002 - the same list for all
        return self._book


def stages(clickhouse: ClickHouse, seconds: float) -> dict[str, Any]:
    """Spans a second of the stages in a row on one thread, and where the time went."""
    load, prices = Load(), PriceBook(catalogue.bundled())
    store = SpanStore(clickhouse)
    admission = Admission(store.known_spans, store.horizon_us())
    spent = dict.fromkeys(("decode", "price", "record", "admit", "block", "insert", "settle"), 0.0)

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        spent[stage] += time.perf_counter() - started
        return result

    sent = 0
    while sum(spent.values()) < seconds or not sent:
        bodies = [load.request(sent + offset, time.time_ns())[0] for offset in range(REQUESTS_PER_BLOCK)]
        sent += len(bodies)
        decoded = timed("decode", lambda bodies=bodies: [decode_protobuf(body).spans for body in bodies])
        timed("price", lambda decoded=decoded: [prices.price(span) for spans in decoded for span in spans])
        timed("record", lambda decoded=decoded: [record(OWNER, spans) for spans in decoded])
        admitted = timed("admit", lambda decoded=decoded: admission.admit([(OWNER, spans) for spans in decoded]))
        rows = timed("block", lambda admitted=admitted: block(admitted.deliveries, time.time_ns() // 1000))
        timed("insert", lambda rows=rows: store.insert(rows))
        timed("settle", store.settle)
    total = sum(spent.values())
    spans = sent * SPANS_PER_REQUEST
    return {
        "spans": spans,
        "spans_per_second": spans / total,
        "microseconds_per_span": {stage: 1e6 * time_s / spans for stage, time_s in spent.items()},
    }


async def pipeline(clickhouse: ClickHouse, folder: Path, seconds: float) -> dict[str, Any]:
    """Spans a second through the real service, from the first call until the last span is in the store."""
    meters = Meters()
    journal = Journal(folder / "journal")
    writer = BlockWriter(journal, SpanStore(clickhouse), meters, SpanFeed())
    flow = Pipeline(journal, writer, meters)
    await asyncio.to_thread(flow.start)
    signals = SignalWriter(flow, SignalStore(clickhouse), lambda tenants: None)  # noqa: ARG005
    ingest = Ingest(flow, ListPrices(), meters, signals, Decoders(processes=0), rules_of)
    load = Load(first=1 << 40)
    numbers = iter(range(sys.maxsize))
    started = time.perf_counter()
    sent = 0

    async def sender() -> None:
        nonlocal sent
        while time.perf_counter() - started < seconds:
            body, _ = load.request(next(numbers), time.time_ns())
            accepted = await taken(body)
            sent += accepted

    async def taken(body: bytes) -> int:
        while True:
            try:
                return (await ingest.take(OWNER, Sent(Kind.OTLP_PROTOBUF, body))).accepted
            except LimitExceeded:  # decoding has the same interpreter as storing here, and runs ahead of it
                await asyncio.sleep(FULL_S)

    await asyncio.gather(*(sender() for _ in range(IN_FLIGHT)))
    await asyncio.to_thread(flow.stop)
    took_s = time.perf_counter() - started
    ingest.close()
    return {"spans": sent, "spans_per_second": sent / took_s}


def run(seconds: float) -> dict[str, Any]:
    interpreter.settle()  # as the server has it
    with tempfile.TemporaryDirectory(prefix="mno-bench-") as name:
        folder = Path(name)
        clickhouse = ClickHouse(folder / "clickhouse")
        clickhouse.open()
        asyncio.run(migrate_clickhouse(clickhouse, migrations_of("clickhouse"), _say_nothing))
        clickhouse.insert("spans", _warm_up())
        try:
            return {
                "stages": stages(clickhouse, seconds),
                "pipeline": asyncio.run(pipeline(clickhouse, folder, seconds)),
            }
        finally:
            clickhouse.close()


def _warm_up() -> Any:
    """The first insert loads code for seconds; it is nobody's throughput."""
    body, _ = Load(first=1 << 50, templates=1).request(0, time.time_ns())
    return block([(OWNER, decode_protobuf(body).spans)], time.time_ns() // 1000)


def _say_nothing(_step: str) -> None:
    """The schema is made in silence."""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=15)
    options.add_argument("--quick", action="store_true", help="3 seconds")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = run(3 if chosen.quick else chosen.seconds)
    if chosen.json:
        print_json(figures)
        return
    for name in ("stages", "pipeline"):
        print(f"{name:10} {number(figures[name]['spans_per_second'])} spans/s")
    shares = figures["stages"]["microseconds_per_span"]
    print(table(("stage", "µs a span"), [(stage, f"{share:.1f}") for stage, share in shares.items()]))


if __name__ == "__main__":
    main()
