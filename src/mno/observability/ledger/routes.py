"""The ledger over HTTP: entries, balance, chargeback, files for bookkeeping, credits."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from mno.observability.ledger.export import as_csv, as_focus
from mno.observability.ledger.model import MAX_PAGE_ENTRIES, LedgerKind
from mno.observability.ledger.ports import Names
from mno.observability.ledger.schemas import (
    BalanceShape,
    ChargeList,
    ChargeShape,
    CreditWish,
    LedgerEntryList,
    LedgerEntryShape,
)
from mno.observability.ledger.service import Ledger
from mno.observability.spans.routes import asked_range
from mno.platform import money
from mno.platform.errors import Invalid
from mno.platform.http.gate import requires
from mno.platform.principal import Principal
from mno.platform.time_range import TimeRange

Reader = Annotated[Principal, Depends(requires("ledger.read"))]
Writer = Annotated[Principal, Depends(requires("budgets.write"))]
Window = Annotated[TimeRange, Depends(asked_range)]
Of = Annotated[
    Literal["project", "team"], Query(description="The project's entries, or those of all the team's projects.")
]


def router(ledger: Ledger, names: Names) -> APIRouter:
    routes = APIRouter(prefix="/api/ledger", tags=["ledger"])

    @routes.get("")
    async def list_entries(
        reader: Reader,
        kind: Annotated[list[LedgerKind], Query(default_factory=list, description="Repeatable; all without it.")],
        of: Of = "project",
        cursor: Annotated[str, Query(max_length=30, description="`next_cursor` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE_ENTRIES)] = 100,
    ) -> LedgerEntryList:
        """The entries, the newest first."""
        found, following = await ledger.page(reader, kind, _position(cursor), limit, of_team=of == "team")
        return LedgerEntryList(
            items=[LedgerEntryShape.of(entry) for entry in found], next_cursor=str(following) if following else None
        )

    @routes.get("/balance")
    async def get_balance(reader: Reader, window: Window, of: Of = "project") -> BalanceShape:
        """What the range's hours have cost, what was credited, and what calls under way hold now."""
        return BalanceShape.of(await ledger.balance(reader, window, of_team=of == "team"))

    @routes.get("/chargeback")
    async def get_chargeback(
        reader: Reader,
        window: Window,
        by: Annotated[
            str,
            Query(max_length=200, description="project, provider, model, agent, environment, api_key or tag:NAME."),
        ] = "project",
        of: Of = "project",
    ) -> ChargeList:
        """What each project, model, … or value of a tag has cost."""
        found = await ledger.chargeback(reader, window, by, of_team=of == "team")
        return ChargeList(items=[ChargeShape.of(charge) for charge in found])

    @routes.get("/export", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    async def export_ledger(
        reader: Reader,
        window: Window,
        of: Of = "project",
        format: Annotated[  # noqa: A002
            Literal["csv", "focus"], Query(description="`focus`: CSV with the columns of FOCUS 1.2.")
        ] = "csv",
    ) -> Response:
        """A bill for bookkeeping: usage, corrections and credits by hour, project, model, key and tags."""
        lines = await ledger.lines(reader, window, of_team=of == "team")
        team, projects = await names.names_of(reader.team_id)
        if format == "csv":
            body = await asyncio.to_thread(as_csv, lines, projects)
        else:
            body = await asyncio.to_thread(as_focus, lines, reader.team_id, team, projects)
        return Response(
            body,
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="ledger-{format}.csv"'},
        )

    @routes.post("/credits", status_code=201)
    async def enter_credit(writer: Writer, wish: CreditWish) -> LedgerEntryShape:
        """Enters a credit for the project, such as one that a provider gave. An entry cannot be taken back."""
        return LedgerEntryShape.of(await ledger.credit(writer, money.nano(wish.amount), wish.note))

    return routes


def _position(cursor: str) -> int | None:
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdecimal()) or int(cursor) >= 2**63:
        raise Invalid("'cursor' is not one that a page of the ledger has given.")
    return int(cursor)
