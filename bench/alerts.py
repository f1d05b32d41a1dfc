"""From a breach to a message at a webhook, while spans come in: how soon people hear.

    python bench/alerts.py [--breaches 30] [--rate 1000] [--quick] [--json]

The hub has 50 rules of one project: over every measure, windows from a minute to a day, filtered and grouped. One of
them fires at five errors of a user within a minute. Again and again a new user's five errors are sent as one request,
beside a steady load; the time goes from before that request leaves until a receiver on this machine has the signed
message about that user. Fails above a p95 of 5 s, or when a breach is never told.
"""

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from client import Connection, Target, open_loop
from report import machine, milliseconds, print_json, spread, table
from server import mno
from spans import Load

RULES = 50
ERRORS = 5
TARGET_P95_S = 5.0
#: How long a message may take before it counts as lost.
PATIENCE_S = 60.0
#: The load runs for so long before the first breach.
WARM_S = 5.0
#: Between two breaches: more than a look's interval, and never in step with it.
PAUSE_S = (1.1, 2.3)

_MEASURES = ("cost", "calls", "errors", "error_rate", "latency", "tokens")
_WINDOWS_S = (60, 300, 900, 3_600, 86_400)
_GROUPS = ("", "model", "agent", "user", "")
_MATCHES: tuple[dict[str, list[str]], ...] = ({}, {"model": ["gpt-4o-2024-08-06"]}, {"provider": ["anthropic"]})


class Receiver:
    """A webhook: when which user was told of for the first time."""

    def __init__(self) -> None:
        self.told: dict[str, float] = {}
        self.stirred = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                at = time.perf_counter()
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if body.get("type") == "alert.fired":
                    receiver.hear(str(body["labels"].get("user", "")), at)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def hear(self, user: str, at: float) -> None:
        with self.stirred:
            self.told.setdefault(user, at)
            self.stirred.notify_all()

    def wait_for(self, users: set[str], seconds: float) -> bool:
        with self.stirred:
            return self.stirred.wait_for(lambda: users <= self.told.keys(), seconds)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.server.shutdown()
        thread.join()
        receiver.server.server_close()


def asked(connection: Connection, path: str, wish: Any) -> Any:
    """A JSON request that has to succeed."""
    status, answer = connection.post(path, json.dumps(wish).encode(), "application/json")
    if status >= 300:
        raise RuntimeError(f"POST {path} answered {status}: {answer[:300]!r}")
    return json.loads(answer) if answer else None


def rules(channel: str) -> Iterator[dict[str, Any]]:
    """The one that is breached, and 49 others, which no load reaches."""
    steps = [{"after_minutes": 0, "channels": [channel]}]
    wish = {"measure": "errors", "threshold": str(ERRORS), "window_s": 60, "group_by": "user", "steps": steps}
    yield {"name": "Breached", "matches": {"model": ["breached"]}, **wish}
    for number in range(RULES - 1):
        measure = _MEASURES[number % len(_MEASURES)]
        yield {
            "name": f"Rule {number}",
            "measure": measure,
            "threshold": "99.9" if measure == "error_rate" else "100000000000",
            "quantile": 95 if measure == "latency" else 0,
            "window_s": _WINDOWS_S[number % len(_WINDOWS_S)],
            "group_by": _GROUPS[number // 5 % len(_GROUPS)],
            "matches": {} if _GROUPS[number // 5 % len(_GROUPS)] == "model" else _MATCHES[number % len(_MATCHES)],
            "steps": steps,
        }


def breach(connection: Connection, user: str) -> float:
    """Five errors of one user at once; when they left."""
    event = {"provider": "openai", "model": "breached", "input_tokens": 10, "status": "error", "user": user}
    at = time.perf_counter()
    asked(connection, "/api/usage-events", [event] * ERRORS)
    return at


def breaches(target: Target, count: int) -> dict[str, float]:
    """When each user's errors left."""
    choose, connection, left = random.Random(7), target.connection(), {}
    try:
        for number in range(count):
            time.sleep(choose.uniform(*PAUSE_S))
            left[f"user {number}"] = breach(connection, f"user {number}")
    finally:
        connection.close()
    return left


def measured(count: int, rate: float) -> dict[str, Any]:
    with receiving() as receiver, mno(environment={"MNO_LOG_LEVEL": "warning"}) as server:
        connection = server.target.connection()
        let_through(connection)
        wish = {"name": "Bench", "kind": "webhook", "address": receiver.address}
        channel = asked(connection, "/api/channels", wish)["id"]
        for rule in rules(channel):
            asked(connection, "/api/alerts/rules", rule)
        seconds = WARM_S + count * sum(PAUSE_S) / 2
        load = threading.Thread(
            target=open_loop, args=(server.target, Load(first=time.time_ns()), seconds + 5, rate), name="steady-load"
        )
        load.start()
        time.sleep(WARM_S)
        left = breaches(server.target, count)
        receiver.wait_for(set(left), PATIENCE_S)
        load.join()
        connection.close()
    took = [receiver.told[user] - at for user, at in left.items() if user in receiver.told]
    return {"machine": machine(), "rules": RULES, "rate": rate, "breaches": count, **spread(took)}


def let_through(connection: Connection) -> None:
    """The receiver is on this machine, which the hub asks its administrator about."""
    wish = {"level": "hub", "values": {"security.egress_allowed": ["127.0.0.1"]}}
    status, answer = connection.put("/api/config/system", json.dumps(wish).encode(), "application/json")
    if status >= 300:
        raise RuntimeError(f"The receiver could not be let through: {status} {answer[:300]!r}")


def shown(figures: dict[str, Any]) -> str:
    row = (
        f"{figures['rules']} rules, {figures['rate']:,.0f} spans/s",
        f"{figures['count']} of {figures['breaches']}",
        *(milliseconds(figures[name]) for name in ("p50_ms", "p95_ms", "max_ms")),
    )
    return f"{figures['machine']}\n\n{table(('from breach to webhook', 'told', 'p50 ms', 'p95 ms', 'max ms'), [row])}"


def faults(figures: dict[str, Any]) -> list[str]:
    """Why the run failed; empty when it did not."""
    found = []
    if figures["count"] < figures["breaches"]:
        found.append(f"{figures['breaches'] - figures['count']} breaches were never told")
    if figures["p95_ms"] > TARGET_P95_S * 1000:
        found.append(f"p95 is {milliseconds(figures['p95_ms'])} ms, above {TARGET_P95_S * 1000:,.0f}")
    return found


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--breaches", type=int, default=40)
    options.add_argument("--rate", type=float, default=1_000, help="spans a second beside them")
    options.add_argument("--quick", action="store_true", help="8 breaches")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    figures = measured(8 if chosen.quick else chosen.breaches, chosen.rate)
    print_json(figures) if chosen.json else print(shown(figures))
    found = faults(figures)
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
