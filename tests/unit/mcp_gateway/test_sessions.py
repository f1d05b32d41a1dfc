"""Sessions and waiting calls are bounded, and belong to whoever began them."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from mno.mcp_gateway.clients import parked as parking
from mno.mcp_gateway.clients import sessions as keeping
from mno.mcp_gateway.clients.parked import Parked, ParkedCall
from mno.mcp_gateway.clients.sessions import MAX_QUESTIONS_WAITING, Sessions, owner_of
from mno.mcp_gateway.protocol.message import Object, Raw, Request
from mno.platform.errors import LimitExceeded, NotFound
from mno.platform.ids import new_id
from mno.platform.principal import Principal, PrincipalKind

HELLO = Request("initialize", b"1", {"capabilities": Raw(b'{"elicitation":{},"other":{}}')}, {}, is_modern=False)
ABOUT = ("tools/call", "server", "tool")


def somebody() -> Principal:
    return Principal(PrincipalKind.API_KEY, new_id(), "ci", new_id(), new_id(), frozenset())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MAX_MCP_SESSIONS", 5)
    monkeypatch.setattr(keeping, "MAX_MCP_SESSIONS_EACH", 3)
    monkeypatch.setattr(parking, "MAX_PARKED_CALLS", 5)
    monkeypatch.setattr(parking, "MAX_PARKED_CALLS_EACH", 3)


def test_a_session_is_found_by_its_owner_alone() -> None:
    sessions, owner = Sessions(), somebody()
    session = sessions.begin(owner, HELLO)
    assert sessions.of(session.id, owner) is session
    assert session.answers == {"elicitation/create"}
    others = (somebody(), replace(owner, team_id=new_id()), replace(owner, id=new_id()))
    for other in others:
        with pytest.raises(NotFound):
            sessions.of(session.id, other)
    sessions.end(session)
    with pytest.raises(NotFound):
        sessions.of(session.id, owner)
    assert len(sessions) == 0


@pytest.mark.usefixtures("few")
async def test_the_session_that_rested_longest_makes_room() -> None:
    sessions, owner = Sessions(), somebody()
    first, second, third = (sessions.begin(owner, HELLO) for _ in range(3))
    sessions.of(first.id, owner)
    fourth = sessions.begin(owner, HELLO)
    assert (first.is_over, second.is_over, third.is_over) == (False, True, False)
    for session in (first, third, fourth):
        session.running[b"1"] = Any  # type: ignore[assignment]
    with pytest.raises(LimitExceeded):
        sessions.begin(owner, HELLO)
    sessions.begin(somebody(), HELLO)
    assert len(sessions) == 4


@pytest.mark.usefixtures("few")
def test_all_sessions_together_are_bounded() -> None:
    sessions = Sessions()
    for _ in range(20):
        sessions.begin(somebody(), HELLO)
    assert len(sessions) == 5


def test_a_session_that_nobody_uses_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions, owner = Sessions(), somebody()
    old = sessions.begin(owner, HELLO)
    monkeypatch.setattr(keeping, "MCP_SESSION_IDLE_S", -1.0)
    sessions.begin(owner, HELLO)
    assert old.is_over


async def test_questions_that_wait_are_bounded_and_answered_once() -> None:
    session = Sessions().begin(somebody(), HELLO)
    asked = [session.expect() for _ in range(MAX_QUESTIONS_WAITING)]
    assert len({question_id for question_id, _ in asked}) == len(asked)
    with pytest.raises(LimitExceeded):
        session.expect()
    question_id, answer = asked[0]
    assert session.answered(question_id, {"result": Raw(b"{}")})
    assert bytes((await answer)["result"]) == b"{}"
    assert not session.answered(question_id, {})
    assert not session.answered(b'"guess"', {})


async def _nothing(ended: list[str]) -> AsyncGenerator[Object]:
    try:
        yield {}
    finally:
        ended.append("ended")


@pytest.mark.usefixtures("few")
async def test_a_waiting_call_is_continued_by_its_owner_for_the_same_request_alone() -> None:
    parked, owner, ended = Parked(), owner_of(somebody()), list[str]()
    call = ParkedCall(owner, ABOUT, _nothing(ended), {})
    parked.put(call)
    assert parked.take(call.state, owner_of(somebody()), ABOUT) is None
    assert parked.take(call.state, owner, ("tools/call", "server", "other")) is None
    assert parked.take("mno-parked:guess", owner, ABOUT) is None
    assert parked.take(call.state, owner, ABOUT) is call
    assert parked.take(call.state, owner, ABOUT) is None
    for _ in range(3):
        parked.put(ParkedCall(owner, ABOUT, _nothing(ended), {}))
    with pytest.raises(LimitExceeded):
        parked.put(ParkedCall(owner, ABOUT, _nothing(ended), {}))
    await parked.close()
    assert len(parked) == 0


async def test_a_call_that_nobody_continues_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parking, "INPUT_TIMEOUT_S", -1.0)
    parked, ended = Parked(), list[str]()
    messages = _nothing(ended)
    await anext(messages)
    late = ParkedCall(owner_of(somebody()), ABOUT, messages, {})
    parked.put(late)
    parked.put(ParkedCall(owner_of(somebody()), ABOUT, _nothing([]), {}))
    await parked.close()
    assert ended == ["ended"]
