"""An OpenAPI document, read: JSON or YAML of version 3.0 or 3.1, with references that stay inside of it. Pure.

Sources: OpenAPI Specification 3.0.4 and 3.1.1; RFC 6901 (JSON Pointer).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urljoin

import orjson
import yaml

from mno.mcp_gateway.model import MAX_DOCUMENT_CHARACTERS
from mno.platform.errors import Invalid

#: References that lead to one another before something else stands there.
MAX_REFERENCE_STEPS = 20
#: Values in one document, those that YAML repeats by a name counted each time.
MAX_DOCUMENT_VALUES = 1_000_000
#: How deeply a document may be nested.
MAX_DOCUMENT_DEPTH = 60


@dataclass(frozen=True, slots=True)
class Document:
    """`is_old`: of version 3.0, whose schemas are not quite JSON Schema."""

    value: Mapping[str, Any]
    is_old: bool

    def at(self, reference: str) -> Any:
        """What a reference of this document leads to; `Invalid` where that is nothing of it."""
        if not reference.startswith("#/"):
            raise Invalid(f"the reference {reference[:100]} leads outside of the document")
        found: Any = self.value
        for part in reference[2:].split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                raise Invalid(f"the reference {reference[:100]} leads to nothing")
        return found

    def object_at(self, value: Any) -> Mapping[str, Any]:
        """An object, or the one that it refers to; `Invalid` for anything else."""
        for _ in range(MAX_REFERENCE_STEPS):
            if not isinstance(value, Mapping):
                raise Invalid("something in it is no object")
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self.at(reference)
        raise Invalid("its references lead in a circle")

    def base(self, address: str = "") -> str:
        """The address that the document names for the API, relative to its own; empty where it names none."""
        servers = self.value.get("servers")
        first = servers[0] if isinstance(servers, list) and servers else {}
        named = first.get("url") if isinstance(first, Mapping) else None
        if not isinstance(named, str):
            return ""
        variables = first.get("variables")
        for name, variable in (variables if isinstance(variables, Mapping) else {}).items():
            default = variable.get("default") if isinstance(variable, Mapping) else None
            named = named.replace("{" + str(name) + "}", str(default))
        return urljoin(address, named).rstrip("/")


def read(text: str) -> Document:
    """`Invalid` for what is no OpenAPI document of a version that is known."""
    if len(text) > MAX_DOCUMENT_CHARACTERS:
        raise Invalid(f"The document has more than {MAX_DOCUMENT_CHARACTERS} characters, which is the limit.")
    value = _value(text)
    if not isinstance(value, Mapping):
        raise Invalid("The document is no object.")
    version = str(value.get("openapi", ""))
    if not version.startswith(("3.0", "3.1")):
        raise Invalid("The document says no version of OpenAPI that is known; there are 3.0 and 3.1.")
    if not isinstance(value.get("paths"), Mapping):
        raise Invalid("The document has no paths.")
    _check_size(value)
    return Document(value, version.startswith("3.0"))


def _value(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        pass
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - it is safe
    except (yaml.YAMLError, ValueError, RecursionError):
        raise Invalid("The document is neither JSON nor YAML.") from None


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """Times stay texts, as they are in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _check_size(value: Any) -> None:
    """Whether it can be walked through: YAML may name a value once and mean it a million times, or within itself."""
    counted = 0
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        counted += 1
        if counted > MAX_DOCUMENT_VALUES or depth > MAX_DOCUMENT_DEPTH:
            raise Invalid("The document is too large, or nested too deeply.")
        if isinstance(one, Mapping):
            waiting += [(inner, depth + 1) for inner in one.values()]
        elif isinstance(one, list):
            waiting += [(inner, depth + 1) for inner in one]
