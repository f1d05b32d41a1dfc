"""Places in lists of logs, and the words for them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.logs.cursor import (
    ListCursor,
    Place,
    arrival_of,
    arrival_text,
    end_of,
    line_of,
    line_text,
    list_cursor_of,
    list_cursor_text,
)
from mno.observability.logs.model import LogFilter, attribute_filters, hex_id, histogram_step_s
from mno.observability.spans.cursor import Snapshot, question_digest
from mno.platform.errors import Invalid

moments = st.integers(-(2**62), 2**62)
ids = st.binary(min_size=16, max_size=16)
places = st.builds(Place, moments, ids)
cursors = st.builds(ListCursor, st.builds(Snapshot, moments, moments, moments), places, st.just(question_digest("q")))


@given(cursors)
def test_a_cursor_comes_back_as_it_went(cursor: ListCursor) -> None:
    assert list_cursor_of(list_cursor_text(cursor), cursor.question) == cursor


@given(places)
def test_a_place_comes_back_as_it_went_and_as_nothing_else(place: Place) -> None:
    assert arrival_of(arrival_text(place)) == place
    assert line_of(line_text(place)) == place
    for text in (line_text(place), "", "é"):
        with pytest.raises(Invalid):
            arrival_of(text)


@given(places)
def test_nothing_that_had_arrived_lies_behind_the_end(place: Place) -> None:
    assert place <= end_of(place.us) < Place(place.us + 1, bytes(16))


@given(st.text(max_size=120))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    for read in (arrival_of, line_of, lambda each: list_cursor_of(each, bytes(8))):
        with suppress(Invalid):
            read(text)


@given(st.integers(1, 300 * 365 * 86_400 * 10**6))
def test_a_histogram_has_no_more_bars_than_fit(span_us: int) -> None:
    step_s = histogram_step_s(span_us, 60)
    assert span_us / 10**6 / step_s <= 60


def test_digits_that_are_no_id_say_how_many_are_wanted() -> None:
    assert hex_id("", 32, "trace") == b""
    assert hex_id("0a" * 16, 32, "trace") == b"\x0a" * 16
    for text in ("0a", "xy" * 16, "0a" * 15 + " a"):
        with pytest.raises(Invalid, match="32 hexadecimal digits"):
            hex_id(text, 32, "trace")


def test_attributes_are_read_from_the_address() -> None:
    parameters = [("attr:b", "1"), ("attr:a", "x"), ("attr:b", "2"), ("topic", "t")]
    assert attribute_filters(parameters) == (("a", ("x",)), ("b", ("1", "2")))


def test_a_question_has_its_limits() -> None:
    with pytest.raises(Invalid, match="at most 100"):
        LogFilter(topics=("t",) * 60, attributes=(("a", ("v",) * 41),))
