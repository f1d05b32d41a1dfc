"""What is read of an OpenAPI document, and what is refused."""

from typing import Any

import orjson
import pytest

from mno.mcp_gateway.ways.openapi.document import Document, read
from mno.platform.errors import Invalid

LAUGHS = "\n".join(
    ["openapi: 3.1.0", "paths: {}", "a0: &a0 [x]"]
    + [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]" for number in range(1, 9)]
)


def document(**more: Any) -> str:
    return orjson.dumps({"openapi": "3.1.0", "paths": {}, **more}).decode()


def test_json_and_yaml_are_read_alike() -> None:
    text = "openapi: 3.0.4\npaths: {}\ninfo: {version: 2026-01-01, title: A}\n"
    assert read(text) == Document(
        {"openapi": "3.0.4", "paths": {}, "info": {"version": "2026-01-01", "title": "A"}}, is_old=True
    )
    assert read(document()).is_old is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no object"),
        ("[]", "no object"),
        ("{", "neither JSON nor YAML"),
        ('{"swagger": "2.0", "paths": {}}', "no version"),
        ('{"openapi": "3.1.0"}', "no paths"),
        (LAUGHS, "too large"),
        ("openapi: 3.1.0\npaths: &a {b: *a}", "too large"),
        ("openapi: !!python/object/apply:os.system ['true']\npaths: {}", "neither JSON nor YAML"),
        (document(a=eval("[" * 80 + "]" * 80)), "nested too deeply"),
    ],
)
def test_what_is_no_document_is_refused(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        read(text)


@pytest.mark.parametrize(
    ("servers", "address", "base"),
    [
        ([], "https://a.example/spec.json", ""),
        ([{"url": "https://api.example/v1/"}], "", "https://api.example/v1"),
        ([{"url": "/v2"}], "https://a.example/docs/spec.json", "https://a.example/v2"),
        ([{"url": "https://{r}.example", "variables": {"r": {"default": "eu"}}}], "", "https://eu.example"),
        ("nonsense", "", ""),
    ],
)
def test_the_address_of_the_api_is_what_the_document_names(servers: Any, address: str, base: str) -> None:
    assert read(document(servers=servers)).base(address) == base


@pytest.mark.parametrize("reference", ["https://example.com/a.json#/b", "other.yaml", "#/no/such", "#/paths/x"])
def test_a_reference_leads_nowhere_else(reference: str) -> None:
    with pytest.raises(Invalid):
        read(document()).at(reference)


def test_references_in_a_circle_end() -> None:
    circular = read(document(a={"$ref": "#/b"}, b={"$ref": "#/a"}))
    with pytest.raises(Invalid, match="circle"):
        circular.object_at({"$ref": "#/a"})
