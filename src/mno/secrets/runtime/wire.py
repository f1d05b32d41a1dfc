"""How places of the environment are called in audit entries and messages."""

from typing import Any

from mno.platform.ids import shown
from mno.platform.scope import Level, Scope
from mno.secrets.runtime.model import Entry, Kind


def entry_id(entry: Entry) -> str:
    return shown("sec", entry.id)


def place_id(scope: Scope) -> str:
    """The edge id of the team or project that a scope lies in."""
    return shown("team", scope.team_id) if scope.project_id is None else shown("prj", scope.project_id)


def place(scope: Scope) -> str:
    """For people: `team`, `project prj_…`, `agent crawler in prj_…`."""
    match scope.level:
        case Level.TEAM:
            return "team"
        case Level.PROJECT:
            return f"project {place_id(scope)}"
        case _:
            return f"{scope.level} {scope.name} in {place_id(scope)}"


def audited(entry: Entry) -> dict[str, Any]:
    """What the audit log keeps of an entry: a variable's value, and never a secret's."""
    kept: dict[str, Any] = {
        "scope": place(entry.scope),
        "name": entry.name,
        "kind": str(entry.kind),
        "purpose": entry.purpose,
        "version": entry.version,
    }
    if entry.kind is Kind.VARIABLE:
        kept["value"] = entry.plain
    return kept
