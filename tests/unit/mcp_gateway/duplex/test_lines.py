"""Lines come out as they went in, however the stream is cut; one that is too long still says whose answer it was."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.ways.duplex.lines import Lines, Overlong


def fed(stream: bytes, cuts: list[int], limit: int) -> list[bytes | Overlong]:
    lines = Lines(limit)
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    return [line for piece in pieces for line in lines.feed(piece)]


@given(
    st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b" ").rstrip(b"\r")), max_size=20),
    st.lists(st.integers(0, 10_000), max_size=20),
)
def test_lines_come_out_as_they_went_in(lines: list[bytes], cuts: list[int]) -> None:
    assert fed(b"".join(line + b"\n" for line in lines), cuts, 40) == lines


@given(
    st.integers(0, 10**15),
    st.booleans(),
    st.text(min_size=60, max_size=2_000),
    st.lists(st.integers(0, 10_000), max_size=20),
)
def test_a_line_that_is_too_long_names_its_request_and_costs_no_other(
    own_id: int, id_first: bool, text: str, cuts: list[int]
) -> None:
    result = {"content": [{"type": "text", "text": text}], "id": 7}
    first = {"jsonrpc": "2.0", "id": own_id, "result": result}
    last = {"result": result, "jsonrpc": "2.0", "id": own_id}
    line = json.dumps(first if id_first else last, separators=(",", ":")).encode()
    found = fed(b"before\n" + line + b"\nafter\n", cuts, 50)
    assert found == [b"before", Overlong(b"%d" % own_id, len(line)), b"after"]


@pytest.mark.parametrize(
    "line", [b"x" * 100, b'{"method":"a","params":{"id":5}}' * 5, b'{"result":{"a":{"id":5}}}' * 5]
)
def test_a_line_that_says_no_id_of_its_own_is_nobodys(line: bytes) -> None:
    assert fed(line + b"\n", [], 50) == [Overlong(None, len(line))]
