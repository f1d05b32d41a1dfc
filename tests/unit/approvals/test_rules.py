"""A request ends once: by enough people, one refusal, the clock or whoever asked. Nobody decides who may not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.approvals import rules
from mno.approvals.model import (
    MAX_APPROVAL_LIFETIME,
    Approval,
    Asker,
    Decision,
    Outcome,
    Proposal,
    State,
    Vote,
)
from mno.platform.errors import Conflict, Invalid
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.scope import Scope

TEAM, PROJECT = UUID(int=1), UUID(int=2)
ASKER, ANNA, BEN, CARA = (UUID(int=number) for number in (10, 11, 12, 13))
BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
LIFETIME = timedelta(minutes=10)


def a_proposal(**changes: object) -> Proposal:
    given_ = {"kind": "tests.change", "title": "Change it", "proposed": {}, "scope": Scope.project(TEAM, PROJECT)}
    return Proposal(**{**given_, "lifetime": LIFETIME, **changes})  # type: ignore[arg-type]


def a_request(**changes: object) -> Approval:
    asker = Asker("user", ASKER, "Asker", ASKER)
    return Approval(UUID(int=3), TEAM, a_proposal(**changes), asker, BEGAN, BEGAN + LIFETIME)


def a_person(id_: UUID = ANNA, kind: PrincipalKind = PrincipalKind.USER, user_id: UUID | None = None) -> Principal:
    return Principal(kind, id_, "Somebody", TEAM, PROJECT, frozenset(), user_id=user_id)


def a_vote(person: UUID, decision: Decision, minutes: float = 1) -> Vote:
    return Vote(person, "Somebody", decision, "", BEGAN + timedelta(minutes=minutes))


steps = st.lists(
    st.one_of(
        st.tuples(st.just("vote"), st.sampled_from([ANNA, BEN, CARA]), st.sampled_from(list(Decision))),
        st.tuples(st.just("expire")),
        st.tuples(st.just("withdraw")),
        st.tuples(st.just("wait"), st.integers(0, 6)),
    ),
    max_size=12,
)


@given(steps=steps, persons=st.sampled_from([1, 2]), default=st.sampled_from(list(Outcome)))
def test_whatever_happens_in_whatever_order_a_request_ends_at_most_once_and_for_a_reason(
    steps: list[tuple[object, ...]], persons: int, default: Outcome
) -> None:
    request = a_request(persons=persons, on_expiry=default)
    now = BEGAN
    approvals: set[UUID] = set()
    for step in steps:
        before = request
        try:
            match step:
                case ("vote", UUID() as person, Decision() as decision):
                    request = rules.voted(request, Vote(person, "", decision, "", now))
                    assert now < request.expires_at
                    assert person not in approvals
                    if decision is Decision.APPROVE:
                        approvals.add(person)
                        expected = State.APPROVED if len(approvals) == persons else State.OPEN
                        assert request.state is expected
                    else:
                        assert request.state is State.REFUSED
                case ("expire",):
                    if rules.is_due(request, now):
                        request = rules.expired(request, now)
                        assert request.outcome is default
                case ("withdraw",):
                    request = rules.withdrawn(request, now, "")
                    assert request.outcome is Outcome.DENY
                case ("wait", int() as minutes):
                    now += timedelta(minutes=minutes)
        except Conflict:
            assert request is before
        if before.state is not State.OPEN:
            assert request is before
        assert (request.state is State.OPEN) == (request.outcome is None) == (request.decided_at is None)
        assert request.allowed == (request.outcome is Outcome.ALLOW)
        assert (request.state is State.APPROVED) == (len(approvals) == persons)


def test_a_person_does_not_count_twice() -> None:
    once = rules.voted(a_request(persons=2), a_vote(ANNA, Decision.APPROVE))
    assert once.state is State.OPEN
    with pytest.raises(Conflict, match="second person"):
        rules.voted(once, a_vote(ANNA, Decision.APPROVE, 2))
    assert rules.voted(once, a_vote(BEN, Decision.APPROVE, 2)).state is State.APPROVED


def test_one_refusal_is_enough_although_two_would_have_to_approve() -> None:
    once = rules.voted(a_request(persons=2), a_vote(ANNA, Decision.APPROVE))
    refused = rules.voted(once, a_vote(BEN, Decision.REFUSE))
    assert (refused.state, refused.outcome) == (State.REFUSED, Outcome.DENY)


def test_a_vote_at_the_last_moment_is_too_late() -> None:
    with pytest.raises(Conflict, match="time"):
        rules.voted(a_request(), a_vote(ANNA, Decision.APPROVE, 10))
    assert rules.voted(a_request(), a_vote(ANNA, Decision.APPROVE, 9.99)).allowed


def objection(request: Approval, decider: Principal, *groups: UUID, permitted: bool = True) -> str | None:
    return rules.objection(request, decider, frozenset(groups), permitted=permitted)


def test_a_person_with_the_permission_may_decide_and_one_without_may_not() -> None:
    assert objection(a_request(), a_person()) is None
    assert "approvals.decide" in (objection(a_request(), a_person(), permitted=False) or "")


def test_a_key_never_decides_whoever_stands_behind_it() -> None:
    key = a_person(UUID(int=99), PrincipalKind.API_KEY, ANNA)
    assert "not by a key" in (objection(a_request(), key) or "")
    assert objection(a_request(), a_person(kind=PrincipalKind.PROGRAM)) is not None


def test_whoever_asked_may_not_decide_unless_the_proposal_lets_them() -> None:
    assert "Whoever asked" in (objection(a_request(), a_person(ASKER)) or "")
    assert objection(a_request(excludes_requester=False), a_person(ASKER)) is None


def test_where_people_or_groups_are_named_only_they_decide() -> None:
    group = UUID(int=77)
    named = a_request(people=frozenset({BEN}), groups=frozenset({group}))
    assert objection(named, a_person(BEN)) is None
    assert objection(named, a_person(ANNA), group) is None
    assert "names the people" in (objection(named, a_person(ANNA), UUID(int=78)) or "")
    assert "approvals.decide" in (objection(named, a_person(BEN), permitted=False) or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"persons": 0},
        {"persons": 3},
        {"title": ""},
        {"title": "x" * 201},
        {"permission": "everything.always"},
        {"lifetime": timedelta(0)},
        {"lifetime": MAX_APPROVAL_LIFETIME + timedelta(seconds=1)},
        {"proposed": {"text": "x" * 70_000}},
        {"people": frozenset(UUID(int=number) for number in range(101))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_proposal_that_breaks_a_limit_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        rules.check(a_proposal(**changes))
