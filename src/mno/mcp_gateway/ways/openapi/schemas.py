"""Schemas of an OpenAPI document as JSON Schema 2020-12 that stands alone: what they refer to comes along. Pure.

Sources: OpenAPI Specification 3.0.4, "Schema Object"; 3.1.1, the same; JSON Schema 2020-12.
"""

import re
from collections.abc import Mapping
from typing import Any

from mno.mcp_gateway.ways.openapi.document import Document
from mno.platform.errors import Invalid

#: Values in the schema of one tool, what it refers to included.
MAX_SCHEMA_VALUES = 20_000
#: How deeply the schema of one tool may be nested.
MAX_SCHEMA_DEPTH = 40

#: Of OpenAPI alone; a validator would not know them.
_LEFT_OUT = frozenset({"discriminator", "xml", "externalDocs", "example", "nullable", "$id", "$schema", "$comment"})
#: Members that are no schema but hold values.
_VALUES = frozenset({"enum", "const", "default", "examples", "required", "type", "format", "pattern"})
#: Members that hold schemas by name.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})


class Schemas:
    """Of one tool; `definitions` is what goes along as `$defs`."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._names: dict[str, str] = {}
        self._waiting: list[str] = []
        self._values = 0
        self.definitions: dict[str, Any] = {}

    def alone(self, schema: Any) -> Any:
        """The schema with references into `$defs`; `Invalid` for one that leads outside or is too large."""
        found = self._alone(schema, 0)
        while self._waiting:
            reference = self._waiting.pop()
            self.definitions[self._names[reference]] = self._alone(self._document.at(reference), 0)
        return found

    def _alone(self, schema: Any, depth: int) -> Any:
        self._values += 1
        if self._values > MAX_SCHEMA_VALUES or depth > MAX_SCHEMA_DEPTH:
            raise Invalid("its schema is too large, or nested too deeply")
        if isinstance(schema, list):
            return [self._alone(one, depth + 1) for one in schema]
        if not isinstance(schema, Mapping):
            return schema
        found = {str(name): self._member(str(name), value, depth) for name, value in schema.items()}
        if self._document.is_old:
            _modernise(found, schema)
        return {name: value for name, value in found.items() if name not in _LEFT_OUT and not name.startswith("x-")}

    def _member(self, name: str, value: Any, depth: int) -> Any:
        if name == "$ref" and isinstance(value, str):
            return self._reference(value)
        if name in _VALUES:
            return value
        if name in _NAMED and isinstance(value, Mapping):
            return {str(inner): self._alone(one, depth + 1) for inner, one in value.items()}
        return self._alone(value, depth + 1)

    def _reference(self, reference: str) -> str:
        name = self._names.get(reference)
        if name is None:
            name = self._names[reference] = self._free_name(reference)
            self.definitions[name] = {}
            self._waiting.append(reference)
        return f"#/$defs/{name}"

    def _free_name(self, reference: str) -> str:
        wanted = re.sub(r"[^A-Za-z0-9_-]", "_", reference.rpartition("/")[2]) or "schema"
        name, number = wanted, 1
        while name in self.definitions:
            number += 1
            name = f"{wanted}_{number}"
        return name


def _modernise(found: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """What 3.0 says in other words than JSON Schema."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and bound in found:
            found[exclusive] = found.pop(bound)
        elif isinstance(schema.get(exclusive), bool):
            found.pop(exclusive, None)
    if schema.get("nullable") is True:
        if isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
        if isinstance(found.get("enum"), list) and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
