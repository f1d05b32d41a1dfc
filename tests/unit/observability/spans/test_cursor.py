import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.spans.cursor import Cursor, Position, Snapshot, decoded, encoded, question_digest
from mno.platform.errors import Invalid

instants = st.integers(-(2**63), 2**63 - 1)
cursors = st.builds(
    Cursor,
    st.builds(Snapshot, instants, instants, instants),
    st.builds(Position, instants, st.binary(min_size=16, max_size=16)),
    st.binary(min_size=8, max_size=8),
)


@given(cursors)
def test_a_cursor_comes_back_as_it_was(cursor: Cursor) -> None:
    assert decoded(encoded(cursor), cursor.question) == cursor


@given(cursors)
def test_a_cursor_of_another_question_is_refused(cursor: Cursor) -> None:
    with pytest.raises(Invalid, match="other filters"):
        decoded(encoded(cursor), bytes(byte ^ 1 for byte in cursor.question))


@given(st.text(max_size=120))
def test_fuzz_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        decoded(text, question_digest())
