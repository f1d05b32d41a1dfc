"""OTLP attribute lists as plain dictionaries, from protobuf and from JSON.

This is a hot loop: it runs once per attribute that was not seen lately (packed.py). The field access order follows what
spans carry (text, then integers), and `WhichOneof`, which is slow, is asked only about empty values.
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from mno.observability.ingest.model import MAX_VALUE_CHARACTERS, MAX_VALUE_DEPTH, Refused

_TOO_DEEP = "…"
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1


def of_protobuf(pairs: Iterable[Any]) -> dict[str, Any]:
    """A repeated KeyValue as a dict; of a key that is there twice the last one counts."""
    values: dict[str, Any] = {}
    for pair in pairs:
        value = pair.value
        text = value.string_value
        if text:
            values[pair.key] = text
            continue
        number = value.int_value
        values[pair.key] = number or value_of_protobuf(value, 1)
    return values


def value_of_protobuf(value: Any, depth: int = 0) -> Any:
    """One AnyValue, such as a log record's body; `depth` is the number of lists and maps that it lies in."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "bool_value":
            return value.bool_value
        case "double_value":
            return value.double_value
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value" if depth < MAX_VALUE_DEPTH:
            return [value_of_protobuf(item, depth + 1) for item in value.array_value.values]
        case "kvlist_value" if depth < MAX_VALUE_DEPTH:
            return {pair.key: value_of_protobuf(pair.value, depth + 1) for pair in value.kvlist_value.values}
        case None:
            return None
        case _:
            return _TOO_DEEP


def of_json(pairs: Any) -> dict[str, Any]:
    """OTLP/JSON `[{"key": …, "value": {"stringValue": …}}]` as a dict.

    int64 may be text or a number, a double may be "NaN". `Refused` when the list is no list of pairs.
    """
    if pairs is None:
        return {}
    if type(pairs) is not list:
        raise Refused("its attributes are not a list of key and value")
    values: dict[str, Any] = {}
    for pair in pairs:
        if type(pair) is not dict or type(pair.get("key")) is not str:
            raise Refused("an attribute has no key")
        values[pair["key"]] = value_of_json(pair.get("value"), 1)
    return values


def value_of_json(value: Any, depth: int = 0) -> Any:
    """One AnyValue of OTLP/JSON; both `stringValue` and `string_value` are read."""
    if type(value) is not dict or not value:
        return None
    (name, inner), *_ = value.items()
    match name:
        case "stringValue" | "string_value":
            return inner if type(inner) is str else None
        case "intValue" | "int_value":
            return _integer(inner)
        case "doubleValue" | "double_value":
            return _double(inner)
        case "boolValue" | "bool_value":
            return inner if type(inner) is bool else None
        case "bytesValue" | "bytes_value":
            return inner if type(inner) is str else None
        case "arrayValue" | "array_value":
            items = inner.get("values") if type(inner) is dict else None
            if depth >= MAX_VALUE_DEPTH:
                return _TOO_DEEP
            return [value_of_json(item, depth + 1) for item in items] if type(items) is list else []
        case "kvlistValue" | "kvlist_value":
            items = inner.get("values") if type(inner) is dict else None
            if depth >= MAX_VALUE_DEPTH:
                return _TOO_DEEP
            return _map(items, depth) if type(items) is list else {}
    return None


def _map(items: list[Any], depth: int) -> dict[str, Any]:
    return {str(i.get("key", "")): value_of_json(i.get("value"), depth + 1) for i in items if type(i) is dict}


def _integer(value: Any) -> Any:
    """An int64; what is none stays the text or fraction that it is."""
    if type(value) is str:
        try:
            number = int(value)
        except ValueError:
            return value
        return number if _MIN_INT64 <= number <= _MAX_INT64 else value
    if type(value) is int:
        return value if _MIN_INT64 <= value <= _MAX_INT64 else str(value)
    return value if type(value) is float else None


def _double(value: Any) -> Any:
    if type(value) is str:
        try:
            return float(value)
        except ValueError:
            return value
    try:
        return float(value) if type(value) in (int, float) else None
    except OverflowError:
        return str(value)


def shortened(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same map with text beyond the limit cut, and a note of how much was cut at its end."""
    return {key: _shortened(value) for key, value in values.items()}


def _shortened(value: Any) -> Any:
    if type(value) is str and len(value) > MAX_VALUE_CHARACTERS:
        return f"{value[:MAX_VALUE_CHARACTERS]}… [{len(value) - MAX_VALUE_CHARACTERS} more characters were cut]"
    if type(value) is list:
        return [_shortened(item) for item in value]
    if type(value) is dict:
        return shortened(value)
    return value
