"""Server-sent events, however they are cut into pieces."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.protocol.events import Events

STREAM = (
    b": hello\r\n\r\nevent: message\r\ndata: one\r\n\r\n"
    b"id: 3\ndata:two\ndata: three\n\nretry: 5\rdata: four\r\rdata: cut"
)
DATA = [b"one", b"two\nthree", b"four"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_the_pieces_of_a_stream_do_not_matter(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    events = Events()
    found = []
    for start, end in itertools.pairwise(places):
        found += events.feed(STREAM[start:end])
    assert found == DATA
