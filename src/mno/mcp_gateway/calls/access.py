"""Who may use which tool: `mcp.call` on the tool, as grants say it. A grant on a server holds for all its tools, one on
the project for all servers; a denial anywhere on that way wins.
"""

from collections.abc import Sequence

from mno.mcp_gateway.offers.tools import Tool
from mno.mcp_gateway.ports import Policy
from mno.mcp_gateway.servers.service import Ready
from mno.platform.errors import Denied
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope

PERMISSION = "mcp.call"


class Access:
    """From memory."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def may(self, principal: Principal, ready: Ready, tool: str) -> bool:
        scope = Scope.tool(principal.team_id, principal.project_id, ready.permission_name(tool))
        return ready.lets(principal, tool) and self._policy.may(principal, PERMISSION, scope)

    def check(self, principal: Principal, ready: Ready, tool: str) -> None:
        """`Denied`, naming what is missing."""
        if not self.may(principal, ready, tool):
            missing = PERMISSION if ready.lets(principal, tool) else ready.needed[tool]
            raise Denied(
                f"'{principal.name}' may not use '{ready.permission_name(tool)}': the permission {missing} is missing"
                " there."
            )

    def may_server(self, principal: Principal, ready: Ready) -> bool:
        """Whether what a server has besides tools may be used: that is granted and denied with the server."""
        scope = Scope.tool(principal.team_id, principal.project_id, ready.server.name)
        return self._policy.may(principal, PERMISSION, scope)

    def usable(self, principal: Principal, ready: Ready, tools: Sequence[Tool]) -> Sequence[Tool]:
        """Those of a server's tools that the principal may use: all or none by one question where nothing is granted or
        denied on tools, which is the rule.
        """
        rights = principal.rights
        if rights is None or ready.needed or rights.is_told_apart(Level.TOOL, principal.project_id):
            return [tool for tool in tools if self.may(principal, ready, tool.name)]
        return tools if tools and self.may(principal, ready, tools[0].name) else ()
