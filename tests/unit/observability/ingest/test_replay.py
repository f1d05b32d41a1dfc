"""A file of past calls becomes token events: nothing lost, nothing invented without saying so."""

import contextlib
import gzip
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest import replay as module
from mno.observability.ingest.replay import Replay, read_calls, read_file
from mno.platform import clock
from mno.platform.errors import Invalid, TooLarge

AZURE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:04.0319600,3180,8\n2023-11-16 18:17:03.9799600,4808,10\n"
)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


def replay(text: str = AZURE, **choices: object) -> Replay:
    calls = read_calls(io.StringIO(text))
    return Replay.of(calls, **({"provider": "openai", "model": "gpt-4o"} | choices))  # type: ignore[arg-type]


def test_the_azure_trace_is_read_in_the_order_of_time() -> None:
    first, second = (replay().event(index) for index in range(2))
    assert (first["input_tokens"], first["output_tokens"]) == (4808, 10)
    assert (second["input_tokens"], second["output_tokens"]) == (3180, 8)
    assert (first["provider"], first["model"]) == ("openai", "gpt-4o")


def test_times_are_shifted_so_that_the_last_call_is_now() -> None:
    events = [replay().event(index) for index in range(2)]
    assert events[1]["time"] == "2026-11-21T12:00:00.000000Z"
    assert events[0]["time"] == "2026-11-21T11:59:59.948000Z"


def test_times_can_be_kept() -> None:
    kept = replay(keep_times=True)
    assert kept.event(0)["time"] == "2023-11-16T18:17:03.979960Z"
    assert "time" not in kept.synthetic


def test_at_its_own_speed_every_call_happens_when_it_is_sent() -> None:
    text = "time,input_tokens,output_tokens\n2026-01-01T00:00:00Z,1,1\n2026-01-01T01:00:00Z,1,1\n"
    live = replay(text, speed=1.0)
    assert live.event(0)["time"] == "2026-11-21T12:00:00.000000Z"
    fast = replay(text, speed=60.0)
    assert fast.event(1)["time"] == "2026-11-21T12:01:00.000000Z"


def test_what_the_file_does_not_say_is_called_synthetic() -> None:
    assert replay().synthetic == ("time", "provider", "model", "duration_ms")
    assert replay(users=5).synthetic == ("time", "provider", "model", "user", "session", "duration_ms")
    assert replay().event(0)["tags"]["synthetic"] == "time+provider+model+duration_ms"


def test_what_the_file_says_wins_over_what_is_invented() -> None:
    text = (
        "Time,Prompt_Tokens,completion_tokens,cached_tokens,provider,model,user,session,latency_ms\n"
        "2026-01-01T00:00:00+08:00,10,5,4,anthropic,claude,ann,s1,77\n"
    )
    event = replay(text, keep_times=True, users=9).event(0)
    assert event | {"id": "", "tags": {}} == {
        "id": "",
        "time": "2025-12-31T16:00:00.000000Z",
        "provider": "anthropic",
        "model": "claude",
        "operation": "chat",
        "duration_ms": "77",
        "tags": {},
        "user": "ann",
        "session": "s1",
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_tokens": 4,
    }
    assert replay(text, keep_times=True).synthetic == ()


def test_invented_users_are_as_many_as_asked_for_and_the_same_every_time() -> None:
    rows = "".join(f"2026-01-01 00:00:{second:02d},1,1\n" for second in range(60)) * 20
    text = "time,input_tokens,output_tokens\n" + rows
    one, other = replay(text, users=7), replay(text, users=7)
    users = [one.event(index)["user"] for index in range(len(one))]
    assert len(set(users)) == 7
    assert users == [other.event(index)["user"] for index in range(len(other))]


def test_a_run_of_its_own_has_ids_of_its_own() -> None:
    assert replay().event(0)["id"] != replay().event(0)["id"]
    assert replay(run="a").event(0)["id"] == replay(run="a").event(0)["id"]
    assert replay().event(0)["id"] != replay().event(1)["id"]


def test_json_lines_and_gzip_are_read_as_well(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl.gz"
    lines = '{"time": "2026-01-01T00:00:00Z", "input_tokens": 3, "output_tokens": 4, "model": "m"}\n\n'
    file.write_bytes(gzip.compress(lines.encode()))
    (call,) = read_file(file)
    assert call.fields == {"input_tokens": 3, "output_tokens": 4, "model": "m"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no calls"),
        ("time,input_tokens,output_tokens\n", "no calls"),
        ("a,b\n1,2\n", "no time and no input_tokens"),
        ("time,input_tokens,output_tokens\n2026-01-01,-1,1\n", "Line 2: input_tokens is '-1'"),
        ("time,input_tokens,output_tokens\n2026-01-01,nan,1\n", "not a whole number"),
        ("time,input_tokens,output_tokens\n2026-01-01,1.5,1\n", "not a whole number"),
        ("time,input_tokens,output_tokens\nyesterday,1,1\n", "the time 'yesterday'"),
        ("time,input_tokens,output_tokens\n2026-01-01,1\n", "no output_tokens"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        replay(text)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"\xff\xfe\x00", "calls.csv", "UTF-8"),
        (b"plain", "calls.csv.gz", "gzip"),
        (b"[1]\n", "calls.jsonl", "Line 1 is not a JSON object"),
        (b"{\n", "calls.ndjson", "Line 1 is not JSON"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes, name: str, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid, match=says):
        read_file(tmp_path / name)


def test_a_file_with_too_many_calls_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CALLS", 1)
    with pytest.raises(TooLarge, match="more than 1 "):
        replay()


@given(
    seconds=st.lists(st.integers(0, 10_000), min_size=1, max_size=60),
    size=st.integers(1, 20),
    within=st.one_of(st.none(), st.floats(0, 5000)),
)
def test_batches_hold_every_call_once_and_in_order(seconds: list[int], size: int, within: float | None) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    rows = (f"{(start + timedelta(seconds=second)).isoformat()},{second},1\n" for second in seconds)
    plan = replay("time,input_tokens,output_tokens\n" + "".join(rows))
    sent: list[int] = []
    for first, batch in plan.batches(size, within):
        assert first == len(sent)
        assert 0 < len(batch) <= size
        if within is not None:
            assert plan.offset_s(first + len(batch) - 1) - plan.offset_s(first) <= within
        sent += [event["input_tokens"] for event in batch]
    assert sent == sorted(seconds)


@given(st.text(max_size=300))
def test_no_text_makes_the_reader_fail_otherwise_than_by_saying_so(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert read_calls(io.StringIO("time,input_tokens,output_tokens\n" + text))
