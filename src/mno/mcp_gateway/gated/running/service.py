"""Approved calls are carried out here: each by one process, once.

A process claims a call, in a transaction of its own that commits before anything is sent. From then on the call is
done, failed or unknown, and nobody sends it again: what its process does not end within its lease (because it died) is
written down as unknown, and so is what was sent and not answered.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

from mno.audit.service import Audit
from mno.mcp_gateway.gated import rules, store
from mno.mcp_gateway.gated.model import GatedCall, GatedState
from mno.mcp_gateway.gated.running.carrying import Carrying, NotSentError
from mno.mcp_gateway.gated.sealing import Sealing, purpose_of_params, purpose_of_response
from mno.mcp_gateway.gated.service import ended_fact
from mno.mcp_gateway.gated.waiting.service import WaitingRoom
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.question import ServerTrouble
from mno.platform import clock, origin
from mno.platform.database import Database
from mno.platform.ending import ended
from mno.platform.errors import MnoError, TooLarge
from mno.platform.ids import new_id, shown
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal, PrincipalKind
from mno.secrets.own.sealer import Reseal

#: Approved calls that one process carries out at a time.
MAX_RUNNING_GATED_CALLS = 100
#: How long a process is believed to live after its last word, in seconds.
LEASE_S = 30.0
#: How often it says so, and looks for calls and for what others left, in seconds.
LOOK_S = 1.0
EXTEND_S = 5.0
#: How long calls may go on when the program is told to stop, in seconds.
STOP_GRACE_S = 3.0
#: Calls that are ended, forgotten or sealed anew in one transaction.
MAX_GATED_AT_ONCE = 200
#: The pause before the outcome is written again while the database does not answer, in seconds.
WRITE_RETRY_S = 0.5

_STOPPED = "The hub was stopped while it ran."
_DIED = "The process that ran it died."
_log = logging.getLogger(__name__)


class RunningCalls:
    """Of one process; `running` works."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        audit: Audit,
        room: WaitingRoom,
        sealing: Sealing,
        carrying: Carrying,
        *,
        lease_s: float = LEASE_S,
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._audit = audit
        self._room = room
        self._sealing = sealing
        self._carrying = carrying
        self._lease = timedelta(seconds=lease_s)
        self._me = new_id()
        self._tasks: set[asyncio.Task[None]] = set()
        self._approved = asyncio.Event()
        room.when_told(self._approved.set)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch(), name="mcp-gated-calls")
        extending = asyncio.create_task(self._extend(), name="mcp-gated-leases")
        try:
            yield
        finally:
            await ended(watching)
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=STOP_GRACE_S)
            for task in list(self._tasks):
                await ended(task)
            await ended(extending)

    async def look(self) -> None:
        """Claims what is approved, as far as there is room, and ends what dead processes left."""
        room = MAX_RUNNING_GATED_CALLS - len(self._tasks)
        async with self._database.across_teams() as tx:
            claimed = await store.claim(tx, self._me, self._lease, room) if room > 0 else []
            left = await store.abandoned(tx, MAX_GATED_AT_ONCE)
        for call in claimed:
            task = asyncio.create_task(self._run(call), name="mcp-gated-call")
            self._tasks.add(task)
            task.add_done_callback(self._done)
        for team_id, id_ in left:
            await self._abandon(team_id, id_)

    async def forget_old(self) -> None:
        """Deletes outcomes that were kept long enough."""
        while True:
            async with self._database.across_teams() as tx:
                if await store.forget(tx, clock.now(), MAX_GATED_AT_ONCE) < MAX_GATED_AT_ONCE:
                    return

    async def walk(self, reseal: Reseal) -> None:
        """Seals again what lies under an old key of the hub, a few hundred in each transaction."""
        after = UUID(int=0)
        while True:
            async with self._database.across_teams() as tx:
                found = await store.sealed_after(tx, after, MAX_GATED_AT_ONCE)
                for _, id_, params, response in found:
                    renewed = None if params is None else reseal(purpose_of_params(id_), bytes(params))
                    answered = None if response is None else reseal(purpose_of_response(id_), bytes(response))
                    await store.reseal(tx, id_, renewed, answered)
            if len(found) < MAX_GATED_AT_ONCE:
                return
            after = found[-1][1]

    # — parts —

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._approved.wait()
            self._approved.clear()
            try:
                await self.look()
            except MnoError as error:
                _log.warning("Approved calls cannot be looked for at the moment: %s", error)
            except Exception:  # noqa: BLE001 - nobody above would begin it again
                _log.exception("The look for approved calls failed; it goes on.")

    async def _extend(self) -> None:
        while True:
            await asyncio.sleep(min(EXTEND_S, self._lease.total_seconds() / 4))
            if self._tasks:
                try:
                    async with self._database.across_teams() as tx:
                        await store.extend(tx, self._me, self._lease)
                except MnoError as error:
                    _log.warning("It cannot be said at the moment that approved calls go on: %s", error)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._approved.set()  # there is room again

    async def _run(self, call: GatedCall) -> None:
        origin.set_current(rules.origin_of(call))
        state, note, response = GatedState.UNKNOWN, _STOPPED, None
        try:
            found = await self._carrying.response(call)
            state, note = (GatedState.DONE, "") if "result" in found else (GatedState.FAILED, message.told(found))
            response = self._sealing.response(call.id, message.encoded(found))
        except NotSentError as error:
            state, note = GatedState.FAILED, str(error)
        except TooLarge as error:
            state, note = GatedState.DONE, str(error)
        except ServerTrouble as error:
            note = str(error)
        except Exception as error:  # noqa: BLE001 - whatever it was, it may have been sent
            _log.exception("An approved call failed.")
            note = f"The hub failed: {type(error).__name__}."
        finally:
            await asyncio.shield(self._end(call, state, note, response))

    async def _end(self, call: GatedCall, state: GatedState, note: str, response: bytes | None) -> None:
        """Writes it down, however long that takes: until then it counts as running, and then as unknown."""
        while True:
            try:
                async with self._database.transaction(call.team_id) as tx:
                    now = await store.read(tx, call.team_id, call.id, lock=True)
                    if now is None or now.state is not GatedState.RUNNING or now.claimed_by != self._me:
                        _log.warning("The outcome of %s came too late.", shown("apr", call.id))
                        return
                    after = rules.ended(now, state, note, clock.now(), response)
                    await store.save(tx, after)
                    await self._outbox.publish(tx, ended_fact(after))
                    await self._room.tell(tx, after)
                return
            except MnoError as error:
                _log.warning("The outcome of an approved call cannot be written down at the moment: %s", error)
                await asyncio.sleep(WRITE_RETRY_S)

    async def _abandon(self, team_id: UUID, id_: UUID) -> None:
        async with self._database.transaction(team_id) as tx:
            call = await store.read(tx, team_id, id_, lock=True)
            if call is None or not await store.is_abandoned(tx, call):
                return
            after = rules.ended(call, GatedState.UNKNOWN, _DIED, clock.now())
            await store.save(tx, after)
            await self._outbox.publish(tx, ended_fact(after))
            await self._room.tell(tx, after)
            await self._audit.record(
                tx, _program(call), "tools.call", shown("apr", id_), name=f"{call.server}_{call.tool}", detail=_DIED
            )


def _program(call: GatedCall) -> Principal:
    nobody = UUID(int=0)
    return Principal(PrincipalKind.PROGRAM, nobody, "approved calls", call.team_id, call.project_id, frozenset())
