"""All SQL of rules for tools."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from mno.approvals.model import Outcome
from mno.mcp_gateway.policies.model import ApprovalTerms, CountedBy, ToolRule
from mno.platform.database import Connection, Row
from mno.platform.errors import Conflict

_OWN_COLUMNS = frozenset({"id", "team_id", "name", "created_at"})


async def rules_of(tx: Connection, team_id: UUID) -> list[ToolRule]:
    """The oldest first."""
    rows = await tx.execute(
        "SELECT id, team_id, name, terms, created_at FROM mcp_rules WHERE team_id = %(team_id)s ORDER BY id",
        {"team_id": team_id},
    )
    return [_rule(row) for row in await rows.fetchall()]


async def rule_of(tx: Connection, team_id: UUID, rule_id: UUID) -> ToolRule | None:
    rows = await tx.execute(
        "SELECT id, team_id, name, terms, created_at FROM mcp_rules"
        " WHERE team_id = %(team_id)s AND id = %(id)s FOR UPDATE",
        {"team_id": team_id, "id": rule_id},
    )
    row = await rows.fetchone()
    return None if row is None else _rule(row)


async def put_rule(tx: Connection, rule: ToolRule) -> None:
    """A new one, or what is to stand in its place; `Conflict` where the team has another rule of that name."""
    try:
        await tx.execute(
            "INSERT INTO mcp_rules (id, team_id, name, terms, created_at)"
            " VALUES (%(id)s, %(team_id)s, %(name)s, %(terms)s, %(created_at)s)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, terms = excluded.terms",
            {
                "id": rule.id,
                "team_id": rule.team_id,
                "name": rule.name,
                "terms": Jsonb(terms_json(rule)),
                "created_at": rule.created_at,
            },
        )
    except psycopg.errors.UniqueViolation:
        raise Conflict(f"There is a rule called '{rule.name}' already.") from None


async def delete_rule(tx: Connection, team_id: UUID, rule_id: UUID) -> None:
    """With what is counted under it."""
    await tx.execute(
        "DELETE FROM mcp_rules WHERE team_id = %(team_id)s AND id = %(id)s", {"team_id": team_id, "id": rule_id}
    )


def terms_json(rule: ToolRule) -> dict[str, Any]:
    """What the rule says, as plain JSON."""
    told = {name: value for name, value in asdict(rule).items() if name not in _OWN_COLUMNS}
    if rule.approval is not None:
        told["approval"] = {
            "persons": rule.approval.persons,
            "lifetime_s": int(rule.approval.lifetime.total_seconds()),
            "on_expiry": rule.approval.on_expiry.value,
            "channels": [str(channel) for channel in rule.approval.channels],
        }
    return {**told, "counted_by": rule.counted_by.value}


def _rule(row: Row) -> ToolRule:
    terms: dict[str, Any] = row.pop("terms")
    approval = terms.pop("approval")
    read = None
    if approval is not None:
        read = ApprovalTerms(
            persons=approval["persons"],
            lifetime=timedelta(seconds=approval["lifetime_s"]),
            on_expiry=Outcome(approval["on_expiry"]),
            channels=tuple(UUID(channel) for channel in approval["channels"]),
        )
    return ToolRule(**{**row, **terms, "counted_by": CountedBy(terms["counted_by"]), "approval": read})
