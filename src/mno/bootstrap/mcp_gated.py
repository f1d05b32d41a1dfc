"""Calls of tools that wait for people: what they need from approvals, secrets, identity and channels meets here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mno.approvals.service import Approvals
from mno.audit.service import Audit
from mno.bootstrap.identity import Access
from mno.identity.standing import Standing
from mno.mcp_gateway.calls.access import Access as ToolAccess
from mno.mcp_gateway.calls.books import Books
from mno.mcp_gateway.calls.performing import Performing
from mno.mcp_gateway.credentials.service import Ceremonies
from mno.mcp_gateway.gated.deciding import Deciding
from mno.mcp_gateway.gated.reminding.service import Reminding
from mno.mcp_gateway.gated.running.carrying import Carrying
from mno.mcp_gateway.gated.running.service import LEASE_S, RunningCalls
from mno.mcp_gateway.gated.sealing import SEALED_KIND, Sealing
from mno.mcp_gateway.gated.service import GatedCalls
from mno.mcp_gateway.gated.waiting.service import WaitingRoom
from mno.mcp_gateway.offers.tools import Tools
from mno.mcp_gateway.policies.service import Policies
from mno.mcp_gateway.servers.service import Servers
from mno.mcp_gateway.ways.guarded import Guarded
from mno.notifications.service import Notifications
from mno.platform.config import Config
from mno.platform.database import Database
from mno.platform.outbox import Outbox
from mno.platform.tasks import Tasks
from mno.platform.versions import Versions
from mno.secrets.service import Secrets


@dataclass(frozen=True)
class House:
    """What the rest of the program gives to the gateway."""

    config: Config
    database: Database
    versions: Versions
    outbox: Outbox
    audit: Audit
    secrets: Secrets
    approvals: Approvals
    access: Access
    to_people: Notifications
    tasks: Tasks
    #: Keeps what a person begins until they come back.
    ceremonies: Ceremonies
    #: How long a process that carries out approved calls is believed to live after its last word, in seconds.
    lease_s: float = LEASE_S


@dataclass(frozen=True)
class CallParts:
    """What a call goes through."""

    servers: Servers
    tools: Tools
    ways: Guarded
    access: ToolAccess
    policies: Policies
    performing: Performing
    books: Books


@dataclass(frozen=True)
class GatedParts:
    """Asking, deciding, and what works in the background."""

    calls: GatedCalls
    deciding: Deciding
    room: WaitingRoom
    reminding: Reminding
    runner: RunningCalls

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.room.running(), self.reminding.running(), self.runner.running():
            yield


def build_gated(house: House, parts: CallParts) -> GatedParts:
    database, outbox = house.database, house.outbox
    room = WaitingRoom(database, house.versions)
    reminding = Reminding(database, house.to_people, house.config.url(house.config.port))
    sealing = Sealing(house.secrets.sealer)
    calls = GatedCalls(database, outbox, house.approvals, house.access.policy, room, reminding, sealing)
    carrying = Carrying(
        parts.servers,
        parts.tools,
        parts.ways,
        parts.access,
        parts.policies,
        parts.performing,
        parts.books,
        sealing,
        Standing(house.access.keys, house.access.policy),
    )
    runner = RunningCalls(database, outbox, house.audit, room, sealing, carrying, lease_s=house.lease_s)
    house.secrets.sealer.hold(SEALED_KIND, runner.walk)
    house.tasks.every("mcp.forget_calls", "11 * * * *", runner.forget_old)
    return GatedParts(calls, Deciding(house.approvals, calls, parts.servers, parts.tools), room, reminding, runner)
