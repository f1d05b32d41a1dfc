"""What rules for tools say together, what a tool states of its cost, and what is wrong with a rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from mno.approvals.model import Outcome
from mno.mcp_gateway.calls.cost import stated_cost
from mno.mcp_gateway.policies.model import FREE, ApprovalTerms, CountedBy, ToolRule
from mno.mcp_gateway.policies.rules import checked, retries_of, terms_of
from mno.mcp_gateway.protocol.message import Raw
from mno.platform.errors import Invalid
from mno.platform.ids import new_id

RULE = ToolRule(new_id(), new_id(), "a", datetime.now(UTC))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("server", "tool", "holds"),
    [
        ("*", "*", True),
        ("git*", "delete_*", True),
        ("git", "*", False),
        ("github", "delete_repo", True),
        ("*", "d?*", True),
        ("*", "create_*", False),
    ],
)
def test_a_rule_holds_for_what_both_of_its_patterns_match(server: str, tool: str, holds: bool) -> None:
    rule = replace(RULE, server=server, tool=tool, result_bytes=5)
    assert (terms_of([rule], "github", "delete_repo").result_bytes == 5) is holds
    assert terms_of([replace(rule, enabled=False)], "github", "delete_repo") is FREE


def test_rules_hold_together_and_the_strictest_wins() -> None:
    one = replace(RULE, result_bytes=10, approval=ApprovalTerms(1, DAY, Outcome.ALLOW), idempotent=True, retries=4)
    two = replace(RULE, result_bytes=20, approval=ApprovalTerms(2, HOUR, Outcome.DENY), calls_per_minute=3)
    three = replace(RULE, calls_per_day=7, counted_by=CountedBy.KEY, idempotent=True, retries=1)
    terms = terms_of([one, two, three], "s", "t")
    assert (terms.result_bytes, terms.retries) == (10, 1)
    assert terms.approval == ApprovalTerms(2, HOUR, Outcome.DENY)
    assert (terms.counting, terms.quotas) == ((two,), (three,))


def test_hints_of_a_server_count_only_where_it_is_believed() -> None:
    harmless: dict[str, Any] = {"annotations": {"idempotentHint": True}}
    trusting, plain = terms_of([replace(RULE, trusts_hints=True)], "s", "t"), terms_of([RULE], "s", "t")
    assert (retries_of(trusting, harmless), retries_of(plain, harmless)) == (2, 0)
    assert retries_of(trusting, {"annotations": {"idempotentHint": "yes"}}) == 0
    assert retries_of(trusting, {"annotations": []}) == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": " "}, "a name"),
        ({"tool": "[ab]"}, "The pattern of tool"),
        ({"server": ""}, "The pattern of server"),
        ({"calls_per_day": 0}, "calls_per_day is 1"),
        ({"retries": 6}, "retries is 0 to 5"),
        ({"approval": ApprovalTerms(persons=3)}, "One or two persons"),
        ({"approval": ApprovalTerms(lifetime=timedelta(seconds=1))}, "waits for approval for 10"),
        ({"approval": ApprovalTerms(channels=tuple(new_id() for _ in range(11)))}, "10 channels"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_the_reason(change: dict[str, Any], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        checked(replace(RULE, **change))


@pytest.mark.parametrize(
    ("meta", "cost"),
    [
        ({"cost_usd": 0.012}, "0.012000000"),
        ({"costUsd": 3}, "3.000000000"),
        ({"gen_ai.usage.cost": 1e-7}, "0.000000100"),
        ({"cost": {"amount": 0.5, "currency": "usd"}}, "0.500000000"),
        ({"cost": {"amount": 0.5, "currency": "EUR"}}, None),
        ({"usage": {"cost": 0.25}}, "0.250000000"),
        ({"cost_usd": -1}, None),
        ({"cost_usd": True}, None),
        ({"cost_usd": "1"}, None),
        ({"cost_usd": 1e12}, None),
        ([{"cost_usd": 1}], None),
        ({"other": 1}, None),
    ],
)
def test_a_cost_is_believed_where_a_tool_states_one(meta: Any, cost: str | None) -> None:
    assert stated_cost({"_meta": Raw(orjson.dumps(meta))}) == cost
    assert stated_cost({}) is None
