"""Arguments in headers: which schemas may ask for it, and what the headers say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import MODERN, Raw, RpcError
from mno.mcp_gateway.protocol.mirrored import headers_of, mirrored_in

NEWER = [(b"mcp-protocol-version", MODERN.encode())]


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def text(header: Any, kind: Any = "string") -> dict[str, Any]:
    return {"type": kind, "x-mcp-header": header}


def params(**arguments: Any) -> dict[str, Raw]:
    return {"arguments": Raw(message.encoded(arguments))}


@pytest.mark.parametrize(
    "wrong",
    [
        schema(a=text("")),
        schema(a=text("My Region")),
        schema(a=text("Region:1")),
        schema(a=text("Région")),
        schema(a=text("a\tb")),
        schema(a=text("a\r\nb")),
        schema(a=text(7)),
        schema(a=text("A", "number")),
        schema(a=text("A", "object")),
        schema(a=text("A", ["string", "null"])),
        schema(a=text("A"), b=text("a")),
        schema(a={"type": "array", "items": text("A")}),
        {**schema(), "anyOf": [schema(a=text("A"))]},
        text("A", "object"),
        schema(**{f"a{n}": text(f"A{n}") for n in range(51)}),
    ],
)
def test_a_schema_that_asks_for_what_may_not_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="x-mcp-header"):
        mirrored_in(wrong)


def test_what_only_looks_like_it_is_none() -> None:
    assert mirrored_in(schema(a={"type": "string", "default": {"x-mcp-header": "A"}})) == {}
    assert mirrored_in(None) == {}


def test_nested_arguments_are_found_and_missing_ones_left_out() -> None:
    found = mirrored_in(schema(a=text("A"), b=schema(c=text("C", "integer")), d=text("D", "boolean")))
    given_ = params(b={"c": 7}, d=False, a=None)
    assert sorted(headers_of(found, given_, ())) == [(b"mcp-param-c", b"7"), (b"mcp-param-d", b"false")]


@given(st.text(max_size=50))
def test_any_text_survives_its_header(value: str) -> None:
    found = mirrored_in(schema(a=text("A")))
    ((name, header),) = headers_of(found, params(a=value), ())
    assert not set(header) & set(b"\r\n\0")
    assert message.decoded(header.decode("latin-1")) == value
    # what the hub makes, a client of the newer era may send as well
    assert headers_of(found, params(a=value), [*NEWER, (name, header)])


@pytest.mark.parametrize("sent", [[], [(b"mcp-param-a", b"other")], [(b"mcp-param-a", b"=?base64?!!?=")]])
def test_a_client_that_says_two_things_is_refused(sent: list[tuple[bytes, bytes]]) -> None:
    found = mirrored_in(schema(a=text("A")))
    with pytest.raises(RpcError) as refused:
        headers_of(found, params(a="one"), [*NEWER, *sent])
    assert refused.value.code == message.HEADER_MISMATCH
    assert headers_of(found, params(a="one"), sent)  # the older era knows no such headers
