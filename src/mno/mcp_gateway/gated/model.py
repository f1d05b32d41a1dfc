"""A call that waits for approval, and its states."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

#: The kind of the requests in approvals.
KIND = "mcp.call"

#: The arguments of a call that waits for approval, in bytes of JSON: somebody is to read them.
MAX_GATED_ARGUMENT_BYTES = 32 * 1024
#: Everything that such a call brings along for its server, in bytes.
MAX_GATED_CALL_BYTES = 64 * 1024
#: The response of such a call, in bytes: it is kept for whoever comes back for it.
MAX_GATED_RESPONSE_BYTES = 1024 * 1024
#: Calls of one key or person that wait for approval at once: people are to look at each.
MAX_WAITING_CALLS_EACH = 50
#: What a client calls one call by, so that asking again means the same one.
MAX_IDEMPOTENCY_KEY_CHARACTERS = 200
#: How long the outcome of such a call is kept.
GATED_CALL_LIFETIME = timedelta(days=7)
#: How long an outcome that nobody was given waits for the same call to be asked again without an idempotency key.
UNCLAIMED_LIFETIME = timedelta(hours=1)
#: Why a call ended as it did.
MAX_GATED_NOTE_CHARACTERS = 1_000


class GatedState(StrEnum):
    """WAITING → APPROVED → RUNNING → DONE, FAILED or UNKNOWN; or WAITING → REFUSED."""

    WAITING = "waiting"
    APPROVED = "approved"
    #: One process has it. This is written down before anything is sent to the server.
    RUNNING = "running"
    #: The server answered.
    DONE = "done"
    #: It was not carried out, or the server answered with an error of the protocol.
    FAILED = "failed"
    #: It may have been carried out and may not: no answer came, or the process died. It is not tried again.
    UNKNOWN = "unknown"
    #: By a person, or because nobody decided in time.
    REFUSED = "refused"


OPEN = (GatedState.WAITING, GatedState.APPROVED, GatedState.RUNNING)


@dataclass(frozen=True, slots=True)
class GatedCall:
    """`id` is that of the request in approvals (`apr_…`); `tool` is called as its server calls it. `shown` are the
    arguments as people see them, `told` what the span says of the caller. `params` and `response` are encrypted.
    """

    id: UUID
    team_id: UUID
    project_id: UUID
    server_id: UUID
    server: str
    tool: str
    asker_kind: str
    asker_id: UUID
    asker_name: str
    asker_person: UUID | None
    digest: str
    idempotency_key: str
    shown: Mapping[str, Any]
    told: Mapping[str, Any]
    params: bytes | None
    created_at: datetime
    expires_at: datetime
    channels: tuple[UUID, ...] = ()
    remind_at: datetime | None = None
    state: GatedState = GatedState.WAITING
    note: str = ""
    #: Whoever approved it has changed its arguments.
    changed: bool = False
    response: bytes | None = None
    delivered: bool = False
    claimed_by: UUID | None = None
    lease_until: datetime | None = None
    ended_at: datetime | None = None
    forget_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.state not in OPEN
