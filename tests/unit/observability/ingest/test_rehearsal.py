from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.rehearsal import AGENTS, FAULTY_AGENT, FAULTY_EVERY_S, stretched, with_fault
from mno.observability.ingest.replay import Call
from mno.platform.errors import Invalid

#: A Wednesday.
END = datetime(2026, 11, 25, 15, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def calls(count: int) -> list[Call]:
    """A second apart, long ago; each with tokens of its own."""
    start = datetime(2023, 11, 16, 18, tzinfo=UTC)
    return [Call(start + timedelta(seconds=n), {"input_tokens": n, "output_tokens": 1}) for n in range(count)]


@given(st.integers(1, 400), st.integers(1, 12))
def test_every_call_is_used_once_in_its_order_within_the_weeks(count: int, weeks: int) -> None:
    made = stretched(calls(count), weeks, END)
    assert [call.fields["input_tokens"] for call in made] == list(range(count))
    assert all(one.time <= other.time for one, other in pairwise(made))
    assert all(END - timedelta(weeks=weeks) <= call.time < END for call in made)


def test_working_hours_are_busier_than_nights_and_weekends() -> None:
    hours = Counter(call.time.replace(minute=0, second=0, microsecond=0) for call in stretched(calls(8000), 2, END))
    busy = hours[datetime(2026, 11, 24, 10, tzinfo=UTC)]
    assert busy > 2 * hours[datetime(2026, 11, 24, 3, tzinfo=UTC)]
    assert busy > 2 * hours[datetime(2026, 11, 22, 10, tzinfo=UTC)]


def test_a_file_fills_twelve_weeks_at_most() -> None:
    with pytest.raises(Invalid, match="12 weeks"):
        stretched(calls(1), 13, END)


def test_a_fault_adds_a_loop_of_one_agent_to_the_last_whole_hour_and_nothing_else() -> None:
    quiet = stretched(calls(8000), 2, END)
    faulty = with_fault(quiet, END)
    hour = datetime(2026, 11, 25, 14, tzinfo=UTC)
    by, before = (
        Counter(call.fields["agent"] for call in some if hour <= call.time < hour + HOUR) for some in (faulty, quiet)
    )
    loop = 3600 // FAULTY_EVERY_S
    assert set(before) == set(AGENTS)
    assert by == before + Counter({FAULTY_AGENT: loop})
    assert len(faulty) == len(quiet) + loop
    assert faulty == sorted(faulty, key=lambda call: call.time)


def test_where_the_agent_made_no_call_there_is_no_fault() -> None:
    alone = stretched(calls(1), 1, END)
    assert with_fault(alone, END) == alone


def test_an_hour_that_has_just_ended_is_not_the_faulty_one() -> None:
    just_after = END.replace(minute=1)
    faulty = with_fault(stretched(calls(8000), 2, just_after), just_after)
    hours = Counter(call.time.hour for call in faulty if call.time.date() == END.date())
    assert hours[13] > 4 * hours[14]
