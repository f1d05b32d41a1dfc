"""A rule for tools, and what all rules together say of one tool."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from mno.approvals.model import Outcome

#: Rules for tools of one team.
MAX_TOOL_RULES = 200
#: The name of a rule.
MAX_TOOL_RULE_NAME_CHARACTERS = 80
#: A pattern of servers or tools.
MAX_TOOL_PATTERN_CHARACTERS = 130
#: The largest quota of calls that is believed.
MAX_TOOL_QUOTA = 10**12
#: Times that a call is tried again.
MAX_TOOL_RETRIES = 5
#: Channels that are told of calls that wait for approval.
MAX_APPROVAL_CHANNELS = 10
#: The shortest time that a call waits for approval, in seconds.
MIN_TOOL_APPROVAL_S = 10
#: And the longest.
MAX_TOOL_APPROVAL_S = 30 * 24 * 3600


class CountedBy(StrEnum):
    """What has a count of its own under a rule."""

    #: Everything that the rule matches has one count together.
    ALL = "all"
    KEY = "key"
    #: The person behind a key or a session; the key where there is none.
    USER = "user"
    SERVER = "server"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """What it takes to let a call happen. `channels` are told when it begins to wait, and when half of the time is
    over.
    """

    persons: int = 1
    lifetime: timedelta = timedelta(hours=1)
    on_expiry: Outcome = Outcome.DENY
    channels: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolRule:
    """Holds for every tool that both patterns match (`*` any characters, `?` one). All rules that match a tool hold
    together: each counts for itself, and the strictest of the rest wins.
    """

    id: UUID
    team_id: UUID
    name: str
    created_at: datetime
    server: str = "*"
    tool: str = "*"
    enabled: bool = True
    counted_by: CountedBy = CountedBy.ALL
    #: None, here and below: no limit.
    calls_per_minute: int | None = None
    concurrent_calls: int | None = None
    calls_per_day: int | None = None
    calls_per_month: int | None = None
    result_bytes: int | None = None
    #: None: calls need no approval.
    approval: ApprovalTerms | None = None
    #: Calling twice does no more than calling once: the operator says so.
    idempotent: bool = False
    #: The server is believed where it marks a tool as read-only or idempotent.
    trusts_hints: bool = False
    #: How often such a call is tried again.
    retries: int = 2
    #: Whether arguments and results stand in the span, redacted.
    records_arguments: bool = False
    records_results: bool = False

    @property
    def counts(self) -> bool:
        """Whether calls are counted in memory."""
        return self.calls_per_minute is not None or self.concurrent_calls is not None

    @property
    def has_quota(self) -> bool:
        """Whether calls are counted durably."""
        return self.calls_per_day is not None or self.calls_per_month is not None


@dataclass(frozen=True, slots=True)
class ToolTerms:
    """What all rules together say of one tool."""

    counting: tuple[ToolRule, ...] = ()
    quotas: tuple[ToolRule, ...] = ()
    result_bytes: int | None = None
    approval: ApprovalTerms | None = None
    #: Times that a failed call is tried again, and that of one which its server marks as harmless.
    retries: int = 0
    hinted_retries: int = 0
    records_arguments: bool = False
    records_results: bool = False


#: Of a tool that no rule matches.
FREE = ToolTerms()
