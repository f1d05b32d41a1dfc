"""Answers are remembered for a time, within a size, and for the same question only."""

from uuid import uuid4

import pytest

from mno.llm_gateway import cache as cache_module
from mno.llm_gateway.cache import Cache, Remembered, key_of
from mno.llm_gateway.model import ProviderKind
from mno.llm_gateway.providers import DIALECTS


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def answer(body: bytes = b"x") -> Remembered:
    return Remembered(body, [], "m", "id", "stop", None, 0.0)


def test_an_answer_ends_with_its_time() -> None:
    clock = Clock()
    cache = Cache(clock)
    cache.put(b"k", answer(), 10)
    clock.now = 10
    assert cache.get(b"k") is not None
    clock.now = 10.1
    assert cache.get(b"k") is None


def test_the_least_recently_used_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MAX_CACHE_BYTES", 30)
    cache = Cache(Clock())
    for name in (b"a", b"b", b"c"):
        cache.put(name, answer(b"0123456789"), 60)
    cache.get(b"a")
    cache.put(b"d", answer(b"0123456789"), 60)
    assert [name for name in (b"a", b"b", b"c", b"d") if cache.get(name)] == [b"a", b"c", b"d"]


def test_a_large_answer_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MAX_CACHED_ANSWER_BYTES", 5)
    cache = Cache(Clock())
    cache.put(b"k", answer(b"0123456789"), 60)
    assert cache.get(b"k") is None


def test_another_project_provider_path_query_or_body_is_another_question() -> None:
    project, provider = uuid4(), uuid4()
    keys = {
        key_of(project, provider, "/p", "q", b"b"),
        key_of(uuid4(), provider, "/p", "q", b"b"),
        key_of(project, uuid4(), "/p", "q", b"b"),
        key_of(project, provider, "/p2", "q", b"b"),
        key_of(project, provider, "/p", "", b"b"),
        key_of(project, provider, "/p", "q", b"c"),
    }
    assert len(keys) == 6


@pytest.mark.parametrize(
    ("path", "body", "is_deterministic"),
    [
        ("/v1/chat/completions", b'{"temperature":0}', True),
        ("/v1/chat/completions", b'{"temperature":0.0}', True),
        ("/v1/chat/completions", b'{"temperature":0,"stream":true}', False),
        ("/v1/chat/completions", b'{"temperature":0.1}', False),
        ("/v1/chat/completions", b"{}", False),
        ("/v1/embeddings", b"{}", True),
        ("/v1/moderations", b'{"temperature":0}', False),
    ],
)
def test_only_what_must_be_answered_alike_is(path: str, body: bytes, is_deterministic: bool) -> None:
    assert DIALECTS[ProviderKind.OPENAI].asked("POST", path, body).is_deterministic() is is_deterministic
