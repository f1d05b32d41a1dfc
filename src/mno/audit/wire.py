"""An entry as the world outside sees it: the same JSON in the API, in exports and in streams."""

from typing import Any
from uuid import UUID

from mno.audit.model import HUB_CHAIN, NOBODY, Entry
from mno.platform.ids import shown

_PREFIXES = {"user": "usr", "api_key": "key"}


def entry_json(entry: Entry) -> dict[str, Any]:
    """Plain JSON; texts that were erased are empty, and `erased` says so."""
    payload = entry.payload
    return {
        "id": shown("aud", entry.id),
        "chain": name_of_chain(entry.team_id),
        "seq": entry.seq,
        "time": entry.at.isoformat().replace("+00:00", "Z"),
        "actor": {
            "kind": entry.actor_kind,
            "id": _actor_id(entry.actor_kind, entry.actor_id),
            "name": payload.actor_name if payload else "",
            "person": "" if entry.person_id == NOBODY else shown("usr", entry.person_id),
        },
        "action": entry.action,
        "resource": entry.resource,
        "resource_name": payload.resource_name if payload else "",
        "outcome": entry.outcome,
        "times": entry.times,
        "difference": payload.difference if payload else None,
        "detail": payload.detail if payload else "",
        "address": payload.address if payload else "",
        "user_agent": payload.agent if payload else "",
        "trace_id": entry.trace_id,
        "erased": payload is None,
        "hash": entry.hash.hex(),
    }


def name_of_chain(team_id: UUID) -> str:
    """`hub` for the hub's own chain, else the team's id."""
    return "hub" if team_id == HUB_CHAIN else shown("team", team_id)


def _actor_id(kind: str, actor_id: UUID) -> str:
    if actor_id == NOBODY:
        return ""
    prefix = _PREFIXES.get(kind)
    return shown(prefix, actor_id) if prefix else str(actor_id)
