"""Whether a value fits its setting, and what a save would change."""

import ipaddress
import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from mno.platform.egress import Allowed
from mno.platform.errors import Invalid
from mno.platform.redaction import compiled_pattern
from mno.settings.catalogue import BY_NAME
from mno.settings.model import (
    MAX_CHANGES_AT_ONCE,
    MAX_LIST_ITEMS,
    MAX_PATTERNS,
    MAX_TEXT_CHARACTERS,
    Difference,
    Kind,
    Place,
    Setting,
)


def setting_named(name: str) -> Setting:
    """`Invalid`, with the nearest name, for one that is not in the catalogue."""
    if name in BY_NAME:
        return BY_NAME[name]
    near = get_close_matches(name, BY_NAME, 1)
    raise Invalid(f"There is no setting '{name[:80]}'." + (f" Did you mean {near[0]}?" if near else ""))


def differences(place: Place, own: Mapping[str, Any], changes: Mapping[str, Any]) -> list[Difference]:
    """What `changes` (None: back to the inherited value) would do to the place's own values.

    `Invalid` names the first setting whose value does not fit, or that cannot be set on this level.
    """
    if len(changes) > MAX_CHANGES_AT_ONCE:
        raise Invalid(f"At most {MAX_CHANGES_AT_ONCE} settings change in one save.")
    found = []
    for name, wanted in changes.items():
        setting = setting_named(name)
        if place.level not in setting.levels:
            levels = ", ".join(setting.levels)
            raise Invalid(f"{name} cannot be set on the {place.level}; it can be on: {levels}.")
        after = None if wanted is None else fitting(setting, wanted)
        if after != own.get(name):
            found.append(Difference(name, own.get(name), after))
    return found


def fitting(setting: Setting, value: Any) -> Any:
    """The value in its one plain form; `Invalid` says what is wrong with it."""
    match setting.kind:
        case Kind.BOOLEAN:
            return _expect(setting, value, isinstance(value, bool), "true or false")
        case Kind.INTEGER:
            whole = isinstance(value, int) and not isinstance(value, bool)
            return _between(setting, _expect(setting, value, whole, "a whole number"))
        case Kind.NUMBER:
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            return _between(setting, float(_expect(setting, value, number, "a number")))
        case Kind.TEXT:
            return _text(setting, value)
        case Kind.CHOICE:
            return _expect(setting, value, value in setting.choices, f"one of {', '.join(map(repr, setting.choices))}")
        case Kind.CHOICES:
            chosen = _list(setting, value)
            unknown = [one for one in chosen if one not in setting.choices]
            _expect(setting, value, not unknown, f"a list of some of {', '.join(setting.choices)}")
            return [one for one in setting.choices if one in chosen]
        case Kind.NETWORKS:
            return [_network(setting, one) for one in _list(setting, value)]
        case Kind.HOSTS:
            hosts = [str(one).strip().lower() for one in _list(setting, value)]
            Allowed.of(hosts)
            return hosts
        case Kind.PATTERNS:
            return _patterns(setting, value)


def _expect(setting: Setting, value: Any, fits: bool, what: str) -> Any:
    if not fits:
        raise Invalid(f"{setting.name} is {what}, not {str(value)[:80]!r}.")
    return value


def _between(setting: Setting, value: Any) -> Any:
    low, high = setting.minimum, setting.maximum
    fits = (low is None or value >= low) and (high is None or value <= high)
    return _expect(setting, value, fits, f"between {low} and {high}")


def _text(setting: Setting, value: Any) -> str:
    fits = isinstance(value, str) and len(value) <= MAX_TEXT_CHARACTERS and value.isprintable()
    return str(_expect(setting, value, fits, f"one line of at most {MAX_TEXT_CHARACTERS} characters")).strip()


def _list(setting: Setting, value: Any) -> list[Any]:
    fits = isinstance(value, list | tuple) and len(value) <= MAX_LIST_ITEMS
    items = list(_expect(setting, value, fits, f"a list of at most {MAX_LIST_ITEMS} items"))
    return [item for index, item in enumerate(items) if item not in items[:index]]


def _network(setting: Setting, value: Any) -> str:
    try:
        return str(ipaddress.ip_network(value if isinstance(value, str) else "", strict=True))
    except ValueError as error:
        raise Invalid(
            f"{setting.name}: '{str(value)[:60]}' is no address or network such as 203.0.113.7, 10.0.0.0/8 or "
            f"2001:db8::/32 ({str(error)[:80]})."
        ) from None


def _patterns(setting: Setting, value: Any) -> list[dict[str, str]]:
    fits = isinstance(value, list | tuple) and len(value) <= MAX_PATTERNS
    kept = []
    for entry in _expect(setting, value, fits, f"a list of at most {MAX_PATTERNS} patterns"):
        shape = isinstance(entry, dict) and set(entry) <= {"name", "pattern", "replacement"}
        _expect(setting, entry, shape and isinstance(entry.get("pattern"), str), "a list of name, pattern, replacement")
        name, replacement = str(entry.get("name", "")).strip(), str(entry.get("replacement", ""))
        if not name or len(name) > 40 or len(replacement) > 100:
            raise Invalid(f"{setting.name}: a pattern needs a name (40 characters) and a replacement (100 at most).")
        compiled_pattern(entry["pattern"])
        kept.append({"name": name, "pattern": entry["pattern"], "replacement": replacement})
    return kept
