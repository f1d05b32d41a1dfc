"""The word of a person about something that an agent waits for."""

from typing import Any
from uuid import UUID

from mno.approvals.model import Approval, Decision
from mno.approvals.service import Approvals
from mno.mcp_gateway.calls.arguments import check_arguments
from mno.mcp_gateway.gated.schemas import ApprovalAction
from mno.mcp_gateway.gated.service import GatedCalls
from mno.mcp_gateway.offers.tools import Tools
from mno.mcp_gateway.servers.service import Servers
from mno.platform.errors import Conflict, Invalid
from mno.platform.principal import Principal


class Deciding:
    """Continue, degrade or abort."""

    def __init__(self, approvals: Approvals, gated: GatedCalls, servers: Servers, tools: Tools) -> None:
        self._approvals = approvals
        self._gated = gated
        self._servers = servers
        self._tools = tools

    async def decide(
        self, decider: Principal, id_: UUID, action: ApprovalAction, arguments: dict[str, Any] | None, note: str
    ) -> Approval:
        """`Invalid` for arguments that the tool's schema does not allow, and as `Approvals.decide`."""
        if (action is ApprovalAction.DEGRADE) != (arguments is not None):
            raise Invalid("Arguments belong to 'degrade', and 'degrade' needs them.")
        match action:
            case ApprovalAction.CONTINUE:
                return await self._approvals.decide(decider, id_, Decision.APPROVE, note)
            case ApprovalAction.ABORT:
                return await self._approvals.decide(decider, id_, Decision.REFUSE, note)
        assert arguments is not None
        await self._check(decider, id_, arguments)
        return await self._gated.degrade(decider, id_, arguments, note)

    async def _check(self, decider: Principal, id_: UUID, arguments: dict[str, Any]) -> None:
        """Against the schema as it is now."""
        call = await self._gated.waiting_call(decider, id_)
        ready = (await self._servers.of_caller(decider)).get(call.server)
        tool = None if ready is None else await self._tools.tool(ready, call.tool)
        if tool is None:
            raise Conflict(f"The tool '{call.tool}' of '{call.server}' is not there any more.")
        check_arguments(tool.value.get("inputSchema", {}), arguments)
