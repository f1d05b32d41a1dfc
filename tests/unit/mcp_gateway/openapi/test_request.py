"""Arguments arrive at the API as they were given, and lead to no other operation."""

from typing import Any
from urllib.parse import parse_qs, unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.ways.openapi.document import Document
from mno.mcp_gateway.ways.openapi.operations import Operation, offered
from mno.mcp_gateway.ways.openapi.request import written
from mno.platform.errors import Invalid


def operation(*parameters: dict[str, Any], path: str = "/a", method: str = "get", body: Any = None) -> Operation:
    told: dict[str, Any] = {"parameters": list(parameters)}
    if body is not None:
        told["requestBody"] = {"content": body}
    found = offered(Document({"openapi": "3.1.0", "paths": {path: {method: told}}}, is_old=False))
    assert not found.left
    return next(iter(found.operations.values()))


def parameter(place: str = "query", name: str = "p", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": {}, **more}


# the examples of the specification, "Style Examples", with blue, black, brown and R, G, B
COLOURS = ["blue", "black", "brown"]
RGB = {"R": 100, "G": 200, "B": 150}


@pytest.mark.parametrize(
    ("style", "explode", "value", "expected"),
    [
        ("form", False, "blue", "p=blue"),
        ("form", False, COLOURS, "p=blue,black,brown"),
        ("form", False, RGB, "p=R,100,G,200,B,150"),
        ("form", True, COLOURS, "p=blue&p=black&p=brown"),
        ("form", True, RGB, "R=100&G=200&B=150"),
        ("spaceDelimited", False, COLOURS, "p=blue%20black%20brown"),
        ("pipeDelimited", False, COLOURS, "p=blue%7Cblack%7Cbrown"),
        ("deepObject", True, RGB, "p%5BR%5D=100&p%5BG%5D=200&p%5BB%5D=150"),
        ("form", True, True, "p=true"),
        ("form", True, "a&b=c d", "p=a%26b%3Dc%20d"),
    ],
)
def test_the_styles_of_a_query_are_those_of_the_specification(
    style: str, explode: bool, value: Any, expected: str
) -> None:
    one = operation(parameter(style=style, explode=explode))
    assert written(one, {"p": value}).target == f"/a?{expected}"


@pytest.mark.parametrize(
    ("style", "explode", "value", "expected"),
    [
        ("simple", False, "blue", "blue"),
        ("simple", False, COLOURS, "blue,black,brown"),
        ("simple", False, RGB, "R,100,G,200,B,150"),
        ("simple", True, RGB, "R=100,G=200,B=150"),
        ("label", False, "blue", ".blue"),
        ("label", False, COLOURS, ".blue,black,brown"),
        ("label", True, COLOURS, ".blue.black.brown"),
        ("label", True, RGB, ".R=100.G=200.B=150"),
        ("matrix", False, "blue", ";p=blue"),
        ("matrix", False, COLOURS, ";p=blue,black,brown"),
        ("matrix", True, COLOURS, ";p=blue;p=black;p=brown"),
        ("matrix", False, RGB, ";p=R,100,G,200,B,150"),
        ("matrix", True, RGB, ";R=100;G=200;B=150"),
    ],
)
def test_the_styles_of_a_path_are_those_of_the_specification(
    style: str, explode: bool, value: Any, expected: str
) -> None:
    one = operation(parameter("path", style=style, explode=explode), path="/a/{p}")
    assert written(one, {"p": value}).target == f"/a/{expected}"


@given(st.text(min_size=1, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_texts_arrive_as_they_were_given(in_path: str, in_query: str, in_body: str) -> None:
    one = operation(
        parameter("path", "id"),
        parameter("query", "q"),
        path="/things/{id}/parts",
        method="post",
        body={"application/json": {}},
    )
    try:
        found = written(one, {"id": in_path, "q": in_query, "body": {"text": in_body}})
    except (Invalid, UnicodeEncodeError):
        assert in_path in (".", "..") or not all(map(_is_whole, (in_path, in_query, in_body)))
        return
    path, _, query = found.target.partition("?")
    assert [unquote(part) for part in path.split("/")] == ["", "things", in_path, "parts"]
    assert parse_qs(query, keep_blank_values=True) == {"q": [in_query]}
    assert orjson.loads(found.body) == {"text": in_body}
    assert found.target.isascii()
    assert not set(found.target) & set(" \r\n#")


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_a_form_arrives_as_it_was_given(form: dict[str, str]) -> None:
    one = operation(method="post", body={"application/x-www-form-urlencoded": {}})
    found = written(one, {"body": form})
    assert parse_qs(found.body.decode(), keep_blank_values=True) == {name: [value] for name, value in form.items()}
    assert found.headers == ((b"content-type", b"application/x-www-form-urlencoded"),)


@given(st.text(max_size=60))
def test_a_header_is_one_line_or_refused(value: str) -> None:
    one = operation(parameter("header", "X-Thing"))
    try:
        ((name, written_value),) = written(one, {"X-Thing": value}).headers
    except Invalid:
        assert not value.isascii() or not value.isprintable()
        return
    assert (name, written_value) == (b"x-thing", value.strip().encode())


@pytest.mark.parametrize("value", [".", "..", ""])
def test_a_value_in_the_path_leads_to_no_other_operation(value: str) -> None:
    with pytest.raises(Invalid):
        written(operation(parameter("path", "id"), path="/users/{id}/keys"), {"id": value})


def test_what_is_left_out_is_not_sent() -> None:
    one = operation(parameter("query", "q"), parameter("header", "X-Thing"), method="post", body={"text/plain": {}})
    assert written(one, {}) == ("/a", (), b"")
    assert written(one, {"body": "said"}).body == b"said"


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)
