"""Whether a tool is still the one that was accepted, what differs, and what its text hides from a reader: pure.

A server may describe a tool harmlessly until it is trusted and otherwise afterwards ("rug pull"), and may hide words
for the model in characters that nobody sees. Source: Unicode Standard Annex 44 (general categories), UTS 39.
"""

import hashlib
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

#: Places at which hidden characters are told of.
MAX_HIDDEN_TOLD = 20
#: Differences of one tool that are told.
MAX_DIFFERENCES_TOLD = 100

#: What is seen as little as a format character: variation selectors, Hangul fillers, the Braille blank.
_BLANK = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0})
_PLAIN_CONTROL = frozenset("\n\r\t")


class Difference(NamedTuple):
    """One place where both definitions differ; None where there is nothing."""

    path: str
    accepted: Any
    offered: Any


def digest(definition: dict[str, Any]) -> str:
    """Of what it says, not of how it is written: the order of members does not count. Hexadecimal SHA-256."""
    return hashlib.sha256(orjson.dumps(definition, option=orjson.OPT_SORT_KEYS)).hexdigest()


def differences(accepted: Any, offered: Any) -> list[Difference]:
    """Place by place."""
    found: list[Difference] = []
    for one in _differences("", accepted, offered):
        found.append(one)
        if len(found) == MAX_DIFFERENCES_TOLD:
            break
    return found


def hidden(definition: Any) -> list[str]:
    """Places of characters that a reader does not see, such as `/description: U+200B at 17`."""
    found: list[str] = []
    for path, text in _texts("", definition):
        for index, character in enumerate(text):
            if _is_hidden(character):
                found.append(f"{path}: U+{ord(character):04X} at {index}")
                if len(found) == MAX_HIDDEN_TOLD:
                    return found
    return found


def _is_hidden(character: str) -> bool:
    code = ord(character)
    if character.isascii():
        return not character.isprintable() and character not in _PLAIN_CONTROL
    is_selector = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
    return unicodedata.category(character) in ("Cf", "Cc", "Co", "Cn") or is_selector or code in _BLANK


def _differences(path: str, accepted: Any, offered: Any) -> Iterator[Difference]:
    if isinstance(accepted, dict) and isinstance(offered, dict):
        for name in sorted(accepted.keys() | offered.keys()):
            yield from _differences(f"{path}/{name}", accepted.get(name), offered.get(name))
    elif accepted != offered:
        yield Difference(path, accepted, offered)


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}/", name
            yield from _texts(f"{path}/{name}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(f"{path}/{index}", inner)
