"""Cursors of lists by name: they come back as they went, and nothing else is one."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.identity.teams import paging
from mno.platform.errors import Invalid


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200), st.uuids())
def test_a_cursor_comes_back_as_it_went(key: str, last: UUID) -> None:
    assert paging.decoded(paging.encoded(key, last)) == (key, last)


@given(st.text(max_size=60))
def test_any_other_text_is_refused_or_read_without_harm(text: str) -> None:
    try:
        found = paging.decoded(text)
    except Invalid:
        return
    assert found is None or "\x00" not in found[0]


@pytest.mark.parametrize("text", ["x", "!!!!", paging.encoded("a\x00b", UUID(int=7))])
def test_a_damaged_cursor_says_so(text: str) -> None:
    with pytest.raises(Invalid, match="damaged"):
        paging.decoded(text)
