"""The wire shapes of calls that wait for approval."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mno.approvals.model import MAX_NOTE_CHARACTERS
from mno.mcp_gateway.gated.model import GatedCall, GatedState
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Raw
from mno.platform.ids import shown


class GatedCallShape(BaseModel):
    """A call that waits for approval, or did."""

    id: str = Field(description="That of its request in approvals.")
    server: str
    tool: str
    arguments: dict[str, Any] = Field(description="With what looks like a key, an address or a number replaced.")
    changed: bool = Field(description="Whoever approved it has changed its arguments.")
    asked_by: str
    state: GatedState
    note: str = Field(description="Why it ended as it did.")
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    trace_id: str

    @classmethod
    def of(cls, call: GatedCall) -> "GatedCallShape":
        return cls(
            id=shown("apr", call.id),
            server=call.server,
            tool=call.tool,
            arguments=dict(call.shown),
            changed=call.changed,
            asked_by=call.asker_name,
            state=call.state,
            note=call.note,
            created_at=call.created_at,
            expires_at=call.expires_at,
            ended_at=call.ended_at,
            trace_id=call.told["trace_id"],
        )


class GatedCallOutcome(GatedCallShape):
    response: dict[str, Any] | None = Field(
        description="The server's, with `result` or `error`; redacted for others than who asked."
    )

    @classmethod
    def with_response(cls, call: GatedCall, response: bytes | None) -> "GatedCallOutcome":
        value = None if response is None else message.value_of(Raw(response))
        return cls(**GatedCallShape.of(call).model_dump(), response=value)


class GatedCallList(BaseModel):
    items: list[GatedCallShape]


class ApprovalAction(StrEnum):
    #: Let it happen as it is.
    CONTINUE = "continue"
    #: Let it happen with other arguments.
    DEGRADE = "degrade"
    ABORT = "abort"


class AgentApproval(BaseModel, extra="forbid"):
    approval: Annotated[str, Field(max_length=100, description="`apr_…`")]
    action: ApprovalAction
    arguments: dict[str, Any] | None = Field(
        default=None, description="Of `degrade`: all of them, not only the changed."
    )
    note: Annotated[str, Field(max_length=MAX_NOTE_CHARACTERS)] = ""
