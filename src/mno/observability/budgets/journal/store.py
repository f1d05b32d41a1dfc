"""SQL of what the ledger hears: what each call held, and how it ended, as one piece."""

from collections.abc import Sequence
from typing import Any

import orjson

from mno.observability.budgets.journal.model import Ended
from mno.platform.database import Connection

_INSERT = """
INSERT INTO ledger_entries (team_id, project_id, at, kind, hour, provider, model, agent, environment, api_key, tags,
                            held, cost, tokens, calls, reservation, estimated)
SELECT e.team, e.project, now(), e.kind, date_trunc('hour', e.started, 'UTC'), coalesce(e.dims ->> 'provider', ''),
       coalesce(e.dims ->> 'model', ''), coalesce(e.dims ->> 'agent', ''), coalesce(e.dims ->> 'environment', ''),
       coalesce(e.dims ->> 'api_key', ''), e.tags, e.held, e.cost, e.tokens, e.calls, e.reservation, e.estimated
FROM jsonb_to_recordset(%(entries)s::jsonb)
    AS e(n integer, reservation uuid, team uuid, project uuid, started timestamptz, kind text, held bigint, cost bigint,
         tokens bigint, calls bigint, estimated boolean, dims jsonb, tags text[])
ORDER BY e.n
"""


async def insert(tx: Connection, ended: Sequence[Ended]) -> None:
    """Across teams."""
    entries = [entry for one in ended for entry in _entries(one)]
    numbered = [{**entry, "n": number} for number, entry in enumerate(entries)]
    await tx.execute(_INSERT, {"entries": orjson.dumps(numbered).decode()})


def _entries(one: Ended) -> list[dict[str, Any]]:
    entry = {
        "reservation": one.reservation,
        "team": one.team_id,
        "project": one.project_id,
        "started": one.started_at,
        "dims": dict(one.dimensions),
        "tags": list(one.tags),
    }
    nothing = {"cost": 0, "tokens": 0, "calls": 0, "estimated": False}
    used = {"cost": one.cost, "tokens": one.tokens, "calls": one.calls, "estimated": one.estimated}
    held = one.held if one.was_held else 0
    end = {**entry, "kind": one.kind, "held": -held, **used}
    return [{**entry, "kind": "reservation", "held": held, **nothing}, end] if one.was_held else [end]
