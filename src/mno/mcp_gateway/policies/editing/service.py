"""Use cases of rules for tools. Every change is audited."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.mcp_gateway.policies import rules, store
from mno.mcp_gateway.policies.model import MAX_TOOL_RULES, ApprovalTerms, ToolRule
from mno.mcp_gateway.policies.quotas.service import Quotas
from mno.mcp_gateway.policies.quotas.store import Used
from mno.mcp_gateway.policies.service import Policies
from mno.mcp_gateway.ports import Channels
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal

_FIXED = frozenset({"id", "team_id", "created_at"})
_FIELDS = frozenset(one.name for one in fields(ToolRule)) - _FIXED


class ToolRules:
    """A team's, changed by those who may for the whole team."""

    def __init__(
        self, database: Database, audit: Audit, policies: Policies, quotas: Quotas, channels: Channels
    ) -> None:
        self._database = database
        self._audit = audit
        self._policies = policies
        self._quotas = quotas
        self._channels = channels

    async def all(self, principal: Principal) -> list[ToolRule]:
        """The oldest first."""
        async with self._database.transaction(principal.team_id) as tx:
            return await store.rules_of(tx, principal.team_id)

    async def used(self, principal: Principal, rule_id: UUID) -> tuple[ToolRule, list[Used]]:
        """How much of a rule's quotas is taken; `NotFound` for no rule of the team."""
        async with self._database.transaction(principal.team_id) as tx:
            rule = await self._found(tx, principal.team_id, rule_id)
        return rule, await self._quotas.used(rule)

    async def add(self, principal: Principal, wish: Mapping[str, Any]) -> ToolRule:
        """`wish` holds fields of `ToolRule`. `Invalid` for a bad wish, `Conflict` where the name is taken,
        `LimitExceeded` at MAX_TOOL_RULES.
        """
        _require_team(principal)
        made = ToolRule(id=new_id(), team_id=principal.team_id, created_at=clock.now(), **_known(wish))
        rule = rules.checked(made)
        await self._check_channels(principal.team_id, rule.approval)
        async with self._database.transaction(principal.team_id) as tx:
            await self._policies.changed(tx, principal.team_id)
            if len(await store.rules_of(tx, principal.team_id)) >= MAX_TOOL_RULES:
                raise LimitExceeded(f"A team may have {MAX_TOOL_RULES} rules for tools; remove one first.")
            await store.put_rule(tx, rule)
            await self._audit.record(
                tx, principal, "mcp_rules.create", shown("mcr", rule.id), name=rule.name, after=store.terms_json(rule)
            )
        return rule

    async def change(self, principal: Principal, rule_id: UUID, changes: Mapping[str, Any]) -> ToolRule:
        """What `changes` names. Another way of counting begins at nothing, so `Conflict` where there is a quota: make
        another rule instead.
        """
        _require_team(principal)
        await self._check_channels(principal.team_id, changes.get("approval"))
        async with self._database.transaction(principal.team_id) as tx:
            await self._policies.changed(tx, principal.team_id)
            before = await self._found(tx, principal.team_id, rule_id)
            after = rules.checked(replace(before, **_known(changes)))
            if after.counted_by is not before.counted_by and before.has_quota:
                raise Conflict("What has a quota is counted on as it is; make another rule to count otherwise.")
            await store.put_rule(tx, after)
            await self._audit.record(
                tx,
                principal,
                "mcp_rules.change",
                shown("mcr", after.id),
                name=after.name,
                before=store.terms_json(before),
                after=store.terms_json(after),
            )
        return after

    async def remove(self, principal: Principal, rule_id: UUID) -> None:
        """With what was counted under it."""
        _require_team(principal)
        async with self._database.transaction(principal.team_id) as tx:
            await self._policies.changed(tx, principal.team_id)
            before = await self._found(tx, principal.team_id, rule_id)
            await store.delete_rule(tx, principal.team_id, rule_id)
            await self._audit.record(
                tx,
                principal,
                "mcp_rules.delete",
                shown("mcr", rule_id),
                name=before.name,
                before=store.terms_json(before),
            )

    async def _found(self, tx: Connection, team_id: UUID, rule_id: UUID) -> ToolRule:
        found = await store.rule_of(tx, team_id, rule_id)
        if found is None:
            raise NotFound("There is no such rule for tools.")
        return found

    async def _check_channels(self, team_id: UUID, approval: ApprovalTerms | None) -> None:
        if approval is None or not approval.channels:
            return
        known = {channel.id for channel in await self._channels.channels(team_id)}
        if not known.issuperset(approval.channels):
            raise Invalid("A channel that the rule names is not there (any more).")


def _require_team(principal: Principal) -> None:
    if not principal.may_in_team("mcp.write"):
        raise Denied(f"'{principal.name}' may not do this: mcp.write is needed for the whole team.")


def _known(wish: Mapping[str, Any]) -> dict[str, Any]:
    assert wish.keys() <= _FIELDS
    return dict(wish)
