"""Load for minutes: memory, the queue and the answer's time must stay flat, and nothing may be lost.

    python bench/soak.py [--seconds 600] [--rate 5000] [--quick] [--json]     (`make soak`)

A hub on a new folder takes spans at a steady rate while a reader asks what the Overview asks once a second.
A line every ten seconds; at the end the last third is held against the middle one.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from client import Sent, Target, open_loop
from queries import overview
from report import machine, mebibytes, milliseconds, number, percentile, print_json, table
from server import Server, mno, stored_spans
from spans import SPANS_PER_REQUEST, Load

SAMPLE_S = 10.0
#: The last third of the samples may hold this much more memory than the middle third.
GROWTH_LIMIT = 0.05


class Watch:
    """Samples the server while the load runs."""

    def __init__(self, server: Server, sample_s: float) -> None:
        self._server = server
        self._sample_s = sample_s
        self._stop = threading.Event()
        self._questions_s: list[float] = []
        self.samples: list[dict[str, Any]] = []
        self._threads = [threading.Thread(target=self._sample), threading.Thread(target=self._read)]

    def __enter__(self) -> "Watch":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _sample(self) -> None:
        began = time.perf_counter()
        while not self._stop.wait(self._sample_s):
            ingest = _ingest(self._server.target)
            asked, self._questions_s = self._questions_s, []
            sample = {
                "second": time.perf_counter() - began,
                "resident_bytes": self._server.memory().resident,
                "queue_spans": ingest["queue_spans"],
                "answer_ms_p95": ingest["answer_ms_p95"],
                "question_ms_p95": 1000 * percentile(asked, 0.95),
            }
            self.samples.append(sample)
            print(_line(sample), file=sys.stderr)

    def _read(self) -> None:
        connection = self._server.target.connection()
        questions = list(overview().values())
        turn = 0
        while not self._stop.wait(1):
            began = time.perf_counter()
            connection.get(questions[turn % len(questions)])
            self._questions_s.append(time.perf_counter() - began)
            turn += 1
        connection.close()


def _ingest(target: Target) -> dict[str, Any]:
    found: dict[str, Any] = target.get("/api/system")["ingest"]
    return found


def _line(sample: dict[str, Any]) -> str:
    return (
        f"{sample['second']:6.0f} s  {mebibytes(sample['resident_bytes'])} MiB resident  "
        f"{number(sample['queue_spans'])} spans wait  answer p95 {milliseconds(sample['answer_ms_p95'] or 0)} ms  "
        f"question p95 {milliseconds(sample['question_ms_p95'])} ms"
    )


def measured(seconds: float, rate: float, sample_s: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mno-bench-") as name:
        with mno(Path(name)) as server, Watch(server, sample_s) as watch:
            sent = open_loop(server.target, Load(), seconds, rate)
        stored = stored_spans(Path(name))
    return {"machine": machine(), **_of(sent, stored), "samples": watch.samples, "growth": growth(watch.samples)}


def _of(sent: Sent, stored: int) -> dict[str, Any]:
    return {
        "spans_per_second": sent.spans / sent.seconds,
        "accepted_spans": sent.requests * SPANS_PER_REQUEST,
        "stored_spans": stored,
        "answer_ms_p50": 1000 * percentile(sent.answers_s, 0.5),
        "answer_ms_p99": 1000 * percentile(sent.answers_s, 0.99),
    }


def growth(samples: list[dict[str, Any]]) -> float:
    """By how much the median memory of the last third exceeds that of the middle third."""
    third = len(samples) // 3
    if third == 0:
        return 0.0
    resident = [sample["resident_bytes"] for sample in samples]
    return statistics.median(resident[-third:]) / statistics.median(resident[third:-third]) - 1


def shown(figures: dict[str, Any]) -> str:
    rows = [
        ("spans a second", number(figures["spans_per_second"])),
        ("accepted, and stored once", f"{number(figures['accepted_spans'])}, {number(figures['stored_spans'])}"),
        ("answer p50, p99", f"{milliseconds(figures['answer_ms_p50'])}, {milliseconds(figures['answer_ms_p99'])} ms"),
        ("memory, last third against the middle", f"{figures['growth']:+.1%}"),
    ]
    return f"{figures['machine']}\n\n{table(('figure', 'measured'), rows)}"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--rate", type=float, default=5_000, help="spans a second (default 5,000)")
    options.add_argument("--quick", action="store_true", help="30 seconds, a sample every 2")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    seconds, sample_s = (30, 2.0) if chosen.quick else (chosen.seconds, SAMPLE_S)
    figures = measured(seconds, chosen.rate, sample_s)
    print_json(figures) if chosen.json else print(shown(figures))
    kept = figures["accepted_spans"] == figures["stored_spans"]
    return 0 if kept and figures["growth"] <= GROWTH_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
