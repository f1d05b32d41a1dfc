"""Use cases of approvals: a feature asks in its own transaction, people decide, and the change commits with that.

A request ends exactly once. Whoever ends it (a decider, the asker, the clock) holds its row locked, and in the
same transaction run the handler of the feature that asked, the fact of the outcome and the audit entry. A handler
that fails undoes the decision with itself, so the request stays open and can be decided again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from mno.approvals import rules, store
from mno.approvals.model import (
    ASKED,
    DECIDED,
    MAX_OPEN_APPROVALS,
    Approval,
    Asker,
    Decision,
    Outcome,
    Proposal,
    State,
    Vote,
)
from mno.approvals.ports import Groups, Policy
from mno.audit.service import Audit
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.ending import ended
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, MnoError, NotFound
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.time_range import shown as shown_time
from mno.platform.verification import freshly_verified_by_second_factor

_log = logging.getLogger(__name__)

#: How often overdue requests are looked for, in seconds; who reads one in between ends it as well.
EXPIRY_INTERVAL_S = 5.0
#: Overdue requests that are ended in one go.
MAX_EXPIRED_AT_ONCE = 100

#: Runs in the transaction that ends a request, bound to the request's team, for every outcome: look at
#: `approval.allowed`. What it raises undoes the decision.
Handler = Callable[[Connection, Approval], Awaitable[None]]
#: Runs in the transaction of a decision, before the vote of somebody who may decide: what it raises undoes all of it.
Before = Callable[[Connection, Approval], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as one reader sees it; where it wants a fresh second factor, that is asked for at the decision."""

    approval: Approval
    may_decide: bool


