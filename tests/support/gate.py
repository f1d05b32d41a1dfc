"""The MCP gateway of one process with all that calls of tools need, over a database of the test's own and without
ClickHouse: spans are kept in a list.

    python gate.py POSTGRES_URL FOLDER LEASE_S

carries out approved calls until it is killed.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mno.approvals.service import Approvals
from mno.audit.service import Audit
from mno.bootstrap.foundation import build_approvals
from mno.bootstrap.mcp import McpGateway, build_mcp
from mno.bootstrap.mcp_gated import House
from mno.identity.keys.model import KeyScope, KeyWish
from mno.identity.model import OWNER_ROLE, Home
from mno.identity.sign_in.sessions.service import Sessions
from mno.mcp_gateway.gated.model import GatedCall
from mno.mcp_gateway.given import Given
from mno.mcp_gateway.model import Caps, ToolCall
from mno.mcp_gateway.policies.model import ToolRule
from mno.notifications.service import Notifications
from mno.platform.config import Config
from mno.platform.egress import Allowed, Egress
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal
from mno.platform.tasks import Tasks
from mno.secrets.master.choice import chosen
from mno.secrets.master.local import KeyFile
from mno.secrets.service import Secrets
from support.engines import opened
from support.nodes import Node, node_over
from support.sign_in import Chosen

LOCAL = Allowed.of(["127.0.0.0/8"])


@dataclass
class Recorded:
    """Where spans would go."""

    calls: list[ToolCall] = field(default_factory=list)

    def check_room(self) -> None:
        """There is always room."""

    def record(self, call: ToolCall) -> None:
        self.calls.append(call)


@dataclass(frozen=True)
class GateNode:
    """One process. `home` is the installation's first team."""

    node: Node
    approvals: Approvals
    mcp: McpGateway
    spans: Recorded
    home: Home

    async def owner(self) -> Principal:
        return await self.node.acting(self.home, self.home.owner.id, "Owner")

    async def person(self, name: str) -> Principal:
        """Another owner."""
        return await self.node.person(self.home, name, OWNER_ROLE)

    async def agent(self, name: str = "agent") -> Principal:
        """A new key for tools, which one of the owners made for their agent."""
        maker = await self.person(f"maker of {name}")
        _, secret = await self.node.access.keys.create(maker, KeyWish(name, (KeyScope.TOOLS,)))
        return await self.node.access.keys.principal_of_key(secret)

    async def server(self, name: str, address: str, **wish: Any) -> None:
        await self.mcp.registry.add(await self.owner(), {"name": name, "address": address, **wish}, Given())

    async def rule(self, **wish: Any) -> ToolRule:
        return await self.mcp.rules.add(await self.owner(), {"name": "approved", **wish})

    async def call(self, asker: Principal, tool: str, wait_s: float = 0.01, **arguments: Any) -> Any:
        """The result of a call at the server `up`; `CallWaitsError` when it still waits after so long."""
        return (await self.mcp.calls.call(asker, "up", tool, arguments, Caps(timeout_s=wait_s))).result

    async def found(self, reader: Principal, call: GatedCall) -> GatedCall:
        return (await self.mcp.gated.calls.get(reader, call.id))[0]


@asynccontextmanager
async def a_gate(url: str, folder: Path, lease_s: float = 30.0, *, carries_out: bool = True) -> AsyncIterator[GateNode]:
    """Running; without `carries_out` approved calls are left to other processes."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(url))
        node = node_over(database)
        audit, outbox, tasks = Audit(database), Outbox(database, node.versions), Tasks(database)
        secrets = Secrets(database, chosen("", KeyFile(folder / "master.key")), node.versions)
        approvals = build_approvals(database, outbox, audit, node.access.policy)
        spans = Recorded()
        house = House(
            Config(data_folder=folder),
            database,
            node.versions,
            outbox,
            audit,
            secrets,
            approvals,
            node.access,
            Notifications(database, lambda: None),
            tasks,
            Sessions(database, audit, node.versions, Chosen()),
            lease_s,
        )
        mcp = build_mcp(house, Egress(lambda: LOCAL), spans)
        home = await node.identity.ensure_home()
        for part in (node.versions, secrets):
            await stack.enter_async_context(part.running())
        if carries_out:
            await stack.enter_async_context(mcp.running())
        else:
            await stack.enter_async_context(mcp.gated.room.running())
        yield GateNode(node, approvals, mcp, spans, home)


async def main(url: str, folder: str, lease_s: str) -> None:
    async with a_gate(url, Path(folder), float(lease_s)):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
