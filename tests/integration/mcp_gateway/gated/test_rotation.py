"""What a waiting call asks for lies under the hub's key, and follows it to the next one."""

import asyncio

import pytest

from mno.approvals.model import Decision
from mno.bootstrap import Services
from mno.identity.keys.model import KeyScope, KeyWish
from mno.identity.model import OWNER_ROLE, Home
from mno.mcp_gateway.calls.service import CallWaitsError
from mno.mcp_gateway.gated.model import GatedState
from mno.mcp_gateway.model import Caps
from mno.mcp_gateway.policies.model import ApprovalTerms
from mno.secrets.rotation.model import RotationState
from support.consumer import a_person, the_owner
from support.promises import PATIENCE_S

LINE = {"lines": [{"topic": "kept", "body": "until somebody decides"}]}


async def test_a_waiting_call_is_carried_out_after_the_hub_s_key_was_replaced(services: Services, home: Home) -> None:
    owner, mcp, rotations = await the_owner(services, home), services.mcp, services.runtime.rotations
    await mcp.rules.add(owner, {"name": "ask", "server": "logs", "tool": "publish", "approval": ApprovalTerms()})
    wish = KeyWish("agent", (KeyScope.TOOLS, KeyScope.INGEST))
    _, secret = await services.access.keys.create(owner, wish)
    agent = await services.access.keys.principal_of_key(secret)
    with pytest.raises(CallWaitsError) as waits:
        await mcp.calls.call(agent, "logs", "logs.publish", LINE, Caps(timeout_s=0.01))
    id_ = waits.value.call.id

    rotations._grace_s, services.secrets.spread_s = 0.5, 0.1
    rotation = await rotations.rotate_hub_data_key(owner)
    async with asyncio.timeout(PATIENCE_S):
        while (found := (await rotations.rotations(owner))[0]).state is RotationState.RUNNING:
            await asyncio.sleep(0.05)
    assert (found.id, found.state, found.error) == (rotation.id, RotationState.DONE, "")

    await services.approvals.decide(await a_person(services, home, "Ann", OWNER_ROLE), id_, Decision.APPROVE)
    async with asyncio.timeout(PATIENCE_S):
        while not (call := (await mcp.gated.calls.get(agent, id_))[0]).is_over:
            await asyncio.sleep(0.02)
    assert (call.state, call.note) == (GatedState.DONE, "")
