"""Where calls are written down: a span and an entry of the audit log for each."""

from mno.mcp_gateway.calls.audited.service import AuditedCalls
from mno.mcp_gateway.calls.written import note_fingerprint
from mno.mcp_gateway.model import Caps, ToolCall
from mno.mcp_gateway.ports import Spans
from mno.mcp_gateway.servers.service import Ready
from mno.platform import clock
from mno.platform.ids import shown
from mno.platform.principal import Principal

#: What an entry says of how a call went.
MAX_CALL_DETAIL_CHARACTERS = 500


class Books:
    """Neither ever waits: both gather."""

    def __init__(self, spans: Spans, audited: AuditedCalls) -> None:
        self._spans = spans
        self._audited = audited

    def check_room(self) -> None:
        """`LimitExceeded` while so much waits to be written down that another call might be lost."""
        self._spans.check_room()
        self._audited.check_room()

    def write_down(self, principal: Principal, ready: Ready, call: ToolCall, caps: Caps) -> None:
        """A call that is over."""
        call.duration_ns = clock.now_ns() - call.start_ns
        note_fingerprint(call)
        self._spans.record(call)
        detail = f"failed: {call.status_message}" if call.failed else "done"
        narrowed = ", ".join(f"{name}={value}" for name, value in caps.told().items())
        if narrowed:
            detail = f"{detail} (caps: {narrowed})"
        name, resource = ready.permission_name(call.tool), shown("mcs", ready.server.id)
        self._audited.add(principal, resource, name, detail[:MAX_CALL_DETAIL_CHARACTERS])
