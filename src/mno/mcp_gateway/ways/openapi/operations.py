"""The operations of an OpenAPI document as tools: one schema of arguments for parameters and body. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mno.mcp_gateway.model import MAX_TOOLS_PER_SERVER
from mno.mcp_gateway.ways.openapi.document import Document
from mno.mcp_gateway.ways.openapi.schemas import Schemas
from mno.platform.errors import Invalid

#: A tool's name made of an operation's.
MAX_OPERATION_NAME_CHARACTERS = 100
#: A tool's description made of an operation's summary and description.
MAX_OPERATION_TEXT_CHARACTERS = 4_000
#: Parameters of one operation.
MAX_PARAMETERS = 100

METHODS = ("get", "post", "put", "patch", "delete")
JSON_BODY, FORM_BODY, TEXT_BODY = "application/json", "application/x-www-form-urlencoded", "text/plain"

_PLACES = ("path", "query", "header")
_STYLES = {"path": ("simple", "label", "matrix"), "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
           "header": ("simple",)}  # fmt: skip
#: Headers that a document cannot make an argument of: the protocol, the credential or the connection decides them.
_NOT_ARGUMENTS = frozenset(
    {
        "accept", "content-type", "authorization", "host", "content-length", "connection", "transfer-encoding",
        "accept-encoding", "te", "upgrade", "trailer", "cookie", "expect", "user-agent", "traceparent",
    }
)  # fmt: skip
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """`argument` is what the tool calls it, `name` what the API does."""

    argument: str
    name: str
    place: str
    style: str
    explode: bool
    is_json: bool = False
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One tool. `body` is the argument that holds the body, empty where there is none; `body_type` its media type."""

    tool: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: str
    body_type: str
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Offered:
    """What a document offers, and which operations cannot be tools, each with the reason."""

    operations: Mapping[str, Operation]
    left: Sequence[str]


def offered(document: Document) -> Offered:
    """Every operation, in the document's order."""
    found: dict[str, Operation] = {}
    left: list[str] = []
    for path, item in document.value["paths"].items():
        for method in METHODS:
            try:
                shared = document.object_at(item)
                if method not in shared:
                    continue
                if len(found) >= MAX_TOOLS_PER_SERVER:
                    raise Invalid(f"there are more than {MAX_TOOLS_PER_SERVER} operations")
                one = _operation(document, method, str(path), shared, found.keys())
            except Invalid as error:
                left.append(f"{method.upper()} {str(path)[:200]}: {error}")
            else:
                found[one.tool] = one
    return Offered(found, left)


def _operation(document: Document, method: str, path: str, shared: Mapping[str, Any], taken: Any) -> Operation:
    told = document.object_at(shared[method])
    if not path.startswith("/") or not path.isprintable() or any(one in path for one in " ?#\\"):
        raise Invalid("its path is none")
    tool = _free(_tool_name(told.get("operationId"), method, path), taken)
    schemas, arguments = Schemas(document), _Arguments()
    parameters = [
        one
        for stated in _parameters(document, shared, told)
        if (one := _parameter(document, stated, schemas, arguments)) is not None
    ]
    named = {one.name for one in parameters if one.place == "path"}
    if set(re.findall(r"\{([^{}]*)\}", path)) != named:
        raise Invalid("its path and its parameters do not name the same")
    body, body_type = _body(document, told, schemas, arguments)
    schema = {"type": "object", "properties": arguments.properties, "additionalProperties": False}
    if arguments.required:
        schema["required"] = arguments.required
    if schemas.definitions:
        schema["$defs"] = schemas.definitions
    definition = {
        "name": tool,
        "description": _text(told, method, path),
        "inputSchema": schema,
        "annotations": {
            "readOnlyHint": method == "get",
            "idempotentHint": method in ("get", "put", "delete"),
            "destructiveHint": method == "delete",
            "openWorldHint": True,
        },
    }
    return Operation(tool, method, path, tuple(parameters), body, body_type, definition)


class _Arguments:
    """Of one tool: parameters of different places may have the same name."""

    def __init__(self) -> None:
        self.properties: dict[str, Any] = {}
        self.required: list[str] = []

    def add(self, name: str, schema: Any, *, is_required: bool) -> str:
        argument = _free(
            re.sub(r"[^A-Za-z0-9_.-]", "_", name)[:MAX_OPERATION_NAME_CHARACTERS] or "value", self.properties
        )
        self.properties[argument] = schema
        if is_required:
            self.required.append(argument)
        return argument


