"""Who called whom, in SQL. The caller of a span is looked for among its ancestors in the same trace.

A trace becomes an array of its spans. Each knows the place of its parent; the place of the nearest ancestor that is an
agent or a tool is found by doubling: after n steps, 2^n levels up. What lies outside of the time range is not seen.
"""

from collections.abc import Mapping
from typing import Any

from mno.observability.costs.question import COLUMNS, TAG, UsageFilter
from mno.observability.spans.queries import Tenant
from mno.observability.topology.model import (
    MAX_TOPOLOGY_LINKS,
    MAX_TOPOLOGY_SERVERS,
    Node,
    NodeKind,
    TopologyLink,
    Traffic,
)
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import TimeRange

#: How long reading a topology may take, in seconds.
TOPOLOGY_TIMEOUT_S = 10
#: Spans of one trace among which callers are looked for.
MAX_SPANS_LINKED = 2_000
#: 2^5 levels between a call and its caller.
_DOUBLINGS = 5

_TENANT = "team_id = {team:String} AND project_id = {project:String}"
_TIMES = "start_time >= fromUnixTimestamp64Micro({start:Int64}) AND start_time < fromUnixTimestamp64Micro({end:Int64})"
#: Calls that went through the hub's own MCP gateway; only their attributes are read.
_MCP_CALL = "scope = 'mno.gateway' AND tool != ''"
#: The hub's own tools bring their server's name with them: `logs.publish` is `logs_publish` outside.
_INNER = "if(startsWith(tool, concat(server, '.')), substring(tool, length(server) + 2), tool)"
_SERVER = "JSONExtractString(attributes, 'mno.mcp.server')"
_LATENCY = "sumMap(map(toUInt16(ceil(log(greatest(duration_ns / 1000, 1)) / log(1.02))), toInt64(sign)))"

_SPANS = """
    SELECT trace_id, span_id, parent_span_id, sign, duration_ns, status = 'error' AS failed, counted, cost, operation,
           service, agent, {server} AS server,
           if(server = '', tool, concat(server, '_', {inner})) AS tool_name,
           if(model = '', request_model, model) AS model_name, {asked} AS is_asked
    FROM spans WHERE {tenant} AND {times} AND {part}
"""

#: What a span is; the words before the colon are those of `NodeKind`.
_OWN = """
    multiIf(tool_name != '', concat('tool:', tool_name), counted AND model_name != '', concat('model:', model_name),
            operation = 'invoke_agent' AND agent != '', concat('agent:', agent), '')
"""

_ROW = (
    "Tuple(id FixedString(8), parent FixedString(8), own String, passes String, agent String, service String,"
    " server String, sign Int8, failed UInt8, counted UInt8, cost Nullable(Decimal(18, 9)), duration_ns Int64,"
    " is_asked UInt8)"
)

#: By one fold: steps that named each other were planned anew for each mention, which doubled them five times.
_UPWARD = f"arrayFold((up, _) -> arrayMap(place -> if(place = 0, 0, up[place]), up), range({_DOUBLINGS}), up_0)"

_TRACES = f"""
    SELECT groupArray({MAX_SPANS_LINKED})(CAST(
               (span_id, parent_span_id, own, if(startsWith(own, 'model:'), '', own), agent, service, server, sign,
                failed, counted, cost, duration_ns, is_asked),
               '{_ROW}')) AS spans_of_trace,
           arrayMap(one -> one.id, spans_of_trace) AS ids,
           arrayMap(one -> if(one.parent = one.id, 0, indexOf(ids, one.parent)), spans_of_trace) AS above,
           arrayMap((one, place, up) -> if(one.passes = '', up, place),
                    spans_of_trace, arrayEnumerate(spans_of_trace), above) AS up_0,
           {_UPWARD} AS upward,
           arrayMap(place -> if(place = 0, 0, upward[place]), above) AS nearest,
           arrayMap(place -> if(place = 0, '', spans_of_trace[place].passes), nearest) AS callers
    FROM (SELECT *, {_OWN} AS own FROM acting)
    GROUP BY trace_id
"""

#: A tool calls what happens in it; else the agent that the span names does, else the nearest agent above it.
_CALLER = """
    multiIf(startsWith(ancestor, 'tool:'), ancestor,
            one.agent != '' AND NOT startsWith(one.own, 'agent:'), concat('agent:', one.agent),
            ancestor != '', ancestor,
            concat('application:', one.service))
"""

