"""Calls that wait for approval, over HTTP: what became of them, and the word of a person."""

from typing import Annotated

from fastapi import APIRouter, Depends

from mno.approvals.schemas import ApprovalShape
from mno.mcp_gateway.gated.deciding import Deciding
from mno.mcp_gateway.gated.model import GatedState
from mno.mcp_gateway.gated.schemas import AgentApproval, GatedCallList, GatedCallOutcome, GatedCallShape
from mno.mcp_gateway.gated.service import GatedCalls
from mno.platform.http.gate import requires, requires_on_target
from mno.platform.ids import parsed
from mno.platform.principal import Principal

Reader = Annotated[Principal, Depends(requires("mcp.read"))]
#: The caller of a call may see it, whatever else they may not.
Asker = Annotated[Principal, Depends(requires_on_target("mcp.read"))]
Decider = Annotated[Principal, Depends(requires_on_target("approvals.decide"))]


def router(gated: GatedCalls, deciding: Deciding) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["mcp"])

    @routes.get("/mcp/calls")
    async def list_gated_calls(reader: Reader, state: GatedState | None = None) -> GatedCallList:
        """Calls of the project that need or needed approval, the newest 100; kept for a week after their end."""
        return GatedCallList(items=[GatedCallShape.of(one) for one in await gated.page(reader, state)])

    @routes.get("/mcp/calls/{call_id}")
    async def get_gated_call(asker: Asker, call_id: str) -> GatedCallOutcome:
        """What became of a call that needed approval, for who asked for it and for who may read."""
        return GatedCallOutcome.with_response(*await gated.get(asker, parsed("apr", call_id)))

    @routes.post("/agent/approve")
    async def approve_for_agent(decider: Decider, wish: AgentApproval) -> ApprovalShape:
        """Lets happen what an agent waits for: as it is, with other arguments (`degrade`), or not.

        403 for who may not decide this one (a key never may, nor whoever asked), 409 when it has ended or waits for a
        second person.
        """
        id_ = parsed("apr", wish.approval)
        return ApprovalShape.of(await deciding.decide(decider, id_, wish.action, wish.arguments, wish.note))

    return routes
