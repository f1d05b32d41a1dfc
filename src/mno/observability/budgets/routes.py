"""Budgets over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.observability.budgets.editing.service import Editing
from mno.observability.budgets.model import MAX_DIMENSION_CHARACTERS
from mno.observability.budgets.schemas import (
    BudgetChange,
    BudgetList,
    BudgetShape,
    BudgetStandingShape,
    BudgetWish,
    BurnDownShape,
    CounterList,
)
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal

Reader = Annotated[Principal, Depends(requires("budgets.read"))]
Writer = Annotated[Principal, Depends(requires("budgets.write"))]


def router(editing: Editing) -> APIRouter:
    routes = APIRouter(prefix="/api/budgets", tags=["budgets"])

    @routes.get("")
    async def list_budgets(reader: Reader) -> BudgetList:
        """The project's budgets and, for who may read them in the whole team, the team's; each as it stands now."""
        return BudgetList(items=[BudgetShape.from_standing(one) for one in await editing.listing(reader)])

    @routes.post("", status_code=201)
    async def create_budget(writer: Writer, wish: BudgetWish) -> BudgetShape:
        """Makes a budget. It holds for calls from now on, and counts what was used before in its present period."""
        return BudgetShape.from_standing(await editing.create(writer, wish.terms(), wish.counted()))

    @routes.get("/{budget_id}")
    async def get_budget(reader: Reader, budget_id: str) -> BudgetShape:
        """One budget as it stands now."""
        return BudgetShape.from_standing(await editing.get(reader, parsed("bud", budget_id)))

    @routes.put("/{budget_id}")
    async def change_budget(writer: Writer, budget_id: str, wish: BudgetChange) -> BudgetShape:
        """Changes its terms; what it counts is fixed. 409 when it has changed since `version`."""
        return BudgetShape.from_standing(
            await editing.change(writer, parsed("bud", budget_id), wish.terms(), wish.version)
        )

    @routes.delete("/{budget_id}", status_code=204)
    async def remove_budget(writer: Writer, budget_id: str) -> None:
        """Removes a budget with its counters; the ledger keeps what was spent."""
        await editing.remove(writer, parsed("bud", budget_id))

    @routes.get("/{budget_id}/counters")
    async def list_budget_counters(reader: Reader, budget_id: str) -> CounterList:
        """The fullest counters of a budget that has one for each user, agent, …"""
        found = await editing.counters(reader, parsed("bud", budget_id))
        return CounterList(items=[BudgetStandingShape.of(one) for one in found])

    @routes.get("/{budget_id}/burn-down")
    async def get_burn_down(
        reader: Reader,
        budget_id: str,
        who: Annotated[
            str, Query(max_length=MAX_DIMENSION_CHARACTERS, description="Whose; the fullest if empty.")
        ] = "",
    ) -> BurnDownShape:
        """How the present period was used up, by the usage that has arrived, and how it will go on to its end."""
        return BurnDownShape.of(await editing.burn_down(reader, parsed("bud", budget_id), who))

    return routes
