"""Operations of a document as tools."""

from typing import Any

import jsonschema_rs
import pytest

from mno.mcp_gateway.ways.openapi.document import Document
from mno.mcp_gateway.ways.openapi.operations import Offered, offered

PETS: dict[str, Any] = {
    "openapi": "3.0.4",
    "paths": {
        "/pets/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {"operationId": "get pet", "summary": "One pet", "description": "By its id."},
            "put": {
                "operationId": "replacePet",
                "parameters": [{"name": "id", "in": "query", "schema": {"type": "boolean"}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json; charset=utf-8": {"schema": {"$ref": "#/components/schemas/Pet"}}},
                },
            },
            "delete": {"deprecated": True},
        },
        "/pets": {
            "get": {
                "operationId": "get pet",
                "parameters": [
                    {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
                    {"name": "track", "in": "cookie", "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "description": "How many", "schema": {"type": "integer"}},
                ],
            },
            "post": {"requestBody": {"required": True, "content": {"image/png": {}}}},
        },
        "/odd/{a}": {"get": {}},
        "/far": {"get": {"parameters": [{"$ref": "https://example.com/p.json"}]}},
    },
    "components": {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}},
        "schemas": {
            "Pet": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "nullable": True},
                    "age": {"type": "number", "minimum": 0, "exclusiveMinimum": True, "example": 3},
                    "parent": {"$ref": "#/components/schemas/Pet"},
                },
                "discriminator": {"propertyName": "name"},
            }
        },
    },
}


def offers(value: dict[str, Any]) -> Offered:
    return offered(Document(value, is_old=str(value["openapi"]).startswith("3.0")))


def test_each_operation_is_a_tool_with_a_name_of_its_own() -> None:
    found = offers(PETS)
    assert list(found.operations) == ["get_pet", "replacePet", "delete_pets_id", "get_pet_2"]
    assert [one.partition(":")[0] for one in found.left] == ["POST /pets", "GET /odd/{a}", "GET /far"]
    definition = found.operations["get_pet"].definition
    assert definition["description"] == "One pet\n\nBy its id."
    assert definition["annotations"]["readOnlyHint"] is True
    gone = found.operations["delete_pets_id"].definition
    assert gone["description"] == "Deprecated. DELETE /pets/{id}"
    assert (gone["annotations"]["destructiveHint"], gone["annotations"]["idempotentHint"]) == (True, True)


def test_parameters_and_body_become_one_schema_that_stands_alone() -> None:
    schema = offers(PETS).operations["replacePet"].definition["inputSchema"]
    assert set(schema["properties"]) == {"id", "id_2", "body"}
    assert schema["required"] == ["id", "body"]
    validator = jsonschema_rs.Draft202012Validator(schema)
    assert validator.is_valid({"id": 1, "body": {"name": None, "age": 0.5, "parent": {"name": "Rex"}}})
    assert not validator.is_valid({"id": 1, "body": {"name": "Rex", "age": 0}})
    assert not validator.is_valid({"id": 1, "body": {"name": "Rex", "parent": {"name": 5}}})
    assert not validator.is_valid({"id": 1, "body": {"name": "Rex"}, "more": 1})


def test_what_the_connection_decides_is_no_argument() -> None:
    schema = offers(PETS).operations["get_pet_2"].definition["inputSchema"]
    assert schema["properties"] == {"limit": {"type": "integer", "description": "How many"}}


@pytest.mark.parametrize("depth", [10, 1_000])
def test_a_schema_that_is_too_deep_costs_only_its_own_operation(depth: int) -> None:
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    body = {"content": {"application/json": {"schema": schema}}}
    found = offers({"openapi": "3.1.0", "paths": {"/a": {"post": {"requestBody": body}, "get": {}}}})
    assert len(found.operations) == (2 if depth == 10 else 1)


def test_schemas_that_refer_to_one_another_a_thousand_times_come_along_once() -> None:
    names = [f"S{number}" for number in range(1_000)]
    schemas = {
        name: {"properties": {"next": {"$ref": f"#/components/schemas/{following}"}}}
        for name, following in zip(names, [*names[1:], names[0]], strict=True)
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    value = {"openapi": "3.1.0", "paths": {"/a": {"post": {"requestBody": body}}}, "components": {"schemas": schemas}}
    schema = offers(value).operations["post_a"].definition["inputSchema"]
    assert len(schema["$defs"]) == 1_000
    assert jsonschema_rs.Draft202012Validator(schema).is_valid({"body": {"next": {"next": {}}}})
