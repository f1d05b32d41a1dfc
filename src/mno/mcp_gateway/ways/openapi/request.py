"""Arguments of a tool as an HTTP request, in the styles that OpenAPI has for parameters. Pure.

Sources: OpenAPI Specification 3.1.1, "Style Values"; RFC 6570 (URI Template); RFC 3986.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlencode

import orjson

from mno.mcp_gateway.protocol.message import Header
from mno.mcp_gateway.ways.openapi.operations import FORM_BODY, TEXT_BODY, Operation, Parameter
from mno.platform.errors import Invalid

#: The path and the query of one request, in characters.
MAX_TARGET_CHARACTERS = 16 * 1024


class Written(NamedTuple):
    """One request, without what every request has. `target` begins with a slash."""

    target: str
    headers: tuple[Header, ...]
    body: bytes


def written(operation: Operation, arguments: Mapping[str, Any]) -> Written:
    """`Invalid` for what cannot be written where it must stand. The arguments fit the tool's schema."""
    path = operation.path
    pairs: list[str] = []
    headers: list[Header] = []
    for parameter in operation.parameters:
        if parameter.argument not in arguments:
            continue
        value = arguments[parameter.argument]
        if parameter.place == "path":
            path = path.replace("{" + parameter.name + "}", _in_path(parameter, value))
        elif parameter.place == "query":
            pairs += _in_query(parameter, value)
        else:
            headers.append(_in_header(parameter, value))
    # what looks like a step up would lead to another operation
    if any(unquote(part) in (".", "..") for part in path.split("/")):
        raise Invalid("A value in the path may not be '.' or '..'.")
    target = path + ("?" + "&".join(pairs) if pairs else "")
    if len(target) > MAX_TARGET_CHARACTERS:
        raise Invalid(f"The address would have more than {MAX_TARGET_CHARACTERS} characters.")
    body = b""
    if operation.body and operation.body in arguments:
        body = _body(operation, arguments[operation.body])
        headers.append((b"content-type", operation.body_type.encode()))
    return Written(target, tuple(headers), body)


def _in_path(parameter: Parameter, value: Any) -> str:
    if parameter.is_json:
        return _quoted(_json(value))
    prefix = {"simple": "", "label": ".", "matrix": ";"}[parameter.style]
    name = _quoted(parameter.name)
    if isinstance(value, list):
        items = [_quoted(_plain(one)) for one in value]
        if parameter.style == "matrix":
            return "".join(f";{name}={one}" for one in items) if parameter.explode else f";{name}=" + ",".join(items)
        return prefix + ("." if parameter.style == "label" and parameter.explode else ",").join(items)
    if isinstance(value, Mapping):
        if parameter.explode:
            between = {"simple": ",", "label": ".", "matrix": ";"}[parameter.style]
            return prefix + between.join(f"{_quoted(key)}={_quoted(_plain(one))}" for key, one in value.items())
        flat = ",".join(_quoted(part) for key, one in value.items() for part in (key, _plain(one)))
        return f";{name}={flat}" if parameter.style == "matrix" else prefix + flat
    text = _quoted(_plain(value))
    if not text:
        raise Invalid(f"The value of {parameter.argument} stands in the path and may not be empty.")
    return f";{name}={text}" if parameter.style == "matrix" else prefix + text


def _in_query(parameter: Parameter, value: Any) -> list[str]:
    name = _quoted(parameter.name)
    if parameter.is_json:
        return [f"{name}={_quoted(_json(value))}"]
    if isinstance(value, Mapping):
        if parameter.style == "deepObject":
            return [f"{name}%5B{_quoted(key)}%5D={_quoted(_plain(one))}" for key, one in value.items()]
        if parameter.explode:
            return [f"{_quoted(key)}={_quoted(_plain(one))}" for key, one in value.items()]
        value = [part for key, one in value.items() for part in (key, one)]
    if isinstance(value, list):
        items = [_quoted(_plain(one)) for one in value]
        if parameter.explode:
            return [f"{name}={one}" for one in items]
        between = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}.get(parameter.style, ",")
        return [f"{name}={between.join(items)}"]
    return [f"{name}={_quoted(_plain(value))}"]


def _in_header(parameter: Parameter, value: Any) -> Header:
    if parameter.is_json:
        text = _json(value)
    elif isinstance(value, list):
        text = ",".join(map(_plain, value))
    elif isinstance(value, Mapping):
        between = "=" if parameter.explode else ","
        text = ",".join(f"{key}{between}{_plain(one)}" for key, one in value.items())
    else:
        text = _plain(value)
    if not text.isascii() or not (text.isprintable() or not text):
        raise Invalid(f"The value of {parameter.argument} stands in a header and must be plain ASCII of one line.")
    return parameter.name.lower().encode(), text.strip().encode()


def _body(operation: Operation, value: Any) -> bytes:
    if operation.body_type == TEXT_BODY:
        return _plain(value).encode()
    if operation.body_type == FORM_BODY:
        if not isinstance(value, Mapping):
            raise Invalid("The body is a form, so it must be an object.")
        pairs = [
            (key, _plain(part)) for key, one in value.items() for part in (one if isinstance(one, list) else [one])
        ]
        return urlencode(pairs).encode()
    return orjson.dumps(value)


def _plain(value: Any) -> str:
    """A value as OpenAPI writes it outside of JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json(value)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _quoted(text: str) -> str:
    return quote(text, safe="")