_LINKS = f"""
WITH acting AS ({{plain}} UNION ALL {{mcp}}),
linked AS (
    SELECT one.sign AS sign, one.failed AS failed, one.counted AS counted, one.cost AS cost,
           one.duration_ns AS duration_ns,
           arrayJoin(if(one.server = '', [({_CALLER}, one.own)],
                        [({_CALLER}, one.own), (one.own, concat('server:', one.server))])) AS ends
    FROM ({_TRACES}) AS traced
    ARRAY JOIN spans_of_trace AS one, callers AS ancestor
    WHERE one.own != '' AND one.is_asked
)
SELECT ends.1 AS caller, ends.2 AS called, sum(toInt64(sign)) AS calls, sum(toInt64(sign * failed)) AS errors,
       sum(toInt64(sign * counted * isNull(linked.cost))) AS unpriced_calls,
       sum(sign * counted * ifNull(linked.cost, 0)) AS cost, {_LATENCY} AS latency
FROM linked
WHERE caller != called
GROUP BY caller, called
HAVING calls > 0
ORDER BY calls DESC, caller, called
LIMIT {MAX_TOPOLOGY_LINKS + 1}
SETTINGS max_execution_time = {TOPOLOGY_TIMEOUT_S}
"""

_SERVERS = f"""
SELECT {_SERVER} AS name, sum(toInt64(sign)) AS calls, sum(toInt64(sign * (status = 'error'))) AS errors,
       toInt64(0) AS unpriced_calls, toDecimal64(0, 9) AS cost, {_LATENCY} AS latency
FROM spans
WHERE {{tenant}} AND {{times}} AND {_MCP_CALL} AND {{asked}}
GROUP BY name
HAVING calls > 0 AND name != ''
ORDER BY calls DESC, name
LIMIT {MAX_TOPOLOGY_SERVERS}
SETTINGS max_execution_time = {TOPOLOGY_TIMEOUT_S}
"""


class TopologyQueries:
    """Read views of `spans`; each question is bound to one tenant. `LimitExceeded` when one takes too long."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse

    async def links(self, tenant: Tenant, window: TimeRange, asked: UsageFilter) -> list[TopologyLink]:
        """The busiest first, at most one more than MAX_TOPOLOGY_LINKS; `asked` narrows what is called."""
        bound, shared = _bound(tenant, window, asked)
        sql = _LINKS.format(
            plain=_SPANS.format(server="''", inner=_INNER, part=f"NOT ({_MCP_CALL})", **shared),
            mcp=_SPANS.format(server=_SERVER, inner=_INNER, part=_MCP_CALL, **shared),
        )
        rows = await self._clickhouse.rows(sql, bound)
        return [TopologyLink(_node(row["caller"]), _node(row["called"]), _traffic(row)) for row in rows]

    async def servers(self, tenant: Tenant, window: TimeRange, asked: UsageFilter) -> list[tuple[str, Traffic]]:
        """Calls that went to MCP servers through the hub, by the server's name."""
        bound, shared = _bound(tenant, window, asked)
        rows = await self._clickhouse.rows(_SERVERS.format(**shared), bound)
        return [(row["name"], _traffic(row)) for row in rows]


def _bound(tenant: Tenant, window: TimeRange, asked: UsageFilter) -> tuple[dict[str, Any], dict[str, str]]:
    """Parameters, and the conditions: whose span it is, when, and whether it is asked for."""
    bound: dict[str, Any] = {**tenant.parameters(), "start": window.start_us, "end": window.end_us}
    conditions = ["true"]
    for number, (name, accepted) in enumerate(sorted(asked.accepted.items())):
        key = f"filter_{number}"
        if name.startswith(TAG):
            bound[key] = [f"{name.removeprefix(TAG)}={value}" for value in accepted]
            conditions.append(f"hasAny(tags, {{{key}:Array(String)}})")
        else:
            bound[key] = list(accepted)
            conditions.append(f"{COLUMNS[name]} IN {{{key}:Array(String)}}")
    return bound, {"tenant": _TENANT, "times": _TIMES, "asked": f"({' AND '.join(conditions)})"}


def _node(text: str) -> Node:
    kind, _, name = text.partition(":")
    return Node(NodeKind(kind), name)


def _traffic(row: Mapping[str, Any]) -> Traffic:
    return Traffic(row["calls"], row["errors"], row["unpriced_calls"], row["cost"], dict(row["latency"]))
