"""What the scripts read and answer: moments in seconds since 1970, amounts as text. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from mno.observability.budgets.journal.model import Ended

#: For how long a budget is believed to be counted, in seconds; a recount begins it anew every few minutes.
BUDGET_LIFE_S = 86_400
#: And how long its counters are kept, in seconds: they must not end before.
COUNTER_LIFE_S = BUDGET_LIFE_S + 3_600
_BILLION = 1_000_000_000


def asked_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What turn.lua takes, of what turns/ asks."""
    return {
        "life": COUNTER_LIFE_S,
        "ends": {one: _end(end) for one, end in asked["ends"].items()},
        "counters": [_counter(one) for one in asked["counters"]],
        "reserves": [_reserve(one) for one in asked["reserves"]],
    }


def ended_of(one: Mapping[str, Any], end: Mapping[str, Any] | None) -> Ended:
    """For the ledger: a call as turn.lua found it when it ended, and what it was ended with."""
    note, actual = orjson.loads(one["note"]), end or {}
    return Ended(
        reservation=UUID(one["id"]),
        team_id=UUID(note["team"]),
        project_id=UUID(note["project"]),
        started_at=datetime.fromisoformat(note["started"]),
        kind=one["kind"],
        was_held=one["open"],
        held=note["cost"],
        cost=actual.get("cost") or 0,
        tokens=actual.get("tokens", 0),
        calls=actual.get("calls", 0),
        estimated=actual.get("estimated", False),
        dimensions=note["dims"],
        tags=note["tags"],
    )


def number(billions_and_rest: Sequence[str]) -> int:
    """An amount, which the script has in two parts."""
    billions, rest = map(int, billions_and_rest)
    return billions * _BILLION + rest


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _end(end: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {name: str(end[name]) for name in ("tokens", "calls")}
    if end["cost"] is not None:
        told["cost"] = str(end["cost"])
    return {**told, "settled": end["settled"]}


def _counter(row: Mapping[str, Any]) -> dict[str, Any]:
    moments = {name: seconds(row[name]) for name in ("h", "p", "f")}
    return {"b": row["b"], "w": row["w"], "l": str(row["l"]), "hard": row["hard"], **moments}


def _reserve(row: Mapping[str, Any]) -> dict[str, Any]:
    """`text` is what is kept of the call until it ends."""
    note = {name: row[name] for name in ("team", "project", "started", "cost", "dims", "tags")}
    kept = {
        "minute": seconds(row["started"]) // 60 * 60,
        "holds": [_hold(one) for one in row["holds"]],
        "note": orjson.dumps(note).decode(),
    }
    amounts = [str(amount) for amount in row["a"]]
    return {"id": row["id"], "lease": row["lease"], "k": row["k"], "a": amounts, "text": orjson.dumps(kept).decode()}


def _hold(row: Mapping[str, Any]) -> dict[str, Any]:
    hold = {
        "b": row["b"],
        "w": row["w"],
        "u": row["u"],
        "a": str(row["a"]),
        "h": seconds(row["h"]),
        "p": seconds(row["p"]),
    }
    return hold if row["f"] is None else {**hold, "f": row["f"]}
