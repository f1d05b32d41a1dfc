"""The two ends of the pipe between the program and a decoder process, both in this process."""

import gzip
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict
from typing import BinaryIO, NamedTuple

import pytest

from mno.observability.ingest import contradictions
from mno.observability.ingest.decoding import Broken, Kind, Sent, ask, decode, serve, understood
from mno.observability.ingest.model import MAX_RESOURCE_CHARACTERS, Decoded
from mno.platform.errors import Invalid, MnoError, TooLarge, Unsupported
from support.otlp import body


class Pipe(NamedTuple):
    to_child: BinaryIO
    from_child: BinaryIO


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """The parent's ends, with `serve` on a thread at the others."""
    question_out, question_in = os.pipe()
    answer_out, answer_in = os.pipe()
    questions, answers = os.fdopen(question_out, "rb", 0), os.fdopen(answer_in, "wb", 0)

    def child() -> None:
        with questions, answers:
            serve(questions, answers)

    thread = threading.Thread(target=child)
    thread.start()
    with os.fdopen(answer_out, "rb", 0) as from_child:
        with os.fdopen(question_in, "wb", 0) as to_child:
            yield Pipe(to_child, from_child)
        thread.join(5)
        assert not thread.is_alive()


def through(pipe: Pipe, sent: Sent) -> Decoded:
    return understood(*ask(pipe.to_child, pipe.from_child, sent))


@pytest.mark.parametrize(
    "sent",
    [
        Sent(
            Kind.OTLP_PROTOBUF, body({"name": "a", "attributes": {"gen_ai.request.model": "gpt-4o"}}, {"span_id": b""})
        ),
        Sent(Kind.OTLP_PROTOBUF, gzip.compress(body({"name": "a"})), "GZip"),
        Sent(
            Kind.OTLP_PROTOBUF,
            body(*[{"name": "a", "attributes": {"text": "x" * 10_000}}] * 200),
        ),
        Sent(Kind.OTLP_PROTOBUF, b""),
        Sent(Kind.OTLP_JSON, b'{"resourceSpans": []}'),
        Sent(
            Kind.EVENTS_NDJSON, b'{"id": "a", "time": "2026-11-20T08:00:00Z", "model": "gpt-4o"}\n{"modell": "typo"}\n'
        ),
        Sent(Kind.EVENTS_JSON, b'[{"id": "a", "time": "2026-11-20T08:00:00Z", "tags": {"team": "x"}, "cost": "0.5"}]'),
    ],
    ids=["a bad span", "gzip", "larger than the pipe", "empty", "json", "ndjson", "events"],
)
def test_what_comes_back_is_what_was_decoded(pipe: Pipe, sent: Sent) -> None:
    assert asdict(through(pipe, sent)) == asdict(decode(sent))


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (Sent(Kind.OTLP_PROTOBUF, b"hello"), Invalid),
        (Sent(Kind.EVENTS_JSON, b"7"), Invalid),
        (Sent(Kind.OTLP_PROTOBUF, b"x", "gzip"), Invalid),
        (Sent(Kind.OTLP_PROTOBUF, b"x", "br" * 4_000), Unsupported),
        (Sent(Kind.OTLP_PROTOBUF, body(*[{}] * 100, resource={"a": "x" * (MAX_RESOURCE_CHARACTERS // 100)})), TooLarge),
    ],
    ids=["no protobuf", "no events", "damaged", "unknown encoding", "a resource in every row"],
)
def test_an_error_is_the_same_on_both_sides(pipe: Pipe, sent: Sent, kind: type[MnoError]) -> None:
    fails_alike(pipe, sent, kind)


def test_a_bomb_is_refused_on_both_sides(pipe: Pipe) -> None:
    fails_alike(pipe, Sent(Kind.OTLP_PROTOBUF, gzip.compress(bytes(65 * 1024 * 1024), 1), "gzip"), TooLarge)


def fails_alike(pipe: Pipe, sent: Sent, kind: type[MnoError]) -> None:
    with pytest.raises(kind) as there:
        through(pipe, sent)
    with pytest.raises(kind) as here:
        decode(sent)
    assert (type(there.value), str(there.value)) == (type(here.value), str(here.value))
    assert there.value.__dict__ == here.value.__dict__
    assert through(pipe, Sent(Kind.OTLP_PROTOBUF, body({}))).spans


def test_a_failure_of_ours_is_told_with_its_traceback(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumbling(_: Decoded) -> None:
        raise ZeroDivisionError("a mistake")

    monkeypatch.setattr(contradictions, "settle", stumbling)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: a mistake"):
        through(pipe, Sent(Kind.OTLP_PROTOBUF, body({})))


def test_a_pipe_without_another_end_is_broken() -> None:
    answer_out, answer_in = os.pipe()
    question_out, question_in = os.pipe()
    with os.fdopen(answer_out, "rb", 0) as from_child, os.fdopen(question_in, "wb", 0) as to_child:
        os.close(answer_in)
        with pytest.raises(Broken):
            ask(to_child, from_child, Sent(Kind.OTLP_PROTOBUF, b""))
        os.close(question_out)
        with pytest.raises(Broken):
            ask(to_child, from_child, Sent(Kind.OTLP_PROTOBUF, b""))
