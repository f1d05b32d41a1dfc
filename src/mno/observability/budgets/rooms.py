"""Budgets as one piece: what the program opens, and what routes and the gateway ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mno.observability.budgets.editing.service import Editing
from mno.observability.budgets.refreshing.service import Refreshing
from mno.observability.budgets.service import Budgets


@dataclass(frozen=True)
class Budgeting:
    """The path of calls, the people's side, and the count from the spans."""

    budgets: Budgets
    editing: Editing
    refreshing: Refreshing

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.budgets.running(), self.refreshing.running():
            yield
