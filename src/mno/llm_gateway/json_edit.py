"""Changes one member of a JSON object and no other byte of it.

What a client sent must reach its provider as it was sent, but a name that stands for a model must become the model,
and a stream must be asked for its usage. So the place of a member's value is found in the text itself.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

import orjson

from mno.platform.errors import Invalid

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)
_OPENING, _CLOSING = b"{[", b"}]"


class Member(NamedTuple):
    """Where a member's value stands, its surrounding white space included."""

    name: str
    start: int
    end: int


def members(body: bytes) -> list[Member]:
    """The members of a text that `orjson` has read as one object, in their order."""
    found: list[Member] = []
    depth, name, start = 0, "", -1
    key = b""
    for token in _TOKEN.finditer(body):
        text = token.group()
        if text in _OPENING:
            depth += 1
        elif depth == 1:
            if text == b":" and start < 0:
                name, start = orjson.loads(key), token.end()
            elif text in b",}":
                if start >= 0:
                    found.append(Member(name, start, token.start()))
                start = -1
                depth -= text == b"}"
            elif start < 0:
                key = text
        elif text in _CLOSING:
            depth -= 1
    return found


def check_once(body: bytes, names: Collection[str]) -> None:
    """`Invalid` for a member that stands there twice: we would judge one, and the provider might take the other.

    Nothing can that is written once at all, in no disguise: only a body of which that is not sure is looked through.
    """
    if b"\\u" not in body and all(body.count(b'"%b"' % name.encode()) < 2 for name in names):
        return
    seen: set[str] = set()
    for member in members(body):
        if member.name in names:
            if member.name in seen:
                raise Invalid(f"'{member.name}' stands in the body twice.")
            seen.add(member.name)


def changed(body: bytes, values: dict[str, object]) -> bytes:
    """The body with these members set; those that are not there come at its end."""
    rest, found = dict(values), members(body)
    pieces: list[bytes] = []
    at = 0
    for member in found:
        if member.name in rest:
            pieces += (body[at : member.start], orjson.dumps(rest.pop(member.name)))
            at = member.end
    if rest:
        end = body.rindex(b"}")
        added = b",".join(orjson.dumps(name) + b":" + orjson.dumps(value) for name, value in rest.items())
        pieces += (body[at:end], b"," if found else b"", added)
        at = end
    return b"".join((*pieces, body[at:]))
