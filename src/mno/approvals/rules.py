"""The life of a request, as pure functions: who may decide, and what each step leads to."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import orjson

from mno.approvals.model import (
    MAX_APPROVAL_LIFETIME,
    MAX_NAMED_DECIDERS,
    MAX_NOTE_CHARACTERS,
    MAX_PROPOSED_BYTES,
    MAX_TITLE_CHARACTERS,
    Approval,
    Decision,
    Outcome,
    Proposal,
    State,
    Vote,
)
from mno.platform.errors import Conflict, Invalid
from mno.platform.permissions import ALL
from mno.platform.principal import Principal, PrincipalKind

_ENDED = {
    State.APPROVED: "was approved",
    State.REFUSED: "was refused",
    State.EXPIRED: "has expired",
    State.WITHDRAWN: "was withdrawn",
}


def check(proposal: Proposal) -> None:
    """`Invalid` for a proposal that breaks a limit."""
    if not proposal.kind or not 0 < len(proposal.title) <= MAX_TITLE_CHARACTERS:
        raise Invalid(f"A request needs a kind and a title of at most {MAX_TITLE_CHARACTERS} characters.")
    if proposal.persons not in (1, 2):
        raise Invalid("One or two people decide a request.")
    if proposal.permission not in ALL:
        raise Invalid(f"There is no permission '{proposal.permission}'.")
    if len(proposal.people) + len(proposal.groups) > MAX_NAMED_DECIDERS:
        raise Invalid(f"A request may name at most {MAX_NAMED_DECIDERS} people and groups.")
    if not 0 < proposal.lifetime.total_seconds() <= MAX_APPROVAL_LIFETIME.total_seconds():
        raise Invalid(f"A request stays open for at most {MAX_APPROVAL_LIFETIME.days} days.")
    if len(orjson.dumps(dict(proposal.proposed))) > MAX_PROPOSED_BYTES:
        raise Invalid(f"What a request proposes may have at most {MAX_PROPOSED_BYTES} bytes of JSON.")


def check_note(note: str) -> str:
    """The note without blanks around it; `Invalid` for one that is too long."""
    note = note.strip()
    if len(note) > MAX_NOTE_CHARACTERS:
        raise Invalid(f"A note may have at most {MAX_NOTE_CHARACTERS} characters.")
    return note


def person_of(principal: Principal) -> UUID | None:
    """Who stands behind a session or a key."""
    if principal.user_id is not None:
        return principal.user_id
    return principal.id if principal.kind is PrincipalKind.USER else None


def objection(approval: Approval, decider: Principal, groups: frozenset[UUID], *, permitted: bool) -> str | None:
    """Why this principal may not decide this request, or None when it may (a fresh second factor apart).

    A key never decides: whoever runs an agent would else have their agent approve itself.
    """
    proposal = approval.proposal
    person = person_of(decider)
    if decider.kind is not PrincipalKind.USER or person is None:
        return "A request is decided by a person who is signed in, not by a key."
    if not permitted:
        return f"'{decider.name}' may not decide this: the permission {proposal.permission} is missing there."
    if (proposal.people or proposal.groups) and person not in proposal.people and not proposal.groups & groups:
        return "This request names the people who decide it, and you are not among them."
    if proposal.excludes_requester and person == approval.asked_by.person:
        return "Whoever asked may not decide; ask somebody else."
    return None


def check_open(approval: Approval) -> None:
    """`Conflict` for a request that has ended."""
    if approval.state is not State.OPEN:
        raise Conflict(f"This request {_ENDED[approval.state]} already; nothing can change that.")


def is_due(approval: Approval, now: datetime) -> bool:
    """Whether it is open and its time is over."""
    return approval.state is State.OPEN and now >= approval.expires_at


def voted(approval: Approval, vote: Vote) -> Approval:
    """With this vote: ended by a refusal or by enough approvals, else still open.

    `Conflict` when it has ended, when its time is over, or when the person voted before.
    """
    check_open(approval)
    if is_due(approval, vote.at):
        raise Conflict("The time for this decision is over.")
    if any(earlier.person == vote.person for earlier in approval.votes):
        raise Conflict("You have decided this already; it waits for a second person.")
    approval = replace(approval, votes=(*approval.votes, vote))
    if vote.decision is Decision.REFUSE:
        return _ended(approval, State.REFUSED, Outcome.DENY, vote.at)
    if len(approval.votes) >= approval.proposal.persons:
        return _ended(approval, State.APPROVED, Outcome.ALLOW, vote.at)
    return approval


def expired(approval: Approval, now: datetime) -> Approval:
    """With the outcome that was stated for this case."""
    check_open(approval)
    return _ended(approval, State.EXPIRED, approval.proposal.on_expiry, now)


def withdrawn(approval: Approval, now: datetime, note: str) -> Approval:
    check_open(approval)
    return replace(_ended(approval, State.WITHDRAWN, Outcome.DENY, now), note=note)


def _ended(approval: Approval, state: State, outcome: Outcome, now: datetime) -> Approval:
    return replace(approval, state=state, outcome=outcome, decided_at=now)
