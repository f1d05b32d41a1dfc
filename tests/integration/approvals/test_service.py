"""A request is decided exactly once, whoever comes at the same time, and the change commits with the decision."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from mno.approvals import service
from mno.approvals.model import ASKED, DECIDED, Approval, Decision, Outcome, State
from mno.platform import clock
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, NotFound, VerificationRequired
from mno.platform.ids import new_id
from mno.platform.principal import PrincipalKind
from support.office import EVERYTHING, KIND, Office
from support.promises import PATIENCE_S


async def state_of(office: Office, id_: UUID) -> Approval:
    reader = replace(office.person(), team_permissions=EVERYTHING)
    return (await office.approvals.get(reader, id_)).approval


async def test_an_approval_makes_the_change_with_the_decision_and_tells_it(office: Office) -> None:
    request = await office.ask(office.person("Asker"))
    assert request.state is State.OPEN
    decided = await office.approvals.decide(office.person("Decider"), request.id, Decision.APPROVE, " fine ")
    assert (decided.state, decided.outcome) == (State.APPROVED, Outcome.ALLOW)
    assert decided == await state_of(office, request.id)
    assert decided.votes[0].note == "fine"
    assert await office.change_made() == [Outcome.ALLOW]
    (asked,), (told,) = await office.facts(ASKED), await office.facts(DECIDED)
    assert (asked["kind"], asked["state"], asked["outcome"], asked["decided_by"]) == (KIND, "open", None, "")
    assert (told["kind"], told["state"], told["outcome"]) == (KIND, "approved", "allow")
    assert (told["title"], told["asked_by"], told["decided_by"]) == ("Change it", "Asker", "Decider")


async def test_a_refusal_is_told_as_well(office: Office) -> None:
    request = await office.ask(office.person())
    await office.approvals.decide(office.person(), request.id, Decision.REFUSE)
    assert await office.change_made() == [Outcome.DENY]
    assert not office.changes.told[0].allowed


async def test_of_many_who_decide_at_once_exactly_one_does(office: Office) -> None:
    for _ in range(5):
        request = await office.ask(office.person())
        words = [Decision.APPROVE, Decision.REFUSE] * 4
        answers = await asyncio.gather(
            *(office.approvals.decide(office.person(), request.id, word) for word in words), return_exceptions=True
        )
        done = [answer for answer in answers if isinstance(answer, Approval)]
        assert len(done) == 1
        assert all(isinstance(answer, Conflict) for answer in answers if answer not in done)
        assert await state_of(office, request.id) == done[0]
    assert len(office.changes.told) == len(await office.change_made()) == len(await office.facts(DECIDED)) == 5


async def test_where_two_must_approve_two_different_people_do(office: Office) -> None:
    request = await office.ask(office.person(), persons=2)
    people = [office.person() for _ in range(4)]
    answers = await asyncio.gather(
        *(office.approvals.decide(person, request.id, Decision.APPROVE) for person in [*people, *people]),
        return_exceptions=True,
    )
    done = [answer for answer in answers if isinstance(answer, Approval)]
    assert sorted(answer.state for answer in done) == [State.APPROVED, State.OPEN]
    found = await state_of(office, request.id)
    assert len({vote.person for vote in found.votes}) == len(found.votes) == 2
    assert await office.change_made() == [Outcome.ALLOW]


async def test_a_decision_and_the_clock_at_the_same_time_end_it_once(office: Office) -> None:
    chance = random.Random()
    ends = []
    for _ in range(25):
        default = chance.choice(list(Outcome))
        request = await office.ask(office.person(), lifetime=timedelta(milliseconds=40), on_expiry=default)
        await asyncio.sleep(chance.uniform(0.015, 0.04))

        async def look(request: Approval = request) -> None:
            while clock.now() < request.expires_at:
                await asyncio.sleep(0.001)
            await office.approvals.expire(request.team_id, request.id)

        decided, *_ = await asyncio.gather(
            office.approvals.decide(office.person(), request.id, Decision.APPROVE),
            look(),
            look(),
            return_exceptions=True,
        )
        found = await state_of(office, request.id)
        if isinstance(decided, Approval):
            assert found == decided
        else:
            assert isinstance(decided, Conflict)
            assert (found.state, found.outcome) == (State.EXPIRED, default)
        ends.append(found)
    assert [told.id for told in office.changes.told] == [end.id for end in ends]
    assert await office.change_made() == [end.outcome for end in ends]
    assert len(await office.facts(DECIDED)) == 25


async def test_whoever_decides_too_late_hears_so_and_the_default_holds(office: Office) -> None:
    request = await office.ask(office.person(), lifetime=timedelta(milliseconds=1), on_expiry=Outcome.ALLOW)
    await asyncio.sleep(0.01)
    with pytest.raises(Conflict, match="expired"):
        await office.approvals.decide(office.person(), request.id, Decision.REFUSE)
    found = await state_of(office, request.id)
    assert (found.state, found.allowed) == (State.EXPIRED, True)
    assert await office.change_made() == [Outcome.ALLOW]


async def test_an_overdue_request_ends_although_nobody_looks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "EXPIRY_INTERVAL_S", 0.05)
    async with office.approvals.running():
        await office.ask(office.person(), lifetime=timedelta(milliseconds=100))
        async with asyncio.timeout(PATIENCE_S):
            while not office.changes.told:
                await asyncio.sleep(0.02)
    assert office.changes.told[0].state is State.EXPIRED


async def test_where_the_change_cannot_be_made_nothing_is_decided(office: Office) -> None:
    request = await office.ask(office.person())
    office.changes.refuses = True
    with pytest.raises(Conflict, match="changed in between"):
        await office.approvals.decide(office.person(), request.id, Decision.APPROVE)
    found = await state_of(office, request.id)
    assert (found.state, found.votes) == (State.OPEN, ())
    assert await office.facts(DECIDED) == []
    refused = await office.approvals.decide(office.person(), request.id, Decision.REFUSE)
    assert refused.state is State.REFUSED


async def test_an_allowing_expiry_whose_change_cannot_be_made_becomes_a_denial_that_says_why(office: Office) -> None:
    office.changes.refuses = True
    request = await office.ask(office.person(), lifetime=timedelta(milliseconds=1), on_expiry=Outcome.ALLOW)
    await asyncio.sleep(0.01)
    await office.approvals.expire_due()
    found = await state_of(office, request.id)
    assert (found.state, found.outcome) == (State.EXPIRED, Outcome.DENY)
    assert "changed in between" in found.note
    assert await office.change_made() == [Outcome.DENY]


async def test_a_handler_with_a_fault_does_not_keep_other_requests_from_ending(office: Office) -> None:
    async def fault(*_: object) -> None:
        raise RuntimeError("a fault")

    broken = await office.ask(office.person(), lifetime=timedelta(milliseconds=1))
    office.approvals._handlers[KIND] = fault
    await asyncio.sleep(0.01)
    await office.approvals.expire_due()
    assert (await state_of_locked(office, broken.id)) is State.OPEN
    office.approvals._handlers[KIND] = office.changes.decided
    await office.approvals.expire_due()
    assert (await state_of_locked(office, broken.id)) is State.EXPIRED


async def state_of_locked(office: Office, id_: UUID) -> State:
    async with office.database.transaction(office.project.team_id) as tx:
        row = await (await tx.execute("SELECT state FROM approvals_requests WHERE id = %(id)s", {"id": id_})).fetchone()
    assert row is not None
    return State(row["state"])


async def test_a_request_of_a_transaction_that_rolls_back_was_never_asked(office: Office) -> None:
    with pytest.raises(Invalid):
        await office.ask(office.person(), persons=3)
    reader = replace(office.person(), team_permissions=EVERYTHING)
    assert await office.approvals.page(reader, None, None, 10) == []


async def test_who_may_not_decide_is_denied_and_nothing_is_written(office: Office) -> None:
    asker = office.person("Asker")
    request = await office.ask(asker, people=frozenset({asker.id}), permission="secrets.write")
    key_of_somebody = replace(office.person(), kind=PrincipalKind.API_KEY)
    without = office.person(permissions=frozenset({"approvals.decide"}))
    for decider in (asker, key_of_somebody, without, office.person("Not named")):
        with pytest.raises(Denied):
            await office.approvals.decide(decider, request.id, Decision.APPROVE)
    stranger = replace(office.person(), team_id=new_id())
    with pytest.raises(NotFound):
        await office.approvals.decide(stranger, request.id, Decision.APPROVE)
    assert (await state_of(office, request.id)) == request


async def test_a_member_of_a_named_group_decides(office: Office) -> None:
    group, member = new_id(), office.person()
    office.policy.groups[member.id] = frozenset({group})
    request = await office.ask(office.person(), groups=frozenset({group}))
    with pytest.raises(Denied, match="names the people"):
        await office.approvals.decide(office.person(), request.id, Decision.APPROVE)
    assert (await office.approvals.decide(member, request.id, Decision.APPROVE)).allowed


async def test_a_demanded_second_factor_must_be_fresh(office: Office) -> None:
    request = await office.ask(office.person(), needs_fresh_factor=True)
    without = office.person()
    stale = replace(office.person(), verified_at=clock.now() - timedelta(hours=1))
    for decider in (without, stale):
        with pytest.raises(VerificationRequired):
            await office.approvals.decide(decider, request.id, Decision.APPROVE)
    weak = replace(office.person(), verified_at=clock.now())
    with pytest.raises(VerificationRequired, match="password only"):
        await office.approvals.decide(weak, request.id, Decision.APPROVE)
    fresh = replace(weak, second_factor=True)
    assert (await office.approvals.decide(fresh, request.id, Decision.APPROVE)).allowed


async def test_only_who_asked_takes_a_request_back_also_when_a_key_of_theirs_asked(office: Office) -> None:
    owner = office.person()
    key = replace(office.person(), kind=PrincipalKind.API_KEY, user_id=owner.id)
    request = await office.ask(key)
    with pytest.raises(Denied, match="Only who asked"):
        await office.approvals.withdraw(office.person(), request.id)
    withdrawn = await office.approvals.withdraw(owner, request.id, "not needed any more")
    assert (withdrawn.state, withdrawn.outcome, withdrawn.note) == (
        State.WITHDRAWN,
        Outcome.DENY,
        "not needed any more",
    )
    assert await office.change_made() == [Outcome.DENY]
    with pytest.raises(Conflict, match="withdrawn"):
        await office.approvals.decide(office.person(), request.id, Decision.APPROVE)


async def test_a_reader_sees_the_requests_of_their_projects_and_their_own(office: Office) -> None:
    asker = office.person(permissions=frozenset())
    request = await office.ask(asker)
    named = office.person(permissions=frozenset())
    other = await office.ask(office.person(), people=frozenset({named.id}))
    nobody = office.person(permissions=frozenset())

    async def seen(reader: object) -> list[UUID]:
        return [one.approval.id for one in await office.approvals.page(reader, None, None, 10)]  # type: ignore[arg-type]

    assert await seen(office.person()) == [other.id, request.id]
    assert await seen(asker) == [request.id]
    assert await seen(named) == [other.id]
    assert await seen(nobody) == []
    with pytest.raises(NotFound):
        await office.approvals.get(nobody, request.id)


async def test_the_list_says_which_requests_wait_for_the_reader(office: Office) -> None:
    decider = office.person()
    own = await office.ask(decider)
    two = await office.ask(office.person(), persons=2)
    await office.approvals.decide(decider, two.id, Decision.APPROVE)
    waiting = await office.ask(office.person())
    seen = {one.approval.id: one.may_decide for one in await office.approvals.page(decider, State.OPEN, None, 10)}
    assert seen == {own.id: False, two.id: False, waiting.id: True}


async def test_the_open_requests_of_a_team_are_limited(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_OPEN_APPROVALS", 2)
    await office.ask(office.person())
    await office.ask(office.person())
    with pytest.raises(LimitExceeded, match="withdraw"):
        await office.ask(office.person())


async def test_each_step_is_in_the_audit_log(office: Office) -> None:
    request = await office.ask(office.person(), persons=2)
    await office.approvals.decide(office.person(), request.id, Decision.APPROVE)
    await office.approvals.decide(office.person(), request.id, Decision.APPROVE)
    async with office.database.transaction(request.team_id) as tx:
        rows = await (await tx.execute("SELECT action FROM audit_entries ORDER BY seq")).fetchall()
    assert [row["action"] for row in rows] == ["approvals.ask", "approvals.vote", "approvals.approve"]


async def test_two_features_cannot_answer_for_one_kind(office: Office) -> None:
    with pytest.raises(ValueError, match=KIND):
        office.approvals.on_decided(KIND, office.changes.decided)
