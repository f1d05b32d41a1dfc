"""The wire shapes of the servers' health."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from mno.mcp_gateway.health.service import Checked, ServerHealth
from mno.platform.ids import shown


class McpServerState(StrEnum):
    """How a server does, as far as this process of the hub has heard."""

    OFF = "off"
    #: Nobody has asked it since the process began.
    UNKNOWN = "unknown"
    REACHABLE = "reachable"
    FAILING = "failing"


class McpBreakerState(StrEnum):
    """Whether calls go to a server."""

    CLOSED = "closed"
    #: It failed again and again and is left alone.
    OPEN = "open"
    #: The next call shows whether it works again.
    HALF_OPEN = "half-open"


class McpServerHealth(BaseModel):
    """What the process that answers has seen of a server; `tools` and `held` are the team's."""

    id: str
    name: str
    state: McpServerState
    version: str = Field(description="The revision of the protocol that is spoken; empty where it is not known.")
    breaker: McpBreakerState
    retry_in_s: float = Field(description="Until an open breaker lets a call through.")
    answered_at: datetime | None
    failed_at: datetime | None
    failure: str = Field(description="What went wrong last.")
    running_calls: int
    calls_last_minute: int | None = Field(
        description="What is used of the calls a minute; it comes back evenly. Null where they are not limited."
    )
    tools: int = Field(description="Accepted as they are offered.")
    held: int = Field(description="Tools that wait for somebody to accept their definition.")

    @classmethod
    def of(cls, one: ServerHealth) -> "McpServerHealth":
        heard, breaker = one.heard, one.breaker
        return cls(
            id=shown("mcs", one.server.id),
            name=one.server.name,
            state=_state(one),
            version=one.version,
            # a breaker that only counts failures still lets every call through
            breaker=McpBreakerState.CLOSED if breaker == "failing" else McpBreakerState(breaker),
            retry_in_s=round(one.wait_s, 1),
            answered_at=heard.answered_at,
            failed_at=heard.failed_at,
            failure=heard.failure,
            running_calls=one.use.running,
            calls_last_minute=one.use.last_minute,
            tools=one.tools.accepted,
            held=one.tools.held,
        )


class McpHealthList(BaseModel):
    items: list[McpServerHealth]


class McpCheck(BaseModel):
    """What a server said when its tools were read just now."""

    reachable: bool
    version: str = Field(description="The revision of the protocol that is spoken; empty where none was agreed on.")
    duration_ms: float
    tools: int = Field(description="Tools that it lists and that may be used.")
    failure: str

    @classmethod
    def of(cls, checked: Checked) -> "McpCheck":
        return cls(
            reachable=not checked.failure,
            version=checked.version,
            duration_ms=round(checked.duration_ms, 1),
            tools=checked.tools,
            failure=checked.failure,
        )


def _state(one: ServerHealth) -> McpServerState:
    if not one.server.enabled:
        return McpServerState.OFF
    if one.heard.is_failing:
        return McpServerState.FAILING
    return McpServerState.UNKNOWN if one.heard.answered_at is None else McpServerState.REACHABLE
