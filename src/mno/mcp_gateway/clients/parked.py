"""Calls that wait until a client of the newer era comes back with what their server, one of the older era, asked for.

Such a server waits in the middle of its answer. Its call is kept here, with the connection on which it answers, for
whoever made the call; the retry continues it. It is kept in this process.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from mno.mcp_gateway.clients.sessions import Owner
from mno.mcp_gateway.protocol.message import Object, Raw
from mno.mcp_gateway.protocol.question import INPUT_TIMEOUT_S, ServerQuestion
from mno.platform.errors import LimitExceeded

#: Calls that wait so in one process.
MAX_PARKED_CALLS = 1_000
#: Calls that wait so for one user or key.
MAX_PARKED_CALLS_EACH = 50

_PREFIX = "mno-parked:"


@dataclass(slots=True)
class ParkedCall:
    """`about` says what was asked for, so that the state of one call continues no other."""

    owner: Owner
    about: tuple[str, str, str]
    messages: AsyncGenerator[Object]
    questions: dict[str, ServerQuestion]
    state: str = field(default_factory=lambda: _PREFIX + secrets.token_urlsafe(24))
    until: float = 0.0


def is_state(value: str | None) -> bool:
    """Whether a request state is one of ours."""
    return value is not None and value.startswith(_PREFIX)


def result_of(call: ParkedCall) -> dict[str, object]:
    """The input-required result that stands for it."""
    questions = {key: _shown(one) for key, one in call.questions.items()}
    return {"resultType": "input_required", "inputRequests": questions, "requestState": call.state}


def _shown(question: ServerQuestion) -> dict[str, object]:
    return {"method": question.method, "params": question.get("params", Raw(b"{}"))}


class Parked:
    """All of one process."""

    def __init__(self) -> None:
        self._calls: dict[str, ParkedCall] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._calls)

    def put(self, call: ParkedCall) -> None:
        """`LimitExceeded` while too many wait."""
        self._end_late()
        own = sum(1 for one in self._calls.values() if one.owner == call.owner)
        if own >= MAX_PARKED_CALLS_EACH or len(self._calls) >= MAX_PARKED_CALLS:
            raise LimitExceeded("Too many calls wait for an answer to what their servers asked.", retry_after_s=10)
        call.until = time.monotonic() + INPUT_TIMEOUT_S
        self._calls[call.state] = call
        asyncio.get_running_loop().call_later(INPUT_TIMEOUT_S, self._end_late)

    def take(self, state: str, owner: Owner, about: tuple[str, str, str]) -> ParkedCall | None:
        """The call that waits under this state; None where none does, or not for this caller, or another one."""
        call = self._calls.get(state)
        if call is None or call.owner != owner or call.about != about:
            return None
        return self._calls.pop(state)

    async def close(self) -> None:
        for call in list(self._calls.values()):
            self._end(call)
        if self._ending:
            await asyncio.wait(self._ending, timeout=1)

    def _end_late(self) -> None:
        now = time.monotonic()
        for call in list(self._calls.values()):
            if call.until <= now:
                self._end(call)

    def _end(self, call: ParkedCall) -> None:
        self._calls.pop(call.state, None)
        task = asyncio.get_running_loop().create_task(call.messages.aclose(), name="mcp-parked")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
