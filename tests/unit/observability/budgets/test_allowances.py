"""What a process may grant out of the room that it holds ahead."""

from datetime import timedelta
from uuid import UUID

import pytest

from mno.observability.budgets.model import Window
from mno.observability.budgets.periods import EPOCH
from mno.observability.budgets.turns.allowances import (
    ALLOWANCE_LEASE_S,
    ALLOWANCE_TRUST_S,
    CALLS_AHEAD,
    IDLE_S,
    Allowances,
    Change,
)
from mno.observability.budgets.turns.model import Hold, Reserve
from mno.platform import clock
from mno.platform.ids import new_id
from support.budgets import a_budget

MONEY, TOKENS, SOFT = (a_budget(id=UUID(int=one), hard=one != 3) for one in (1, 2, 3))
WINDOW = Window(EPOCH, EPOCH, EPOCH, clock.now() + timedelta(days=1), clock.now() + timedelta(days=1))


def call(amount: int, *budgets: object) -> Reserve:
    holds = [Hold(budget, "", WINDOW, amount) for budget in budgets or (MONEY,)]  # type: ignore[arg-type]
    return Reserve(new_id(), MONEY.team_id, new_id(), clock.now(), 60, holds, 0, {}, [])


def turn(allowances: Allowances, now: float, *, room: int = 10**9) -> list[Change]:
    """Writes a turn at a counter that gives everything that is asked of it up to `room` for each."""
    changes = list(allowances.changes(now))
    held = {str(one.id): min(one.more, room) for one in changes}
    allowances.answered(changes, held, now)
    return changes


@pytest.fixture
def busy() -> Allowances:
    """The counter of MONEY was asked twice for 10 at 1.0, and has an allowance since."""
    allowances = Allowances()
    assert not allowances.grant(call(10), 1.0)
    assert not allowances.grant(call(10), 1.0)
    turn(allowances, 1.0)
    return allowances


def test_a_counter_that_is_asked_once_in_a_while_holds_nothing_ahead() -> None:
    allowances = Allowances()
    for moment in (1.0, 2.0, 3.0):
        assert not allowances.grant(call(10), moment)
        assert turn(allowances, moment) == []
    assert not allowances


def test_one_that_is_asked_again_soon_asks_for_some_calls_more() -> None:
    allowances = Allowances()
    for moment in (1.0, 1.05):
        assert not allowances.grant(call(10), moment)
        changes = turn(allowances, moment)
    assert [(one.back, one.more, one.useful) for one in changes] == [(0, CALLS_AHEAD * 10, 10)]
    assert all(allowances.grant(call(10), 1.06) for _ in range(CALLS_AHEAD))
    assert not allowances.grant(call(1), 1.06)


def test_the_next_turn_makes_it_smaller_by_what_was_granted_and_fills_it_for_twice_as_many(busy: Allowances) -> None:
    asked = [busy.grant(call(10), 1.01) for _ in range(20)]
    assert asked == [True] * CALLS_AHEAD + [False] * (20 - CALLS_AHEAD)
    (change,) = turn(busy, 1.02)
    assert (change.back, change.more, change.useful) == (CALLS_AHEAD * 10, 2 * 20 * 10, 10)


def test_what_is_granted_while_a_turn_is_under_way_comes_off_its_answer(busy: Allowances) -> None:
    assert busy.grant(call(30), 1.01)
    changes = list(busy.changes(1.02))
    assert busy.grant(call(40), 1.02)
    # 80 were held, 30 of them are written down now, and the counter gave what was asked for
    busy.answered(changes, {str(changes[0].id): 80 - 30 + changes[0].more}, 1.02)
    assert not busy.grant(call(80 - 30 + changes[0].more - 40 + 1), 1.03)
    assert busy.grant(call(80 - 30 + changes[0].more - 40), 1.03)


def test_what_nobody_uses_goes_back(busy: Allowances) -> None:
    assert busy
    assert turn(busy, 1.0 + IDLE_S / 2) == []
    (change,) = turn(busy, 1.01 + IDLE_S)
    assert (change.back, change.more) == (CALLS_AHEAD * 10, 0)
    assert not busy
    assert not busy.grant(call(1), 1.01 + IDLE_S)


def test_everything_goes_back_when_somebody_finds_no_room_and_nothing_is_asked_for(busy: Allowances) -> None:
    assert busy.grant(call(10), 1.01)
    busy.want_back(call(10).holds[0])
    (change,) = turn(busy, 1.02)
    assert (change.back, change.more) == (CALLS_AHEAD * 10, 0)
    assert not busy.grant(call(1), 1.02)


def test_a_call_takes_of_all_its_counters_or_of_none(busy: Allowances) -> None:
    assert not busy.grant(call(10, MONEY, TOKENS), 1.01)
    assert busy.grant(call(CALLS_AHEAD * 10), 1.01)


def test_what_only_tells_and_what_costs_nothing_needs_no_room() -> None:
    allowances = Allowances()
    assert allowances.grant(call(10, SOFT), 1.0)
    assert allowances.grant(call(0), 1.0)
    assert not allowances


def test_it_is_trusted_for_much_less_than_it_lasts(busy: Allowances) -> None:
    assert ALLOWANCE_TRUST_S * 2 <= ALLOWANCE_LEASE_S
    assert not busy.grant(call(1), 1.0 + ALLOWANCE_TRUST_S)
    assert busy.grant(call(1), 0.99 + ALLOWANCE_TRUST_S)


def test_after_a_turn_without_an_answer_nothing_is_granted(busy: Allowances) -> None:
    busy.forget()
    assert not busy
    assert not busy.grant(call(1), 1.01)


def test_a_counter_that_gives_nothing_leaves_nothing_to_grant() -> None:
    allowances = Allowances()
    for _ in range(2):
        allowances.grant(call(10), 1.0)
    turn(allowances, 1.0, room=0)
    assert not allowances.grant(call(1), 1.0)
