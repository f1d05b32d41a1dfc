"""Logs as a server of tools: agents publish lines, look for them, and follow what arrives by asking again."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mno.observability.ingest.service import owner_of
from mno.observability.ingest.severity import LogLevel
from mno.observability.logs.model import MAX_SEARCH_CHARACTERS, LogFilter, hex_id
from mno.observability.logs.schemas import LogPage, LogRecord, LogsReceipt
from mno.observability.logs.service import Logs
from mno.observability.spans.tools import Names, RangeWish, tenant_of
from mno.platform.hub_tools import HubServer, HubTool
from mno.platform.principal import Principal

#: Lines that one call of the tool publishes.
MAX_TOOL_PUBLISHED_LINES = 200
#: Lines in one answer of the tools: a model reads all of it.
MAX_TOOL_LOG_LINES = 100
#: Characters of a line's body in the few words beside the answer.
MAX_TOLD_BODY_CHARACTERS = 300

_Limit = Annotated[int, Field(ge=1, le=MAX_TOOL_LOG_LINES)]


class PublishWish(BaseModel, extra="forbid"):
    lines: Annotated[list[LogRecord], Field(min_length=1, max_length=MAX_TOOL_PUBLISHED_LINES)]


class _Asked(BaseModel):
    """Which lines; values of one field are alternatives, and all fields must hold."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    level: Annotated[LogLevel | None, Field(description="This level and everything graver.")] = None
    topics: Names
    services: Names
    agents: Names
    trace_id: Annotated[str, Field(max_length=64, description="32 hexadecimal digits.")] = ""
    span_id: Annotated[str, Field(max_length=64, description="16 hexadecimal digits.")] = ""
    text: Annotated[
        str, Field(max_length=MAX_SEARCH_CHARACTERS, description="In bodies, topics and attributes, whatever its case.")
    ] = ""

    def asked(self) -> LogFilter:
        return LogFilter(
            level=self.level,
            trace_id=hex_id(self.trace_id, 32, "trace"),
            span_id=hex_id(self.span_id, 16, "span"),
            topics=tuple(self.topics),
            services=tuple(self.services),
            agents=tuple(self.agents),
            text=self.text.strip(),
        )


class LogsQueryWish(_Asked, RangeWish):
    limit: _Limit = 20
    cursor: Annotated[str, Field(max_length=300, description="`next_cursor` of the page before.")] = ""


class LogsSubscribeWish(_Asked):
    after: Annotated[str, Field(max_length=100, description="`tail` of the answer before; empty to begin now.")] = ""
    limit: _Limit = MAX_TOOL_LOG_LINES


def server(logs: Logs) -> HubServer:
    async def publish(principal: Principal, wish: PublishWish) -> LogsReceipt:
        lines = [line.model_dump(mode="json", exclude_unset=True) for line in wish.lines]
        return await logs.publish(owner_of(principal, "native"), lambda: lines)

    async def query(principal: Principal, wish: LogsQueryWish) -> LogPage:
        return await logs.page(tenant_of(principal), wish.window(), wish.asked(), limit=wish.limit, cursor=wish.cursor)

    async def subscribe(principal: Principal, wish: LogsSubscribeWish) -> LogPage:
        tenant, asked = tenant_of(principal), wish.asked()
        if wish.after:
            return await logs.after(tenant, asked, wish.after, limit=wish.limit)
        now = await logs.page(tenant, RangeWish(from_="-1s").window(), asked, limit=1)
        return now.model_copy(update={"items": [], "next_cursor": None})

    tools: tuple[HubTool[Any, Any], ...] = (
        HubTool(
            "publish",
            "Writes log lines. They are on the disk when this answers; lines that break a rule are named.",
            "logs.write",
            PublishWish,
            LogsReceipt,
            publish,
            _told_receipt,
            reads=False,
            idempotent=False,
        ),
        HubTool(
            "query",
            "Finds log lines, newest first: by level, topic, service, agent, trace, text and time.",
            "logs.read",
            LogsQueryWish,
            LogPage,
            query,
            _told_lines,
        ),
        HubTool(
            "subscribe",
            "What arrives from now on: the first answer holds a cursor, `tail`; send it as `after` for what came since,"
            " oldest first, and so on.",
            "logs.read",
            LogsSubscribeWish,
            LogPage,
            subscribe,
            _told_lines,
        ),
    )
    return HubServer("logs", "Log lines of this project: publish them, find them, follow them.", tools)


def _told_receipt(receipt: LogsReceipt) -> str:
    faults = "; ".join(f"line {one.index}: {one.reason}" for one in receipt.rejected[:10])
    return f"{receipt.accepted} lines were written." + (f" Not taken: {faults}" if faults else "")


def _told_lines(page: LogPage) -> str:
    lines = [
        f"{one.time} {one.level} {one.topic or one.service or '-'}: {one.body[:MAX_TOLD_BODY_CHARACTERS]}"
        for one in page.items
    ]
    if page.next_cursor or page.more:
        lines.append("There are more; send the cursor.")
    return "\n".join(lines) or "There is no such line."
