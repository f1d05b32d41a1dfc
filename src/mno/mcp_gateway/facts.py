"""What the gateway tells others. That a call waits for approval, and how that was decided, is told by approvals
(`approvals.asked` and `approvals.decided`, whose kind is then `mcp.call`).
"""

#: A call that needed approval is over. The subject is its request (`apr_…`); the data: `server`, `tool`, `state`
#: (`done`, `failed`, `unknown` or `refused`), `note`, `project` (`prj_…`), `trace`, `changed` (its arguments were).
CALL_ENDED = "mcp_gateway.call_ended"
