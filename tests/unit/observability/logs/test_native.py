"""Log lines of the native API."""

import json
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.native import items_of, lines_of
from mno.observability.ingest.severity import LogLevel, level_of, number_of
from mno.observability.ingest.signals import is_keyed
from mno.observability.logs import native
from mno.observability.logs.native import MAX_LINE_CHARACTERS, rows_of
from mno.observability.logs.schemas import LogRecord
from mno.observability.spans.model import Owner
from mno.platform.errors import Invalid, MnoError, TooLarge

OWNER = Owner(str(uuid4()), str(uuid4()), "native", "key_1")
TIME = "2026-11-01T08:00:00+08:00"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(st.sampled_from([*sorted(native._FIELDS), "colour"]), json_values, max_size=6)


def row_of(**fields: Any) -> dict[str, Any]:
    published = rows_of([fields], OWNER)
    assert published.rejections == []
    [row] = published.rows.to_pylist()
    return dict(row)


def refusal_of(record: Any) -> str:
    """Why one line is refused; the good one behind it must be kept."""
    published = rows_of([record, {"body": "good"}], OWNER)
    assert published.rows["body"].to_pylist() == ["good"]
    [rejection] = published.rejections
    assert rejection.index == 0
    return rejection.reason


@given(st.lists(records | json_values, max_size=8))
def test_every_line_is_kept_or_refused_and_none_disturbs_another(lines: list[Any]) -> None:
    published = rows_of(lines, OWNER)
    refused = {rejection.index for rejection in published.rejections}
    assert published.rows.num_rows + len(refused) == len(lines)
    alone = [index for index, line in enumerate(lines) if rows_of([line], OWNER).rejections]
    assert sorted(refused) == alone


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused_in_our_own_words(body: bytes, ndjson: bool) -> None:
    with suppress(MnoError):
        rows_of(lines_of(body) if ndjson else items_of(body), OWNER)


def test_the_description_and_the_parser_know_the_same_fields() -> None:
    assert set(LogRecord.model_fields) == native._FIELDS


def test_a_line_without_anything_is_information_of_now() -> None:
    row = row_of()
    assert (row["severity_number"], row["severity"], row["body"], row["attributes"]) == (9, "info", "", "{}")
    assert abs((row["time"] - row["ingested_at"]).total_seconds()) < 1


@pytest.mark.parametrize(
    ("written", "number"), [("warn", 13), ("WARNING", 13), ("Critical", 21), (1, 1), (24, 24), ("notice", 10)]
)
def test_levels_are_understood_as_loggers_write_them(written: Any, number: int) -> None:
    assert row_of(level=written)["severity_number"] == number


@pytest.mark.parametrize("number", range(1, 25))
def test_a_level_begins_at_its_floor(number: int) -> None:
    level = level_of(number)
    assert level is not None
    assert level.floor <= number < level.floor + 4
    assert number_of(level.value.upper()) == level.floor


def test_numbers_beyond_the_scale_are_no_level() -> None:
    assert [level_of(number) for number in (0, 25, 255)] == [None, None, None]
    assert next(iter(LogLevel)).floor == 1


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"level": "loud"}, "not one of trace"),
        ({"level": 25}, "from 1 to 24"),
        ({"level": True}, "not one of trace"),
        ({"colour": "red"}, "unknown field 'colour'"),
        ({"time": "yesterday"}, "not RFC 3339"),
        ({"time": "2026-11-01T08:00:00"}, "no offset"),
        ({"time": "1999-01-01T00:00:00Z"}, "5 years"),
        ({"trace_id": "12"}, "not 32"),
        ({"span_id": "xy"}, "not hexadecimal"),
        ({"topic": 5}, "topic is not text"),
        ({"topic": "t" * 513}, "longer than 512"),
        ({"attributes": []}, "not an object"),
        ({"attributes": {str(number): 1 for number in range(1001)}}, "more than 1,000 attributes"),
        ({"body": "b" * (MAX_LINE_CHARACTERS + 1)}, "body is longer"),
        ({"id": "a"}, "needs a time"),
        ("text", "not a JSON object"),
    ],
)
def test_a_line_that_breaks_a_rule_says_which(record: Any, says: str) -> None:
    assert says in refusal_of(record)


def test_the_same_key_gives_the_same_id_in_its_project_only() -> None:
    here, again = row_of(id="a", time=TIME)["id"], row_of(id="a", time=TIME)["id"]
    other = Owner(OWNER.team_id, str(uuid4()), "native", "key_1")
    [there] = rows_of([{"id": "a", "time": TIME}], other).rows["id"].to_pylist()
    assert here == again != there
    assert is_keyed(here)
    assert not is_keyed(row_of()["id"])


def test_falsy_bodies_are_bodies() -> None:
    values: tuple[Any, ...] = (0, False, [], {}, "", None)
    assert [row_of(body=value)["body"] for value in values] == ["0", "false", "[]", "{}", "", ""]


def test_too_many_lines_are_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "MAX_LINES_PER_REQUEST", 2)
    with pytest.raises(TooLarge, match="more than 2 log lines"):
        rows_of([{}] * 3, OWNER)


def test_a_body_is_an_array_or_one_object() -> None:
    assert list(items_of(b'{"body":"x"}')) == [{"body": "x"}]
    with pytest.raises(Invalid, match="array of objects"):
        items_of(b"5")
    assert [type(each).__name__ for each in lines_of(json.dumps({}).encode() + b"\n\nx\n")] == ["dict", "Invalid"]
