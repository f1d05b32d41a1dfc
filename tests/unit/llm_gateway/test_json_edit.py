"""One member changes and every other byte stays."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.llm_gateway.json_edit import changed, check_once, members
from mno.platform.errors import Invalid

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(st.text(max_size=8), values, max_size=6)
layouts = st.sampled_from([None, orjson.OPT_INDENT_2])


@given(documents, layouts)
def test_every_member_is_found_where_it_stands(document: dict[str, Any], layout: int | None) -> None:
    body = orjson.dumps(document, option=layout)
    found = members(body)
    assert [member.name for member in found] == list(document)
    assert {one.name: orjson.loads(body[one.start : one.end]) for one in found} == document


@given(documents, values, layouts)
def test_a_changed_member_changes_nothing_else(document: dict[str, Any], value: Any, layout: int | None) -> None:
    body = orjson.dumps(document, option=layout)
    assert orjson.loads(changed(body, {"model": value})) == {**document, "model": value}


def test_bytes_around_a_change_stay_as_they_were() -> None:
    body = b'{ "temperature": 1.0e0,\n "model" :"fast" , "big": 123456789012345678901234567890, "t": "\\u00e9\\/" }'
    assert changed(body, {"model": "gpt-4o"}) == body.replace(b'"fast" ', b'"gpt-4o"')


def test_what_is_not_there_comes_at_the_end() -> None:
    body = b'{"a":[1,{"b":2}]}'
    assert changed(body, {"c": True}) == b'{"a":[1,{"b":2}],"c":true}'
    assert changed(b"{}", {"c": 1}) == b'{"c":1}'


@pytest.mark.parametrize("body", [b'{"model":"a","model":"b"}', b'{"model":"a","\\u006dodel":"b"}'])
def test_a_member_that_stands_there_twice_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match="twice"):
        check_once(body, {"model"})


names = st.sampled_from(["model", "n", "x", "mod\u00e9l"])
pairs = st.lists(st.tuples(names, st.sampled_from(['"model"', "1", '{"n":2}', '"\\"n\\":"'])), max_size=5)


@given(pairs, st.booleans())
def test_a_quick_look_sees_every_member_that_stands_there_twice(
    members: list[tuple[str, str]], disguised: bool
) -> None:
    written = [
        '"' + (f"\\u{ord(name[0]):04x}{name[1:]}" if disguised else name) + '":' + value for name, value in members
    ]
    body = ("{" + ",".join(written) + "}").encode()
    repeated = any([name for name, _ in members].count(judged) > 1 for judged in ("model", "n"))
    if repeated:
        with pytest.raises(Invalid, match="twice"):
            check_once(body, {"model", "n"})
    else:
        check_once(body, {"model", "n"})


def test_a_name_inside_a_text_or_an_inner_object_is_no_member() -> None:
    body = b'{"messages":[{"model":"x"}],"note":"\\"model\\":\\"y\\"","model":"z"}'
    assert [one.name for one in members(body)] == ["messages", "note", "model"]
