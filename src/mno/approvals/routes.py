"""Requests that wait for a decision, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.approvals.model import State
from mno.approvals.schemas import ApprovalList, ApprovalShape, DecisionWish, SeenApprovalShape, WithdrawalWish
from mno.approvals.service import Approvals
from mno.platform.http.gate import requires, requires_on_target
from mno.platform.ids import parsed, shown
from mno.platform.principal import Principal

Reader = Annotated[Principal, Depends(requires("approvals.read"))]
Decider = Annotated[Principal, Depends(requires_on_target("approvals.decide"))]

#: Requests of one page.
MAX_APPROVALS_PER_PAGE = 200


def router(approvals: Approvals) -> APIRouter:
    routes = APIRouter(prefix="/api/approvals", tags=["approvals"])

    @routes.get("")
    async def list_approvals(
        reader: Reader,
        state: State | None = None,
        cursor: Annotated[str, Query(max_length=100, description="`next_cursor` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_APPROVALS_PER_PAGE)] = 50,
    ) -> ApprovalList:
        """Requests that the caller may read, asked for, or is named to decide; the newest first."""
        after = parsed("apr", cursor) if cursor else None
        found = await approvals.page(reader, state, after, limit + 1)
        more = len(found) > limit
        return ApprovalList(
            items=[SeenApprovalShape.seen(one) for one in found[:limit]],
            next_cursor=shown("apr", found[limit - 1].approval.id) if more else None,
        )

    @routes.get("/{approval_id}")
    async def get_approval(reader: Reader, approval_id: str) -> SeenApprovalShape:
        """One request: what is proposed, who may decide, and what became of it."""
        return SeenApprovalShape.seen(await approvals.get(reader, parsed("apr", approval_id)))

    @routes.post("/{approval_id}/decision")
    async def decide(decider: Decider, approval_id: str, wish: DecisionWish) -> ApprovalShape:
        """Approves or refuses. The change itself is made in the same step; where it cannot be, nothing is decided.

        403 for who may not decide this one (a key never may), 409 when it has ended or waits for somebody else.
        """
        return ApprovalShape.of(await approvals.decide(decider, parsed("apr", approval_id), wish.decision, wish.note))

    @routes.post("/{approval_id}/withdraw")
    async def withdraw(asker: Reader, approval_id: str, wish: WithdrawalWish) -> ApprovalShape:
        """Takes a request back; only who asked may."""
        return ApprovalShape.of(await approvals.withdraw(asker, parsed("apr", approval_id), wish.note))

    return routes
