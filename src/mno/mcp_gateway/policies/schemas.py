"""The wire shapes of rules for tools."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mno.approvals.model import Outcome
from mno.mcp_gateway.model import MAX_CALLS_PER_MINUTE, MAX_CONCURRENT_CALLS, MAX_RESULT_BYTES
from mno.mcp_gateway.policies.model import (
    MAX_APPROVAL_CHANNELS,
    MAX_TOOL_APPROVAL_S,
    MAX_TOOL_PATTERN_CHARACTERS,
    MAX_TOOL_QUOTA,
    MAX_TOOL_RETRIES,
    MAX_TOOL_RULE_NAME_CHARACTERS,
    MIN_TOOL_APPROVAL_S,
    ApprovalTerms,
    CountedBy,
    ToolRule,
)
from mno.mcp_gateway.policies.quotas.store import Used
from mno.platform.errors import Invalid
from mno.platform.ids import parsed, shown

RuleName = Annotated[str, Field(min_length=1, max_length=MAX_TOOL_RULE_NAME_CHARACTERS)]
Pattern = Annotated[
    str,
    Field(
        min_length=1, max_length=MAX_TOOL_PATTERN_CHARACTERS, description="`*` stands for any characters, `?` for one."
    ),
]
Count = Annotated[
    CountedBy,
    Field(description="What has a count of its own; `user` is the person behind a key, else the key itself."),
]
PerMinute = Annotated[int, Field(ge=1, le=MAX_CALLS_PER_MINUTE)] | None
Concurrent = Annotated[int, Field(ge=1, le=MAX_CONCURRENT_CALLS)] | None
Quota = Annotated[int, Field(ge=1, le=MAX_TOOL_QUOTA, description="By the calendar in UTC.")] | None
ResultBytes = Annotated[int, Field(ge=1, le=MAX_RESULT_BYTES)] | None
Idempotent = Annotated[
    bool, Field(description="Calling twice does no more than once, so a failed call is tried again.")
]
Hints = Annotated[bool, Field(description="Believes `readOnlyHint` and `idempotentHint` of the server.")]
Retries = Annotated[int, Field(ge=0, le=MAX_TOOL_RETRIES)]
Recorded = Annotated[bool, Field(description="Stands in the span, with keys, addresses and numbers redacted.")]


class ToolApprovalShape(BaseModel, extra="forbid"):
    """What it takes to let a call happen."""

    persons: Annotated[int, Field(ge=1, le=2)] = 1
    lifetime_s: Annotated[int, Field(ge=MIN_TOOL_APPROVAL_S, le=MAX_TOOL_APPROVAL_S)] = 3600
    on_expiry: Annotated[Outcome, Field(description="What holds when nobody decides in time.")] = Outcome.DENY
    channels: Annotated[
        list[str],
        Field(
            max_length=MAX_APPROVAL_CHANNELS, description="Told when a call waits, and when half of the time is over."
        ),
    ] = []

    def terms(self) -> ApprovalTerms:
        channels = tuple(dict.fromkeys(parsed("chn", one) for one in self.channels))
        return ApprovalTerms(self.persons, timedelta(seconds=self.lifetime_s), self.on_expiry, channels)

    @classmethod
    def of(cls, terms: ApprovalTerms) -> "ToolApprovalShape":
        return cls(
            persons=terms.persons,
            lifetime_s=int(terms.lifetime.total_seconds()),
            on_expiry=terms.on_expiry,
            channels=[shown("chn", one) for one in terms.channels],
        )


class ToolRuleShape(BaseModel):
    """A rule for the tools that both patterns match. Null: no limit, no approval."""

    id: str
    name: str
    created_at: datetime
    server: str
    tool: str
    enabled: bool
    counted_by: CountedBy
    calls_per_minute: int | None
    concurrent_calls: int | None
    calls_per_day: int | None
    calls_per_month: int | None
    result_bytes: int | None
    approval: ToolApprovalShape | None
    idempotent: bool
    trusts_hints: bool
    retries: int
    records_arguments: bool
    records_results: bool

    @classmethod
    def of(cls, rule: ToolRule) -> "ToolRuleShape":
        return cls(
            id=shown("mcr", rule.id),
            name=rule.name,
            created_at=rule.created_at,
            server=rule.server,
            tool=rule.tool,
            enabled=rule.enabled,
            counted_by=rule.counted_by,
            calls_per_minute=rule.calls_per_minute,
            concurrent_calls=rule.concurrent_calls,
            calls_per_day=rule.calls_per_day,
            calls_per_month=rule.calls_per_month,
            result_bytes=rule.result_bytes,
            approval=None if rule.approval is None else ToolApprovalShape.of(rule.approval),
            idempotent=rule.idempotent,
            trusts_hints=rule.trusts_hints,
            retries=rule.retries,
            records_arguments=rule.records_arguments,
            records_results=rule.records_results,
        )


class ToolRuleList(BaseModel):
    items: list[ToolRuleShape]


class QuotaCount(BaseModel):
    """What processes of the hub have taken out of a quota; up to 100 calls more than were made, for each of them."""

    counted: str = Field(description="`key_…`, `usr_…`, a server or a tool; empty: everybody together.")
    period: str = Field(description="A day (2026-11-28) or a month (2026-11), in UTC.")
    used: int
    quota: int

    @classmethod
    def of(cls, rule: ToolRule, count: Used) -> "QuotaCount":
        is_day = len(count.period) > len("2026-11")
        quota = rule.calls_per_day if is_day else rule.calls_per_month
        return cls(counted=_counted(rule, count.counted), period=count.period, used=count.used, quota=quota or 0)


class QuotaCountList(BaseModel):
    items: list[QuotaCount]


class ToolRuleWish(BaseModel, extra="forbid"):
    name: RuleName
    server: Pattern = "*"
    tool: Pattern = "*"
    enabled: bool = True
    counted_by: Count = CountedBy.ALL
    calls_per_minute: PerMinute = None
    concurrent_calls: Concurrent = None
    calls_per_day: Quota = None
    calls_per_month: Quota = None
    result_bytes: ResultBytes = None
    approval: ToolApprovalShape | None = None
    idempotent: Idempotent = False
    trusts_hints: Hints = False
    retries: Retries = 2
    records_arguments: Recorded = False
    records_results: Recorded = False

    def fields(self) -> dict[str, Any]:
        approval = None if self.approval is None else self.approval.terms()
        return {**self.model_dump(exclude={"approval"}), "approval": approval}


#: What may be taken away by null.
_OPTIONAL = frozenset(
    {"calls_per_minute", "concurrent_calls", "calls_per_day", "calls_per_month", "result_bytes", "approval"}
)


class ToolRuleChange(BaseModel, extra="forbid"):
    """What is to be different; what is left out stays."""

    name: RuleName | None = None
    server: Pattern | None = None
    tool: Pattern | None = None
    enabled: bool | None = None
    counted_by: Count | None = None
    calls_per_minute: PerMinute = None
    concurrent_calls: Concurrent = None
    calls_per_day: Quota = None
    calls_per_month: Quota = None
    result_bytes: ResultBytes = None
    approval: ToolApprovalShape | None = None
    idempotent: Idempotent | None = None
    trusts_hints: Hints | None = None
    retries: Retries | None = None
    records_arguments: Recorded | None = None
    records_results: Recorded | None = None

    def fields(self) -> dict[str, Any]:
        """`Invalid` for a null where there must be a value."""
        changes = self.model_dump(exclude={"approval"}, exclude_unset=True)
        if "approval" in self.model_fields_set:
            changes["approval"] = None if self.approval is None else self.approval.terms()
        for name, value in changes.items():
            if value is None and name not in _OPTIONAL:
                raise Invalid(f"{name} cannot be null; leave it out to keep it.")
        return changes


def _counted(rule: ToolRule, key: str) -> str:
    match rule.counted_by:
        case CountedBy.KEY:
            return f"key_{key}"
        case CountedBy.USER:
            return f"usr_{key}"
    return key
