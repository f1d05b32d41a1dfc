"""What is proposed, who may decide it, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from mno.platform.scope import Scope

#: The kind of the fact that tells of every outcome. The subject is the request (`apr_…`); the data: `kind`, `title`,
#: `project` (`prj_…` or null), `asked_by`, `expires_at` (RFC 3339), `open_for_s`, `trace` (of what asked, or empty),
#: `degradable` (it proposes arguments, which may be changed), `state`, `outcome` (null: open), `decided_by` (names,
#: or empty).
DECIDED = "approvals.decided"
#: The kind of the fact that tells of a new request; the same data.
ASKED = "approvals.asked"

#: What a request may show as proposed, in bytes of JSON.
MAX_PROPOSED_BYTES = 64 * 1024
#: A request's title.
MAX_TITLE_CHARACTERS = 200
#: What a decider writes beside the decision.
MAX_NOTE_CHARACTERS = 2_000
#: How long a request may stay open.
MAX_APPROVAL_LIFETIME = timedelta(days=30)
#: How long a request stays open unless the proposal says otherwise.
DEFAULT_APPROVAL_LIFETIME = timedelta(days=1)
#: Requests of a team that are open at once.
MAX_OPEN_APPROVALS = 1_000
#: People and groups that a request may name.
MAX_NAMED_DECIDERS = 100


class Outcome(StrEnum):
    """What it means for the one who asked."""

    ALLOW = "allow"
    DENY = "deny"


class State(StrEnum):
    """OPEN, and four ends; from an end nothing leads further."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    #: Nobody decided in time: the outcome is the one that the proposal stated.
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Decision(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants to do, and who must agree.

    Whoever holds `permission` on `scope` may decide; where `people` or `groups` are named, only those of them.
    `proposed` is shown to deciders, logged and kept: plain JSON without any secret value.
    """

    #: `<feature>.<what>`, such as `secrets.change`; handlers are registered for it.
    kind: str
    title: str
    proposed: Mapping[str, Any]
    scope: Scope
    permission: str = "approvals.decide"
    people: frozenset[UUID] = frozenset()
    groups: frozenset[UUID] = frozenset()
    #: How many different people must approve: one or two. One refusal is always enough.
    persons: int = 1
    #: Whether the person who asks (also through a key of theirs) may not decide.
    excludes_requester: bool = True
    #: Whether a decider must have shown a second factor a moment ago (`platform/verification.py`).
    needs_fresh_factor: bool = False
    lifetime: timedelta = DEFAULT_APPROVAL_LIFETIME
    #: The outcome when nobody decides in time.
    on_expiry: Outcome = Outcome.DENY


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, as it was then; `person` is whoever stands behind a session or a key."""

    kind: str
    id: UUID
    name: str
    person: UUID | None


@dataclass(frozen=True, slots=True)
class Vote:
    person: UUID
    name: str
    decision: Decision
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """A request. `outcome` and `decided_at` are set at its end, once and for all."""

    id: UUID
    team_id: UUID
    proposal: Proposal
    asked_by: Asker
    created_at: datetime
    expires_at: datetime
    state: State = State.OPEN
    outcome: Outcome | None = None
    decided_at: datetime | None = None
    #: Why it ended, where no vote says it.
    note: str = ""
    votes: tuple[Vote, ...] = field(default=())

    @property
    def allowed(self) -> bool:
        """Whether the proposal may be carried out."""
        return self.outcome is Outcome.ALLOW