class Approvals:
    """The requests of all teams."""

    def __init__(self, database: Database, outbox: Outbox, audit: Audit, policy: Policy, groups: Groups) -> None:
        self._database = database
        self._outbox = outbox
        self._audit = audit
        self._policy = policy
        self._groups = groups
        self._handlers: dict[str, Handler] = {}

    def on_decided(self, kind: str, handler: Handler) -> None:
        """Whatever ends a request of this kind calls `handler` in its transaction: exactly once, with the change."""
        if kind in self._handlers:
            raise ValueError(f"Two features decide what follows a request of kind '{kind}'.")
        self._handlers[kind] = handler

    async def ask(self, tx: Connection, asker: Principal, proposal: Proposal) -> Approval:
        """A new open request, in the caller's transaction (of the asker's team).

        `Invalid` for a proposal that breaks a limit, `LimitExceeded` at MAX_OPEN_APPROVALS open ones.
        """
        rules.check(proposal)
        if proposal.scope.team_id != asker.team_id:
            raise Invalid("A request belongs to the team in which it is asked.")
        if await store.count_open(tx, asker.team_id) >= MAX_OPEN_APPROVALS:
            raise LimitExceeded(f"A team may have {MAX_OPEN_APPROVALS} open requests; decide or withdraw some first.")
        now = clock.now()
        who = Asker(str(asker.kind), asker.id, asker.name, rules.person_of(asker))
        approval = Approval(new_id(), asker.team_id, proposal, who, now, now + proposal.lifetime)
        await store.insert(tx, approval)
        await self._outbox.publish(tx, _fact(ASKED, approval))
        await self._audit.record(
            tx, asker, "approvals.ask", shown("apr", approval.id), name=proposal.title, after=_audited(approval)
        )
        return approval

    async def decide(
        self, decider: Principal, id_: UUID, decision: Decision, note: str = "", *, before: Before | None = None
    ) -> Approval:
        """One person's word. The answer is still open where a second person must agree. `before` is for a decider who
        lets something else happen than was proposed: the feature that asked writes it down there.

        `NotFound` for no request of the team, `Denied` for who may not decide it, `Conflict` when it has ended or
        the person voted before, and whatever the asking feature's handler refuses with.
        """
        note = rules.check_note(note)
        groups = await self._groups_of(decider)
        async with self._database.transaction(decider.team_id) as tx:
            approval = await self._locked(tx, decider.team_id, id_)
            now = clock.now()
            late = rules.is_due(approval, now)
            if late:
                await self._expire(tx, approval, now)
            else:
                approval = await self._vote(tx, approval, decider, groups, decision, note, now, before)
        if late:
            raise Conflict("The time for this decision is over; the request has expired.")
        return approval

    async def withdraw(self, asker: Principal, id_: UUID, note: str = "") -> Approval:
        """Ends a request by the one who asked, or by the person behind the key that asked."""
        note = rules.check_note(note)
        async with self._database.transaction(asker.team_id) as tx:
            approval = await self._locked(tx, asker.team_id, id_)
            person = rules.person_of(asker)
            if asker.id != approval.asked_by.id and (person is None or person != approval.asked_by.person):
                raise Denied("Only who asked may withdraw a request; you can refuse it.")
            ended = rules.withdrawn(approval, clock.now(), note)
            await self._end(tx, asker, approval, ended)
        return ended

    async def get(self, reader: Principal, id_: UUID) -> Seen:
        """One request that the reader may see; an overdue one is ended first."""
        whose = await self._reader(reader)
        found = await self._read(whose, id_)
        if rules.is_due(found, clock.now()):
            await self.expire(found.team_id, id_)
            found = await self._read(whose, id_)
        return self._seen(found, reader, frozenset(whose.groups))

    async def page(self, reader: Principal, state: State | None, after: UUID | None, limit: int) -> list[Seen]:
        """Requests where the reader may read them, and those that concern the reader; the newest first."""
        await self.expire_due()
        whose = await self._reader(reader)
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.page(tx, whose, state, after, limit)
        return [self._seen(approval, reader, frozenset(whose.groups)) for approval in found]

    # — the clock —

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ends what nobody decides in time, also when nobody looks."""
        watching = asyncio.create_task(self._watch(), name="approvals-expiry")
        try:
            yield
        finally:
            await ended(watching)

    async def _watch(self) -> None:
        while True:
            try:
                await self.expire_due()
            except MnoError as error:
                _log.warning("Overdue requests could not be looked for: %s", error)
            await asyncio.sleep(EXPIRY_INTERVAL_S)

    async def expire_due(self) -> None:
        """Ends overdue requests of every team; one that cannot be ended does not keep the others."""
        async with self._database.across_teams() as tx:
            due = await store.due(tx, clock.now(), MAX_EXPIRED_AT_ONCE)
        for team_id, id_ in due:
            try:
                await self.expire(team_id, id_)
            except MnoError as error:
                _log.warning("The overdue request %s could not be ended: %s", shown("apr", id_), error)
            except Exception:  # noqa: BLE001 - another feature's handler must not keep the other requests
                _log.exception("The overdue request %s could not be ended.", shown("apr", id_))

    async def expire(self, team_id: UUID, id_: UUID) -> None:
        """Ends this one with its stated outcome, if it is open and overdue."""
        async with self._database.transaction(team_id) as tx:
            approval = await self._locked(tx, team_id, id_)
            now = clock.now()
            if rules.is_due(approval, now):
                await self._expire(tx, approval, now)

    async def _expire(self, tx: Connection, approval: Approval, now: datetime) -> None:
        """Where the change that was allowed by default cannot be made, the outcome is a denial that says why."""
        program = _program(approval)
        ended = rules.expired(approval, now)
        try:
            async with tx.transaction():
                await self._end(tx, program, approval, ended)
        except MnoError as error:
            if not ended.allowed:
                raise
            denied = replace(ended, outcome=Outcome.DENY, note=f"It could not be carried out: {error}")
            await self._end(tx, program, approval, denied)

    # — inside a transaction —

    async def _vote(
        self,
        tx: Connection,
        approval: Approval,
        decider: Principal,
        groups: frozenset[UUID],
        decision: Decision,
        note: str,
        now: datetime,
        before: Before | None,
    ) -> Approval:
        rules.check_open(approval)
        objection = self._objection(approval, decider, groups)
        if objection is not None:
            raise Denied(objection)
        if approval.proposal.needs_fresh_factor:
            freshly_verified_by_second_factor(decider)
        person = rules.person_of(decider)
        assert person is not None
        vote = Vote(person, decider.name, decision, note, now)
        after = rules.voted(approval, vote)
        if before is not None:
            await before(tx, approval)
        await store.add_vote(tx, approval, vote)
        if after.state is State.OPEN:
            await self._record(tx, decider, approval, after, "approvals.vote")
        else:
            await self._end(tx, decider, approval, after)
        return after

    async def _end(self, tx: Connection, actor: Principal, before: Approval, after: Approval) -> None:
        if not await store.end(tx, after):
            raise Conflict("This request has ended already.")
        handler = self._handlers.get(after.proposal.kind)
        if handler is not None:
            await handler(tx, after)
        await self._outbox.publish(tx, _fact(DECIDED, after))
        await self._record(tx, actor, before, after, _ACTIONS[after.state])

    async def _record(self, tx: Connection, actor: Principal, before: Approval, after: Approval, action: str) -> None:
        await self._audit.record(
            tx,
            actor,
            action,
            shown("apr", after.id),
            name=after.proposal.title,
            before=_audited(before),
            after=_audited(after),
            team_id=after.team_id,
            detail=after.votes[-1].note if after.votes else after.note,
        )

    async def _locked(self, tx: Connection, team_id: UUID, id_: UUID) -> Approval:
        found = await store.locked(tx, team_id, id_)
        if found is None:
            raise NotFound(f"There is no request {shown('apr', id_)} in this team.")
        return found

    # — reading —

    async def _read(self, whose: store.Reader, id_: UUID) -> Approval:
        async with self._database.transaction(whose.team_id) as tx:
            found = await store.visible(tx, whose, id_)
        if found is None:
            raise NotFound(f"There is no request {shown('apr', id_)} here.")
        return found

    async def _reader(self, principal: Principal) -> store.Reader:
        projects = await self._policy.visible_projects(principal, "approvals.read")
        return store.Reader(
            principal.team_id,
            principal.may_in_team("approvals.read"),
            None if projects is None else list(projects),
            rules.person_of(principal),
            sorted(await self._groups_of(principal)),
        )

    async def _groups_of(self, principal: Principal) -> frozenset[UUID]:
        person = rules.person_of(principal)
        return await self._groups.groups_of(principal.team_id, person) if person else frozenset()

    def _objection(self, approval: Approval, decider: Principal, groups: frozenset[UUID]) -> str | None:
        permitted = self._policy.may(decider, approval.proposal.permission, approval.proposal.scope)
        return rules.objection(approval, decider, groups, permitted=permitted)

    def _seen(self, approval: Approval, reader: Principal, groups: frozenset[UUID]) -> Seen:
        voted = any(vote.person == rules.person_of(reader) for vote in approval.votes)
        may = approval.state is State.OPEN and not voted and self._objection(approval, reader, groups) is None
        return Seen(approval, may)


_ACTIONS = {
    State.APPROVED: "approvals.approve",
    State.REFUSED: "approvals.refuse",
    State.EXPIRED: "approvals.expire",
    State.WITHDRAWN: "approvals.withdraw",
}


def _fact(kind: str, approval: Approval) -> Fact:
    proposal = approval.proposal
    data = {
        "kind": proposal.kind,
        "title": proposal.title,
        "project": shown("prj", proposal.scope.project_id) if proposal.scope.project_id else None,
        "asked_by": approval.asked_by.name,
        "expires_at": shown_time(approval.expires_at),
        "open_for_s": proposal.lifetime.total_seconds(),
        "decided_by": ", ".join(vote.name for vote in approval.votes),
        "degradable": isinstance(proposal.proposed.get("arguments"), Mapping),
        "trace": str(proposal.proposed.get("trace_id", "")),
        "state": str(approval.state),
        "outcome": None if approval.outcome is None else str(approval.outcome),
    }
    return Fact(approval.team_id, shown("apr", approval.id), kind, data)


def _audited(approval: Approval) -> dict[str, object]:
    return {
        "kind": approval.proposal.kind,
        "state": str(approval.state),
        "outcome": None if approval.outcome is None else str(approval.outcome),
        "approvals": sum(vote.decision is Decision.APPROVE for vote in approval.votes),
        "needed": approval.proposal.persons,
    }


def _program(approval: Approval) -> Principal:
    nobody = UUID(int=0)
    project_id = approval.proposal.scope.project_id or nobody
    return Principal(PrincipalKind.PROGRAM, nobody, "expiry of requests", approval.team_id, project_id, frozenset())
