"""Rules for tools over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from mno.mcp_gateway.policies.editing.service import ToolRules
from mno.mcp_gateway.policies.schemas import (
    QuotaCount,
    QuotaCountList,
    ToolRuleChange,
    ToolRuleList,
    ToolRuleShape,
    ToolRuleWish,
)
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal

Reader = Annotated[Principal, Depends(requires("mcp.read"))]
Writer = Annotated[Principal, Depends(requires("mcp.write"))]


def router(rules: ToolRules) -> APIRouter:
    routes = APIRouter(prefix="/api/mcp/policies", tags=["mcp"])

    @routes.get("")
    async def list_tool_rules(reader: Reader) -> ToolRuleList:
        """The team's rules for tools, the oldest first. Who may use a tool is said by grants instead."""
        return ToolRuleList(items=[ToolRuleShape.of(one) for one in await rules.all(reader)])

    @routes.post("", status_code=201)
    async def add_tool_rule(writer: Writer, wish: ToolRuleWish) -> ToolRuleShape:
        """Adds a rule. All that match a tool hold together: each counts for itself, the strictest approval wins."""
        return ToolRuleShape.of(await rules.add(writer, wish.fields()))

    @routes.get("/{rule_id}/counts")
    async def list_quota_counts(reader: Reader, rule_id: str) -> QuotaCountList:
        """How much of a rule's quotas is taken today and this month, the 200 largest counts."""
        rule, counts = await rules.used(reader, parsed("mcr", rule_id))
        return QuotaCountList(items=[QuotaCount.of(rule, one) for one in counts])

    @routes.patch("/{rule_id}")
    async def change_tool_rule(writer: Writer, rule_id: str, change: ToolRuleChange) -> ToolRuleShape:
        """Changes what is named."""
        return ToolRuleShape.of(await rules.change(writer, parsed("mcr", rule_id), change.fields()))

    @routes.delete("/{rule_id}", status_code=204)
    async def remove_tool_rule(writer: Writer, rule_id: str) -> None:
        """Removes a rule and what was counted under it."""
        await rules.remove(writer, parsed("mcr", rule_id))

    return routes
