"""Budgets as a tool for agents."""

from typing import Any

from pydantic import BaseModel

from mno.observability.budgets.editing.service import Editing
from mno.observability.budgets.schemas import BudgetList, BudgetShape
from mno.platform.hub_tools import HubTool
from mno.platform.principal import Principal


class BudgetsWish(BaseModel, extra="forbid"):
    """There is nothing to choose."""


def tools(editing: Editing) -> tuple[HubTool[Any, Any], ...]:
    async def listed(principal: Principal, _wish: BudgetsWish) -> BudgetList:
        return BudgetList(items=[BudgetShape.from_standing(one) for one in await editing.listing(principal)])

    return (
        HubTool(
            "budgets",
            "The budgets that hold in this project, each with what is spent of it and what is left.",
            "budgets.read",
            BudgetsWish,
            BudgetList,
            listed,
            _told,
        ),
    )


def _told(budgets: BudgetList) -> str:
    lines = [
        f"{one.name}: {one.standing.spent} of {one.limit} {one.unit} ({one.standing.percent} %),"
        f" until {one.standing.resets_at.isoformat()}"
        for one in budgets.items
    ]
    return "\n".join(lines) or "There is no budget."
