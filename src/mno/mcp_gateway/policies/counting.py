"""Whose count a call falls under: pure."""

from typing import NamedTuple

from mno.mcp_gateway.calls.pace import Limit
from mno.mcp_gateway.policies.model import CountedBy, ToolRule
from mno.platform.principal import Principal


class Count(NamedTuple):
    """`key` tells the counts of one rule apart; `of` says whose it is to people."""

    key: str
    of: str


def count_of(rule: ToolRule, principal: Principal, server: str, tool: str) -> Count:
    """The rule's count for this call."""
    told = f"the rule '{rule.name}'"
    match rule.counted_by:
        case CountedBy.ALL:
            return Count("", told)
        case CountedBy.KEY:
            return Count(principal.id.hex, f"{told} for '{principal.name}'")
        case CountedBy.USER:
            person = principal.user_id or principal.id
            return Count(person.hex, f"{told} for the person behind '{principal.name}'")
        case CountedBy.SERVER:
            return Count(server, f"{told} for '{server}'")
        case CountedBy.TOOL:
            return Count(f"{server}_{tool}", f"{told} for '{server}_{tool}'")


def limit_under(rule: ToolRule, principal: Principal, server: str, tool: str) -> Limit:
    """What is counted in memory."""
    count = count_of(rule, principal, server, tool)
    return Limit(f"{rule.id.hex}:{count.key}", count.of, rule.calls_per_minute, rule.concurrent_calls)
