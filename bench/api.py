"""Every documented GET route under load: the API's own description is walked, so a new route cannot be forgotten.

    python bench/api.py [--seconds 20] [--quick] [--folder FILLED] [--json]

A thousand spans a second come in, a few readers ask every route in turn; p95 above 500 ms fails. With --folder
the hub runs over data that bench/queries.py left there.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from client import Target, open_loop
from report import machine, milliseconds, print_json, spread, table
from server import mno
from spans import Load

READERS = 3
SPANS_PER_SECOND = 1_000
#: Traces there are before the first question.
FIRST_SECONDS = 3.0
TARGET_P95_MS = 500

#: Routes that cannot be asked like the others, and why.
LEFT_OUT = {
    "/api/auth/link": "works once, for a browser",
    "/api/spans/stream": "never ends; bench/ingest.py measures how soon a span is visible",
}


def routes(target: Target) -> list[str]:
    """The documented GET routes, parameters still in braces."""
    paths = target.get("/api/openapi.json")["paths"]
    return sorted(path for path, operations in paths.items() if "get" in operations and path not in LEFT_OUT)


def examples(target: Target) -> dict[str, list[str]]:
    """What to put for a parameter of a path: things that exist."""
    traces = [trace["trace_id"] for trace in target.get("/api/traces?from=-1h&limit=50")["items"]]
    spans = {trace: target.get(f"/api/traces/{trace}")["spans"][0]["span_id"] for trace in traces[:10]}
    return {"{trace_id}": list(spans), "{span_id}": list(spans.values()), "{job_id}": [_rerating(target)]}


def _rerating(target: Target) -> str:
    """A job that re-prices the last minute, so that there is one to ask for."""
    connection = target.connection()
    _, answer = connection.post("/api/prices/rerate", b'{"from": "-1m", "to": "now"}', "application/json")
    connection.close()
    return str(json.loads(answer)["id"])


def address(route: str, known: dict[str, list[str]], choose: random.Random) -> str:
    """A route with its parameters filled in; those of one trace belong together."""
    position = choose.randrange(max(1, len(known["{trace_id}"])))
    for name, values in known.items():
        route = route.replace(name, values[position % len(values)])
    while "{" in route:
        before, _, rest = route.partition("{")
        route = f"{before}00000000-0000-0000-0000-000000000000{rest.partition('}')[2]}"
    return route


class Readers:
    """A few callers that ask one route after the other until told to stop."""

    def __init__(self, target: Target, found: list[str]) -> None:
        self._target, self._routes = target, found
        self._known = examples(target)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.times: dict[str, list[float]] = {route: [] for route in found}
        self.statuses: dict[str, set[int]] = {route: set() for route in found}
        self._threads = [threading.Thread(target=self._read, args=(seed,)) for seed in range(READERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, seed: int) -> None:
        choose = random.Random(seed)
        connection = self._target.connection()
        order = self._routes[:]
        while not self._stop.is_set():
            choose.shuffle(order)
            for route in order:
                path = address(route, self._known, choose)
                began = time.perf_counter()
                status, _ = connection.get(path)
                taken = time.perf_counter() - began
                with self._lock:
                    self.times[route].append(taken)
                    self.statuses[route].add(status)
        connection.close()


def measured(seconds: float, folder: Path | None) -> dict[str, Any]:
    with nullcontext(str(folder)) if folder else tempfile.TemporaryDirectory(prefix="mno-bench-") as name:
        Path(name).mkdir(parents=True, exist_ok=True)
        with mno(Path(name).absolute()) as server:
            open_loop(server.target, Load(first=time.time_ns()), FIRST_SECONDS, SPANS_PER_SECOND)
            time.sleep(1)
            readers = Readers(server.target, routes(server.target))
            readers.start()
            load = open_loop(server.target, Load(first=time.time_ns()), seconds, SPANS_PER_SECOND)
            readers.finish()
    return {
        "machine": machine(),
        "spans_per_second": load.spans / load.seconds,
        "routes": {
            route: {**spread(times), "statuses": sorted(readers.statuses[route])}
            for route, times in readers.times.items()
        },
        "left_out": LEFT_OUT,
    }


def shown(figures: dict[str, Any]) -> str:
    rows = [
        (
            route,
            str(found["count"]),
            milliseconds(found["p50_ms"]),
            milliseconds(found["p95_ms"]),
            ", ".join(str(status) for status in found["statuses"]),
        )
        for route, found in figures["routes"].items()
    ]
    left_out = "\n".join(f"Left out: {route} ({why})." for route, why in figures["left_out"].items())
    head = f"{figures['machine']}\n{READERS} readers while {figures['spans_per_second']:,.0f} spans a second come in"
    return f"{head}\n\n{table(('GET', 'asked', 'p50 ms', 'p95 ms', 'answers'), rows)}\n\n{left_out}"


def faults(figures: dict[str, Any]) -> list[str]:
    """Why the run failed; empty when it did not."""
    found = []
    for route, figure in figures["routes"].items():
        if figure["p95_ms"] > TARGET_P95_MS:
            found.append(f"{route}: p95 is {milliseconds(figure['p95_ms'])} ms, above {TARGET_P95_MS}")
        if figure["statuses"] != [200]:
            found.append(f"{route} answered {figure['statuses']}")
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--quick", action="store_true", help="6 seconds")
    options.add_argument("--folder", type=Path, help="a folder that bench/queries.py filled")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = measured(6 if chosen.quick else chosen.seconds, chosen.folder)
    print_json(figures) if chosen.json else print(shown(figures))
    found = faults(figures)
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