def _parameters(document: Document, shared: Mapping[str, Any], told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of the path, replaced by those of the operation that have the same name and place."""
    found: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for owner in (shared, told):
        stated = owner.get("parameters", [])
        if not isinstance(stated, list) or len(stated) > MAX_PARAMETERS:
            raise Invalid(f"its parameters are no list of {MAX_PARAMETERS} at most")
        for one in stated:
            parameter = document.object_at(one)
            found[str(parameter.get("in")), str(parameter.get("name"))] = parameter
    return list(found.values())


def _parameter(
    document: Document, stated: Mapping[str, Any], schemas: Schemas, arguments: _Arguments
) -> Parameter | None:
    """None for one that is no argument."""
    name, place = stated.get("name"), stated.get("in")
    is_required = stated.get("required") is True or place == "path"
    if not isinstance(name, str) or not name or not name.isprintable():
        raise Invalid("a parameter has no name")
    if place == "header" and name.lower() in _NOT_ARGUMENTS:
        return None
    if place not in _PLACES or (place == "header" and not _HEADER.fullmatch(name)):
        if is_required:
            raise Invalid(f"its parameter {name[:60]} stands where the gateway sets none")
        return None
    default = "form" if place == "query" else "simple"
    style = stated.get("style", default)
    if style not in _STYLES[place]:
        raise Invalid(f"its parameter {name[:60]} has the unknown style {str(style)[:40]}")
    schema, is_json = stated.get("schema", {}), False
    if "schema" not in stated and isinstance(stated.get("content"), Mapping):
        kind, media = next(iter(stated["content"].items()), ("", {}))
        if not _is_json(str(kind)):
            raise Invalid(f"its parameter {name[:60]} is of a kind that the gateway does not write")
        schema, is_json = document.object_at(media).get("schema", {}), True
    argument = arguments.add(name, _described(schemas.alone(schema), stated), is_required=is_required)
    explode = stated.get("explode", style == "form") is True
    return Parameter(argument, name, place, style, explode, is_json, is_required)


def _body(document: Document, told: Mapping[str, Any], schemas: Schemas, arguments: _Arguments) -> tuple[str, str]:
    """The argument that holds the body, and its media type; both empty where there is no body."""
    if "requestBody" not in told:
        return "", ""
    body = document.object_at(told["requestBody"])
    content = body.get("content")
    kinds = (
        {str(kind).partition(";")[0].strip().lower(): media for kind, media in content.items()}
        if isinstance(content, Mapping)
        else {}
    )
    chosen = next((kind for kind in kinds if _is_json(kind)), "") or next(
        (kind for kind in (FORM_BODY, TEXT_BODY) if kind in kinds), ""
    )
    is_required = body.get("required") is True
    if not chosen:
        if is_required:
            raise Invalid("its body is of a kind that the gateway does not write")
        return "", ""
    schema = schemas.alone(document.object_at(kinds[chosen]).get("schema", {}))
    return arguments.add("body", _described(schema, body), is_required=is_required), chosen


def _is_json(kind: str) -> bool:
    return kind == JSON_BODY or (kind.startswith("application/") and kind.endswith("+json"))


def _described(schema: Any, stated: Mapping[str, Any]) -> Any:
    text = stated.get("description")
    if isinstance(schema, dict) and isinstance(text, str) and text and "description" not in schema:
        return {**schema, "description": text[:MAX_OPERATION_TEXT_CHARACTERS]}
    return schema


def _tool_name(operation_id: Any, method: str, path: str) -> str:
    named = operation_id if isinstance(operation_id, str) and operation_id.strip() else f"{method}{path}"
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", named).strip("_")
    return plain[:MAX_OPERATION_NAME_CHARACTERS] or method


def _free(wanted: str, taken: Any) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _text(told: Mapping[str, Any], method: str, path: str) -> str:
    parts = [str(told[name]).strip() for name in ("summary", "description") if isinstance(told.get(name), str)]
    text = "\n\n".join(dict.fromkeys(part for part in parts if part)) or f"{method.upper()} {path}"
    return ("Deprecated. " if told.get("deprecated") is True else "") + text[:MAX_OPERATION_TEXT_CHARACTERS]
