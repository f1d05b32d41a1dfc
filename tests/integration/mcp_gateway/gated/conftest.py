"""A gateway with approvals over a real database, in front of a server that counts what it is called with."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mno.mcp_gateway.calls.service import CallWaitsError
from mno.mcp_gateway.gated.model import GatedCall, GatedState
from mno.platform.principal import Principal
from support.gate import GateNode, a_gate
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire, running_upstream

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}, "who": {"type": "string"}}, "required": ["n"]}


@dataclass
class Counting:
    """A server whose tool `spend` remembers its calls. While `held` is set it does not answer."""

    upstream: Upstream
    made: list[dict[str, Any]] = field(default_factory=list)
    held: asyncio.Event | None = None
    value: dict[str, Any] = field(default_factory=lambda: {"content": [{"type": "text", "text": "spent"}]})
    status: int = 200

    async def answer(self, got: Got, wire: Wire) -> None:
        match got.json["method"]:
            case "server/discover":
                value: dict[str, Any] = {"supportedVersions": ["2026-07-28"], "capabilities": {}}
            case "tools/list":
                value = {"tools": [{"name": "spend", "inputSchema": SCHEMA}]}
            case _:
                self.made.append(got.json["params"]["arguments"])
                if self.held is not None:
                    await self.held.wait()
                if self.status != 200:
                    await wire.raw(b"no", self.status)
                    return
                value = self.value
        await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": value})


@pytest.fixture
async def counting() -> AsyncIterator[Counting]:
    async with running_upstream() as upstream:
        counting = Counting(upstream)
        upstream.answer = counting.answer
        yield counting


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
async def gate(postgres_url: str, folder: Path, counting: Counting) -> AsyncIterator[GateNode]:
    async with a_gate(postgres_url, folder) as gate:
        await gate.server("up", counting.upstream.url, timeout_s=60)
        yield gate


async def waiting(gate: GateNode, asker: Principal, **arguments: Any) -> GatedCall:
    """A call that waits for approval."""
    with pytest.raises(CallWaitsError) as waits:
        await gate.call(asker, "spend", **arguments)
    return waits.value.call


async def over(gate: GateNode, reader: Principal, call: GatedCall) -> GatedCall:
    """The call when it is over."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await gate.found(reader, call)).is_over:
            await asyncio.sleep(0.02)
        return found


async def in_state(gate: GateNode, reader: Principal, call: GatedCall, state: GatedState) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await gate.found(reader, call)).state is not state:
            await asyncio.sleep(0.02)
