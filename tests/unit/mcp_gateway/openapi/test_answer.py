"""Answers of an API as results of a tool."""

from typing import Any

import orjson
import pytest

from mno.mcp_gateway.ways.openapi.answer import result_of


def result(status: int, kind: str, body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(result_of(status, [(b"content-type", kind.encode())], body))
    assert found.pop("resultType") == "complete"
    return found


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.api+json; charset=utf-8"])
def test_an_object_is_there_for_programs_and_for_readers(kind: str) -> None:
    found = result(200, kind, b'{"a": 1}')
    assert (found["structuredContent"], found["content"][0]["text"], found["isError"]) == ({"a": 1}, '{"a": 1}', False)


def test_a_list_and_broken_json_are_text() -> None:
    assert "structuredContent" not in result(200, "application/json", b"[1]")
    assert result(200, "application/json", b"{")["content"] == [{"type": "text", "text": "{"}]


@pytest.mark.parametrize(("status", "body"), [(404, b'{"title": "no pet"}'), (500, b"oops"), (302, b"")])
def test_what_failed_is_an_error_that_says_why(status: int, body: bytes) -> None:
    found = result(status, "application/problem+json", body)
    assert found["isError"] is True
    assert str(status) in found["content"][0]["text"]
    assert body.decode() in found["content"][0]["text"]


def test_other_kinds_are_given_whole() -> None:
    assert result(204, "", b"")["content"][0]["text"] == "Done (HTTP 204)."
    assert result(200, "text/csv", b"a,b")["content"][0]["text"] == "a,b"
    image = result(200, "image/png", b"\x89PNG")["content"][0]
    assert (image["type"], image["mimeType"], image["data"]) == ("image", "image/png", "iVBORw==")
    blob = result(200, "application/zip", b"\xff\x00")["content"][0]
    assert (blob["type"], blob["resource"]["blob"]) == ("resource", "/wA=")
