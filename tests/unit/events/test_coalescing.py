"""Nothing is lost between cards, whatever comes when, and whoever comes back is sent what it was not sent."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from mno.events.following.coalescing import COALESCED_S, Card, Coalescing
from mno.events.model import READ, Event, EventKind, EventSeverity
from mno.platform import clock
from mno.platform.ids import new_id

TEAM, PROJECT = new_id(), new_id()


def event(position: int, subject: str = "a") -> Event:
    return Event(
        new_id(), TEAM, PROJECT, clock.now(), EventKind.MILESTONE, subject, EventSeverity.INFO, READ, position=position
    )


def shown(cards: Sequence[Card]) -> list[tuple[str, int, int, int]]:
    return [(card.event.subject, card.event.position, card.count, card.resume_at) for card in cards]


def test_the_first_is_a_card_at_once_and_what_follows_within_a_second_is_one() -> None:
    owed = Coalescing(10)
    assert owed.add(event(1), 0.0)
    assert shown(owed.cards(0.0)) == [("a", 1, 1, 1)]
    for position in (2, 3, 4):
        owed.add(event(position), 0.5)
    assert owed.cards(0.9) == []
    assert owed.due_s(0.9) is not None
    assert shown(owed.cards(1.0)) == [("a", 4, 3, 4)]
    owed.add(event(5), 1.5)
    assert owed.cards(1.5) == []
    assert shown(owed.cards(2.1)) == [("a", 5, 1, 5)]
    assert owed.cards(3.2) == []
    assert owed.due_s(3.2) is None
    owed.add(event(6), 9.0)
    assert shown(owed.cards(9.0)) == [("a", 6, 1, 6)]


def test_other_subjects_do_not_wait() -> None:
    owed = Coalescing(10)
    owed.add(event(1), 0.0)
    owed.cards(0.0)
    owed.add(event(2), 0.1)
    owed.add(event(3, "b"), 0.1)
    # whoever is cut off after "b" comes back from before what is held of "a"
    assert shown(owed.cards(0.1)) == [("b", 3, 1, 1)]
    assert shown(owed.cards(1.1)) == [("a", 2, 1, 3)]


def test_a_viewer_who_does_not_keep_up_is_owed_nothing() -> None:
    owed = Coalescing(2)
    assert owed.add(event(1, "a"), 0.0)
    assert owed.add(event(2, "b"), 0.0)
    assert not owed.add(event(3, "c"), 0.0)
    assert owed.cards(5.0) == []
    assert owed.resume_at == 3


def test_what_was_sent_is_not_owed_however_many_subjects_there_are() -> None:
    owed = Coalescing(2)
    for position in range(1, 50):
        assert owed.add(event(position, f"subject {position}"), 0.01 * position)
        assert len(owed.cards(0.01 * position)) == 1


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 0.7), st.booleans()), max_size=60),
    st.integers(0, 200),
)
def test_every_event_is_in_one_card_and_a_broken_stream_resumes_before_what_it_lacks(
    steps: list[tuple[str, float, bool]], cut: int
) -> None:
    """`steps`: an event of which subject, how much later, and whether the viewer is sent something then."""
    owed, now, sent, subjects = Coalescing(100), 0.0, list[Card](), dict[int, str]()
    for position, (subject, later, takes) in enumerate(steps, start=1):
        now += later
        subjects[position] = subject
        assert owed.add(event(position, subject), now)
        if takes:
            sent += owed.cards(now)
    sent += owed.cards(now)
    sent += owed.cards(now + COALESCED_S)
    assert sum(card.count for card in sent) == len(steps)
    assert owed.resume_at == len(steps)
    for subject in "abc":
        newest = [card.event.position for card in sent if card.event.subject == subject]
        assert newest == sorted(newest)
        assert not newest or newest[-1] == max(place for place, name in subjects.items() if name == subject)
    # cut off after any card: what was not in the cards so far comes after the place that the last of them names
    received = sent[:cut]
    if not received:
        return
    for subject in "abc":
        count = sum(card.count for card in received if card.event.subject == subject)
        missing = sorted(place for place, name in subjects.items() if name == subject)[count:]
        assert not missing or missing[0] > received[-1].resume_at
