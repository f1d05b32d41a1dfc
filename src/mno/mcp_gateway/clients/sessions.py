"""Sessions of clients of the older era: what such a client can answer, and where to reach it between its requests.

A session is kept in this process, for whoever began it. Whoever needs none may do without, and one that is not known
(any more) is answered as the specification has it, so that its client begins a new one.
"""

import asyncio
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from mno.mcp_gateway.clients.attended import Attended
from mno.mcp_gateway.offers.news import Listener
from mno.mcp_gateway.protocol.message import Object, Raw, Request
from mno.mcp_gateway.protocol.message import object_of as members
from mno.mcp_gateway.protocol.question import ASKABLE
from mno.platform.errors import LimitExceeded, NotFound
from mno.platform.principal import Principal

#: Sessions of all clients in one process.
MAX_MCP_SESSIONS = 10_000
#: Sessions of one user or key; beyond that the one that was used least recently ends.
MAX_MCP_SESSIONS_EACH = 1_000
#: How long a session is kept that nobody uses, in seconds.
MCP_SESSION_IDLE_S = 1_800.0
#: Questions of servers that wait at one time for the answer of one client.
MAX_QUESTIONS_WAITING = 32
#: Resources that one client is subscribed to.
MAX_SUBSCRIPTIONS = 100

Owner = tuple[UUID, UUID]


@dataclass(slots=True)
class Session:
    """Of one client. `running` are its requests by their id, `waiting` the questions that it has not answered."""

    id: str
    owner: Owner
    #: Which methods of a server its client answers.
    answers: frozenset[str]
    #: What it says that it can, as it was written.
    capabilities: Raw
    used_at: float = 0.0
    #: The least severe log messages that it wants; empty where it has not said.
    level: str = ""
    #: Resources whose changes it wants to hear of: the server, and the address there.
    subscriptions: set[tuple[str, str]] = field(default_factory=set)
    running: dict[bytes, Attended] = field(default_factory=dict)
    waiting: dict[bytes, asyncio.Future[Object]] = field(default_factory=dict)
    #: What it hears while its stream is open.
    listener: Listener | None = None
    has_stream: bool = False
    is_over: bool = False

    @property
    def is_busy(self) -> bool:
        return self.has_stream or bool(self.running)

    def expect(self) -> tuple[bytes, "asyncio.Future[Object]"]:
        """The id of a new question to the client, as it is written, and its answer to come."""
        if len(self.waiting) >= MAX_QUESTIONS_WAITING:
            raise LimitExceeded(f"{MAX_QUESTIONS_WAITING} questions wait for this client, which is the limit.")
        question_id = b'"mno-%b"' % secrets.token_hex(8).encode()
        future = self.waiting[question_id] = asyncio.get_running_loop().create_future()
        future.add_done_callback(lambda _: self.waiting.pop(question_id, None))
        return question_id, future

    def answered(self, question_id: bytes, response: Object) -> bool:
        """Hands on what the client answered; False where nobody asked, or waits any more."""
        future = self.waiting.get(question_id)
        if future is None or future.done():
            return False
        future.set_result(response)
        return True

    def cancel(self, request_id: bytes) -> None:
        """The client needs no answer to this request any more."""
        if attended := self.running.get(request_id):
            attended.cancel()


class Sessions:
    """All of one process, the one that was used least recently first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Session] = OrderedDict()
        self._owned: Counter[Owner] = Counter()

    def __len__(self) -> int:
        return len(self._known)

    def begin(self, principal: Principal, request: Request) -> Session:
        """For the client that sends this `initialize`. `LimitExceeded` while all sessions are in use."""
        self._forget_idle()
        owner = owner_of(principal)
        if self._owned[owner] >= MAX_MCP_SESSIONS_EACH:
            self._make_room(one for one in self._known.values() if one.owner == owner)
        elif len(self._known) >= MAX_MCP_SESSIONS:
            self._make_room(self._known.values())
        capabilities = request.params.get("capabilities", Raw(b"{}"))
        session = Session(secrets.token_urlsafe(24), owner, _answered_with(capabilities), capabilities)
        session.used_at = time.monotonic()
        self._known[session.id] = session
        self._owned[owner] += 1
        return session

    def of(self, session_id: str, principal: Principal) -> Session:
        """`NotFound` for one that is not known, or somebody else's: nobody can tell which."""
        session = self._known.get(session_id)
        if session is None or session.owner != owner_of(principal):
            raise NotFound("There is no such session (any more); begin a new one with initialize.")
        session.used_at = time.monotonic()
        self._known.move_to_end(session_id)
        return session

    def end(self, session: Session) -> None:
        """Whatever still runs in it is given up."""
        if self._known.pop(session.id, None) is not None:
            self._owned -= Counter([session.owner])
        session.is_over = True
        if session.listener is not None:
            session.listener.wake()
        for attended in list(session.running.values()):
            attended.cancel()
        for future in list(session.waiting.values()):
            future.cancel()

    def close(self) -> None:
        for session in list(self._known.values()):
            self.end(session)

    def _forget_idle(self) -> None:
        since = time.monotonic() - MCP_SESSION_IDLE_S
        for session in list(self._known.values()):
            if session.used_at > since:
                return
            if session.is_busy:
                session.used_at = time.monotonic()
                self._known.move_to_end(session.id)
            else:
                self.end(session)

    def _make_room(self, among: Iterable[Session]) -> None:
        idle = next((one for one in among if not one.is_busy), None)
        if idle is None:
            raise LimitExceeded("All sessions are in use; end one first.", retry_after_s=10)
        self.end(idle)


def owner_of(principal: Principal) -> Owner:
    """To whom a session or a waiting call belongs: a user or a key, in a team."""
    return principal.team_id, principal.id


def _answered_with(capabilities: Raw) -> frozenset[str]:
    try:
        declared = members(capabilities)
    except ValueError:
        declared = {}
    return frozenset(method for method, capability in ASKABLE.items() if capability in declared)
