"""What is hashed is RFC 8785, whatever stands in it."""

import json
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from mno.audit.chain import Link, canonical_payload, link_hash, start_of
from mno.audit.difference import difference, plain
from mno.audit.model import MAX_CHANGED_FIELDS, MAX_VALUE_CHARACTERS, Payload
from mno.audit.verification.walk import Row, link_digest
from mno.platform.ids import new_id

TEXT = st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace").decode())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(
    st.tuples(*[TEXT] * 6), st.integers(0, 2**53 - 1), st.integers(0, 2**31 - 1), st.binary(min_size=32, max_size=32)
)
def test_an_entry_is_hashed_as_the_reference_would(
    texts: tuple[str, ...], number: int, times: int, payload: bytes
) -> None:
    import hashlib

    team_id, entry_id = new_id(), str(new_id())
    kind, action, resource, outcome, trace_id, actor_id = texts
    link = Link(
        str(team_id), number, entry_id, number, kind, actor_id, actor_id, action, resource, outcome, trace_id, times
    )
    before = start_of(team_id)
    fields: dict[str, Any] = link._asdict() | {"payload": payload.hex()}
    reference = hashlib.sha256(before + rfc8785.dumps(fields)).digest()
    assert link_hash(before, link, payload) == reference
    row = Row(
        number, entry_id, number, kind, actor_id, actor_id, action, resource, outcome, trace_id, times, payload,
        b"", None, None,
    )  # fmt: skip
    assert link_digest(before, str(team_id), number, row) == reference


@given(st.dictionaries(st.text(), JSON, max_size=8), st.dictionaries(st.text(), JSON, max_size=8))
def test_every_difference_has_one_canonical_form(before: dict[str, Any], after: dict[str, Any]) -> None:
    payload = canonical_payload(Payload(difference=difference(before, after)))
    again = rfc8785.dumps(json.loads(payload))
    assert again == payload
    assert b"\x00" not in payload
    assert b"\\u0000" not in payload


@given(st.dictionaries(st.text(max_size=10), JSON, max_size=8))
def test_two_equal_states_differ_in_nothing(state: dict[str, Any]) -> None:
    assert difference(state, dict(state)) is None


def test_only_changed_fields_are_kept_and_nested_ones_are_named_by_their_path() -> None:
    before = {"name": "a", "limits": {"day": 1, "month": 30}, "old": True}
    after = {"name": "a", "limits": {"day": 2, "month": 30}, "new": False}
    assert difference(before, after) == {
        "limits.day": {"before": 1, "after": 2},
        "old": {"before": True},
        "new": {"after": False},
    }


def test_a_number_and_a_truth_value_that_are_equal_in_python_still_differ() -> None:
    assert difference({"on": 1}, {"on": True}) == {"on": {"before": 1, "after": True}}


def test_a_long_difference_is_cut_and_says_so() -> None:
    shown = difference({}, {f"field {number}": "x" * 10_000 for number in range(MAX_CHANGED_FIELDS + 5)})
    assert shown is not None
    assert shown["…"] == {"after": "5 more fields changed"}
    assert len(shown["field 0"]["after"]) == MAX_VALUE_CHARACTERS + 1


def test_what_has_no_exact_form_in_json_becomes_text() -> None:
    assert plain({"big": 2**60, "nan": float("nan"), "set": {2, 1}}) == {"big": str(2**60), "nan": "nan", "set": [1, 2]}
