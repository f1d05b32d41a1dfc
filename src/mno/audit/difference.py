"""What changed between two states of a thing: the changed fields only, as plain JSON of a bounded size."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import rfc8785

from mno.audit.model import MAX_CHANGED_FIELDS, MAX_VALUE_CHARACTERS

#: Beyond this a number has no exact place in JSON (RFC 8785 refuses it), so it is written as text.
_EXACT = 2**53 - 1
_MISSING = object()
_DEPTH = 8


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, dict[str, Any]] | None:
    """`{"limit": {"before": 1, "after": 2}}`; fields of nested objects as `a.b`; None when nothing changed.

    A new field has no `before`, a removed one no `after`. What is over MAX_CHANGED_FIELDS is counted under `…`.
    """
    changed = list(_changes("", before or {}, after or {}, 0))
    if not changed:
        return None
    shown = dict(changed[:MAX_CHANGED_FIELDS])
    if len(changed) > MAX_CHANGED_FIELDS:
        shown["…"] = {"after": f"{len(changed) - MAX_CHANGED_FIELDS} more fields changed"}
    return shown


def _changes(
    prefix: str, before: Mapping[str, Any], after: Mapping[str, Any], depth: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name, _MISSING), after.get(name, _MISSING)
        if old is new or _same(old, new):
            continue
        path = text(f"{prefix}{name}")
        if isinstance(old, Mapping) and isinstance(new, Mapping) and depth < _DEPTH:
            yield from _changes(f"{path}.", old, new, depth + 1)
            continue
        sides = {side: plain(value) for side, value in (("before", old), ("after", new)) if value is not _MISSING}
        yield path, sides


def _same(old: Any, new: Any) -> bool:
    """Whether both look the same in the log: 1 and 1.0 do, 1 and true do not."""
    if old is _MISSING or new is _MISSING:
        return False
    return rfc8785.dumps(plain(old)) == rfc8785.dumps(plain(new))


def plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON that has one canonical form; what is none of JSON's becomes text."""
    match value:
        case Enum():
            return plain(value.value, depth)
        case None | bool():
            return value
        case int():
            return value if abs(value) <= _EXACT else text(value)
        case float():
            return value if value - value == 0 and abs(value) <= _EXACT else text(value)
        case datetime():
            return value.isoformat()
        case Mapping() if depth < _DEPTH:
            return {text(name): plain(one, depth + 1) for name, one in list(value.items())[:MAX_CHANGED_FIELDS]}
        case list() | tuple() | set() | frozenset() if depth < _DEPTH:
            ordered = sorted(value, key=str) if isinstance(value, set | frozenset) else value
            return [plain(one, depth + 1) for one in ordered[:MAX_CHANGED_FIELDS]]
        case _:
            return text(value)


def text(value: Any) -> str:
    """As text that Postgres can hold: no NUL, no half of a character pair, and not longer than the limit."""
    shown = str(value).replace("\0", "�").encode("utf-8", "replace").decode()
    return shown if len(shown) <= MAX_VALUE_CHARACTERS else f"{shown[:MAX_VALUE_CHARACTERS]}…"
