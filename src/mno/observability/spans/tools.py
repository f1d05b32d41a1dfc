"""Traces as a tool for agents."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mno.observability.spans.filters import SpanFilter, Status
from mno.observability.spans.queries import Tenant
from mno.observability.spans.schemas import TracePage
from mno.observability.spans.service import Traces
from mno.platform.clock import now
from mno.platform.hub_tools import HubTool
from mno.platform.principal import Principal
from mno.platform.time_range import DEFAULT_FROM, DEFAULT_TO, TimeRange, parsed_range

#: Traces in one answer of the tool: a model reads all of it.
MAX_TOOL_TRACES = 50

Start = Annotated[str, Field(alias="from", max_length=60, description="RFC 3339, or -15m, -24h, -30d.")]
End = Annotated[str, Field(alias="to", max_length=60, description="The same, or now; not part of the range.")]
Names = Annotated[list[Annotated[str, Field(max_length=500)]], Field(default_factory=list, max_length=20)]


class RangeWish(BaseModel):
    """Arguments with a range of time."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: Start = DEFAULT_FROM
    to: End = DEFAULT_TO

    def window(self) -> TimeRange:
        return parsed_range(self.from_, self.to, now())


class TracesWish(RangeWish):
    """Which traces; values of one field are alternatives, and all fields must hold."""

    models: Names
    users: Names
    agents: Names
    environments: Names
    status: Annotated[Status | None, Field(description="error: a span failed; ok: none of the trace did.")] = None
    min_duration_ms: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] = 0
    text: Annotated[str, Field(max_length=500, description="In names, messages and attributes; or an id.")] = ""
    limit: Annotated[int, Field(ge=1, le=MAX_TOOL_TRACES)] = 20
    cursor: Annotated[str, Field(max_length=300, description="`next_cursor` of the page before.")] = ""

    def asked(self) -> SpanFilter:
        return SpanFilter(
            models=tuple(self.models),
            users=tuple(self.users),
            agents=tuple(self.agents),
            environments=tuple(self.environments),
            status=self.status,
            min_duration_ms=self.min_duration_ms,
            text=self.text.strip(),
        )


def tenant_of(principal: Principal) -> Tenant:
    return Tenant(str(principal.team_id), str(principal.project_id))


def tools(traces: Traces) -> tuple[HubTool[Any, Any], ...]:
    async def find(principal: Principal, wish: TracesWish) -> TracePage:
        return await traces.page(
            tenant_of(principal), wish.window(), wish.asked(), limit=wish.limit, cursor=wish.cursor
        )

    return (
        HubTool(
            "traces",
            "Traces of agents and of calls of models, newest first: what failed, what was slow, what it cost in USD.",
            "spans.read",
            TracesWish,
            TracePage,
            find,
            _told,
        ),
    )


def _told(page: TracePage) -> str:
    if not page.items:
        return "There is no such trace."
    lines = [
        f"{one.start_time} {one.name}: {one.duration_ms:.0f} ms, {one.calls} calls, {one.cost} USD"
        + (f", {one.errors} errors" if one.errors else "")
        + f" ({one.trace_id})"
        for one in page.items
    ]
    return "\n".join([*lines, "There are more; send the cursor."] if page.next_cursor else lines)
