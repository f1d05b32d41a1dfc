"""What a SCIM request may hold, before and after the library looks at it."""

import contextlib
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scim2_models import InvalidFilterException, InvalidSyntaxException, InvalidValueException, SCIMException

from mno.identity.scim import requests
from mno.identity.scim.resources import MAX_DIRECTORY_PAGE, MAX_PATCH_OPERATIONS, Group, User
from support.examples import examples

PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_PATHS = st.sampled_from(
    ["userName", "active", "emails", 'emails[type eq "work"].value', "name.givenName", "meta", "groups", "x", "", "["]
)
_OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove", "x"])},
    optional={"path": _PATHS | st.text(max_size=10), "value": _JSON},
)


def a_user() -> User:
    return User(id="usr_1", user_name="ada", active=True)


@settings(max_examples=examples(80))
@given(st.lists(_OPERATIONS, max_size=4))
def test_any_patch_is_applied_whole_or_refused_whole(operations: list[dict[str, Any]]) -> None:
    original = a_user()
    try:
        wanted = requests.patched(User, {"schemas": [PATCH], "Operations": operations}, original)
    except (SCIMException, ValidationError):
        pass
    else:
        assert wanted.id == "usr_1"
        assert wanted.user_name
    assert original.model_dump() == a_user().model_dump()


@settings(max_examples=examples(80))
@given(st.text(max_size=60))
def test_any_filter_is_understood_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidFilterException):
        requests.parsed_filter(User, text).match(a_user())


@given(st.binary(max_size=100))
def test_any_body_is_an_object_or_refused(content: bytes) -> None:
    try:
        body = requests.body_of(content)
    except (InvalidSyntaxException, InvalidValueException):
        return
    assert isinstance(body, dict)


@pytest.mark.parametrize(
    ("text", "narrowed"),
    [
        ('userName eq "A"', {"user_name": "A"}),
        ('USERNAME eq "A" and active eq true', {"user_name": "A"}),
        ('userName eq "A" or externalId eq "B"', {}),
        ('not (userName eq "A")', {}),
        ('userName sw "A"', {}),
        ('externalId eq "B" and userName eq "A"', {"external_id": "B", "user_name": "A"}),
        ('name.givenName eq "A"', {}),
    ],
)
def test_only_what_every_match_has_narrows_the_search(text: str, narrowed: dict[str, str]) -> None:
    known = {"username": "user_name", "externalid": "external_id"}
    assert requests.narrowing(requests.parsed_filter(User, text).ast, known) == narrowed


@pytest.mark.parametrize(
    ("start", "count", "wanted"),
    [
        (None, None, (0, MAX_DIRECTORY_PAGE)),
        ("1", "10", (0, 10)),
        ("0", "-5", (0, 0)),
        ("-3", "100000", (0, MAX_DIRECTORY_PAGE)),
        ("7", "", (6, MAX_DIRECTORY_PAGE)),
    ],
)
def test_a_page_stays_within_its_bounds(start: str | None, count: str | None, wanted: tuple[int, int]) -> None:
    asked = requests.listing(None, start, count)
    assert (asked.start, asked.count) == wanted


def test_what_is_beyond_its_limit_is_refused() -> None:
    with pytest.raises(SCIMException, match="operations"):
        many = [{"op": "add", "path": "displayName", "value": "x"}] * (MAX_PATCH_OPERATIONS + 1)
        requests.patched(Group, {"schemas": [PATCH], "Operations": many}, Group(display_name="g"))
    with pytest.raises(SCIMException, match="characters"):
        requests.body_of(orjson.dumps({"a": {"b": ["x" * 501]}}))
    with pytest.raises(SCIMException, match="filter"):
        requests.parsed_filter(User, 'userName eq "' + "x" * 2000 + '"')
    with pytest.raises(SCIMException, match="look through"):
        requests.require_few(10**6)
