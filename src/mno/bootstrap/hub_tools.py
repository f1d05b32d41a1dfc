"""The hub's own MCP servers, put together from the tools of its features."""

from mno.bootstrap.budgets import TeamFacts
from mno.bootstrap.foresight import Foresight
from mno.bootstrap.mcp import McpGateway
from mno.bootstrap.observability import Observability
from mno.mcp_gateway.ways.builtin import registry as registry_tools
from mno.observability.alerts import tools as alert_tools
from mno.observability.alerts.rooms import Alerting
from mno.observability.anomalies import tools as anomaly_tools
from mno.observability.budgets import tools as budget_tools
from mno.observability.budgets.rooms import Budgeting
from mno.observability.costs import tools as cost_tools
from mno.observability.logs import tools as log_tools
from mno.observability.logs.service import Logs
from mno.observability.spans import tools as trace_tools
from mno.observability.system import tools as system_tools
from mno.platform.hub_tools import HubServer


def offer_hub_servers(
    mcp: McpGateway,
    observability: Observability,
    logs: Logs,
    budgeting: Budgeting,
    foresight: Foresight,
    alerting: Alerting,
    names: TeamFacts,
) -> None:
    """Puts them beside the servers of every team."""
    monitoring = (
        *cost_tools.tools(observability.costs.usage, names.zone_of),
        *trace_tools.tools(observability.traces),
        *budget_tools.tools(budgeting.editing),
        *anomaly_tools.tools(foresight.anomalies),
        *alert_tools.tools(alerting.answering),
    )
    admin = (*registry_tools.tools(mcp.registry, mcp.health), *system_tools.tools(observability.system))
    mcp.builtin.add(
        HubServer("monitoring", "What this project's agents spend and do, and what is strange.", monitoring)
    )
    mcp.builtin.add(HubServer("admin", "The hub itself: its MCP servers and its health.", admin))
    mcp.builtin.add(log_tools.server(logs))
