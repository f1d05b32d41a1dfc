"""The wire shapes of approvals."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mno.approvals.model import MAX_NOTE_CHARACTERS, Approval, Decision, Outcome, Proposal, State, Vote
from mno.approvals.service import Seen
from mno.platform.ids import shown


class AskerShape(BaseModel):
    """Who asked, as it was then."""

    kind: str = Field(description="`user`, `api_key` or `program`.")
    name: str
    person: str | None = Field(description="The person behind the session or key.")


class VoteShape(BaseModel):
    person: str
    name: str
    decision: Decision
    note: str
    at: datetime

    @classmethod
    def of(cls, vote: Vote) -> "VoteShape":
        return cls(person=shown("usr", vote.person), name=vote.name, decision=vote.decision, note=vote.note, at=vote.at)


class RuleShape(BaseModel):
    """Who decides: holders of `permission` at the place; where people or groups are named, only those of them."""

    permission: str
    level: str = Field(description="`hub`, `team`, `project`, `agent`, `tool` or `task`.")
    project: str | None
    name: str = Field(description="Of the agent, tool or task.")
    people: list[str]
    groups: list[str]
    persons: int = Field(description="How many different people must approve.")
    excludes_requester: bool
    needs_fresh_factor: bool = Field(description="A decider must have shown a second factor a moment ago.")

    @classmethod
    def of(cls, proposal: Proposal) -> "RuleShape":
        scope = proposal.scope
        return cls(
            permission=proposal.permission,
            level=scope.level,
            project=shown("prj", scope.project_id) if scope.project_id else None,
            name=scope.name,
            people=[shown("usr", person) for person in sorted(proposal.people)],
            groups=[shown("grp", group) for group in sorted(proposal.groups)],
            persons=proposal.persons,
            excludes_requester=proposal.excludes_requester,
            needs_fresh_factor=proposal.needs_fresh_factor,
        )


class ApprovalShape(BaseModel):
    """A request; `outcome` is null as long as it is open."""

    id: str
    kind: str
    title: str
    proposed: dict[str, Any]
    asked_by: AskerShape
    rule: RuleShape
    created_at: datetime
    expires_at: datetime
    on_expiry: Outcome = Field(description="The outcome when nobody decides in time.")
    state: State
    outcome: Outcome | None
    decided_at: datetime | None
    note: str
    votes: list[VoteShape]

    @classmethod
    def of(cls, approval: Approval) -> "ApprovalShape":
        asker = approval.asked_by
        return cls(
            id=shown("apr", approval.id),
            kind=approval.proposal.kind,
            title=approval.proposal.title,
            proposed=dict(approval.proposal.proposed),
            asked_by=AskerShape(
                kind=asker.kind, name=asker.name, person=shown("usr", asker.person) if asker.person else None
            ),
            rule=RuleShape.of(approval.proposal),
            created_at=approval.created_at,
            expires_at=approval.expires_at,
            on_expiry=approval.proposal.on_expiry,
            state=approval.state,
            outcome=approval.outcome,
            decided_at=approval.decided_at,
            note=approval.note,
            votes=[VoteShape.of(vote) for vote in approval.votes],
        )


class SeenApprovalShape(ApprovalShape):
    may_decide: bool = Field(description="Whether the caller may decide it now, a fresh second factor apart.")

    @classmethod
    def seen(cls, seen: Seen) -> "SeenApprovalShape":
        return cls(**ApprovalShape.of(seen.approval).model_dump(), may_decide=seen.may_decide)


class ApprovalList(BaseModel):
    items: list[SeenApprovalShape]
    next_cursor: str | None = Field(description="Null on the last page.")


class DecisionWish(BaseModel):
    decision: Decision
    note: Annotated[str, Field(max_length=MAX_NOTE_CHARACTERS)] = ""


class WithdrawalWish(BaseModel):
    note: Annotated[str, Field(max_length=MAX_NOTE_CHARACTERS)] = ""
