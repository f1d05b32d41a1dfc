"""What was spent, as a tool for agents."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from mno.observability.costs.days import Days, range_of
from mno.observability.costs.question import UsageFilter, UsageQuestion, zone
from mno.observability.costs.usage import Summary, Usage, rows_of
from mno.observability.spans.tools import Names, RangeWish, tenant_of
from mno.platform import money
from mno.platform.clock import now
from mno.platform.hub_tools import HubTool
from mno.platform.principal import Principal
from mno.platform.time_range import shown

#: Groups in one answer of the tool: a model reads all of it.
MAX_TOOL_SPEND_GROUPS = 100
#: Groups that the few words beside the answer name.
MAX_TOLD_GROUPS = 10

#: The time zone of a team, by its IANA name.
ZoneOf = Callable[[UUID], Awaitable[str]]

_SUMS = ("calls", "errors", "input_tokens", "output_tokens", "cost")


class SpendWish(RangeWish):
    """Of what: values of one field are alternatives, and all fields must hold."""

    days: Annotated[Days | None, Field(description="Instead of `from` and `to`, in the team's time zone.")] = None
    group_by: Annotated[
        list[Annotated[str, Field(max_length=100)]],
        Field(
            default_factory=list,
            max_length=3,
            description="provider, model, user, session, agent, api_key, environment or tag:NAME.",
        ),
    ]
    models: Names
    users: Names
    agents: Names
    environments: Names
    limit: Annotated[int, Field(ge=1, le=MAX_TOOL_SPEND_GROUPS, description="Groups, the dearest.")] = 20

    def asked(self) -> UsageFilter:
        named = {"model": self.models, "user": self.users, "agent": self.agents, "environment": self.environments}
        return UsageFilter({name: tuple(values) for name, values in named.items() if values})


class SpendRow(BaseModel):
    """One group; the dimensions asked for stand in it by their names."""

    model_config = ConfigDict(extra="allow")

    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost: str


class Spend(BaseModel):
    """`total` counts every group, `rows` has the dearest."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(serialization_alias="from")
    to: str
    currency: str
    total: SpendRow
    rows: list[SpendRow]
    truncated: bool
    unpriced_calls: int = Field(description="Calls whose price is not known; they count as nothing.")


def tools(usage: Usage, zone_of: ZoneOf) -> tuple[HubTool[Any, Any], ...]:
    async def spend(principal: Principal, wish: SpendWish) -> Spend:
        name = await zone_of(principal.team_id)
        window = range_of(wish.days, zone(name), now()) if wish.days else wish.window()

        async def summed(*dimensions: str) -> Summary:
            tenant, asked = tenant_of(principal), wish.asked()
            question = UsageQuestion(
                tenant, window, dimensions=dimensions, asked=asked, timezone=name, limit=wish.limit, latency=False
            )
            return await usage.summary(principal, question)

        whole = await summed()
        groups = await summed(*wish.group_by) if wish.group_by else None
        found = _rows(whole, ())
        return Spend(
            from_=shown(window.start),
            to=shown(window.end),
            currency=whole.currency,
            total=found[0] if found else SpendRow(calls=0, errors=0, input_tokens=0, output_tokens=0, cost="0"),
            rows=_rows(groups, tuple(wish.group_by)) if groups else [],
            truncated=groups is not None and groups.truncated,
            unpriced_calls=whole.unpriced_calls,
        )

    return (
        HubTool(
            "spend",
            "What calls of models cost and how much they used, in any range such as yesterday or this month; in all,"
            " and by model, agent, user and others.",
            "usage.read",
            SpendWish,
            Spend,
            spend,
            _told,
        ),
    )


def _rows(summary: Summary, dimensions: tuple[str, ...]) -> list[SpendRow]:
    rows = rows_of(summary.table, amount=money.shown, moment=str)
    return [SpendRow(**{name: row[name] for name in (*dimensions, *_SUMS)}) for row in rows]


def _told(spend: Spend) -> str:
    total = spend.total
    lines = [f"{total.cost} {spend.currency} in {total.calls} calls from {spend.from_} to {spend.to}."]
    for row in spend.rows[:MAX_TOLD_GROUPS]:
        name = ", ".join(str(value) or "(none)" for value in (row.model_extra or {}).values())
        lines.append(f"{name}: {row.cost} {spend.currency} in {row.calls} calls")
    if spend.unpriced_calls:
        lines.append(f"The price of {spend.unpriced_calls} calls is not known.")
    return "\n".join(lines)
