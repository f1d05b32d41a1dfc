"""A call as it is written down: who made it, what came back. Arguments and results stay out of it unless a rule for the
tool wants them, and then stand there redacted.

Source: OpenTelemetry's conventions for MCP and for generative AI (`mcp.*`, `gen_ai.tool.*`).
"""

import asyncio
import re
from collections.abc import Sequence

from mno.mcp_gateway.calls.cost import stated_cost
from mno.mcp_gateway.model import Caps, ToolCall, ToolCaller
from mno.mcp_gateway.protocol import answers, message
from mno.mcp_gateway.protocol.message import Header, Object, Raw
from mno.mcp_gateway.protocol.question import ServerSilent, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.platform import clock, origin
from mno.platform.errors import Denied, Invalid, LimitExceeded, MnoError, NotFound, TooLarge
from mno.platform.ids import new_span_id, new_trace_id, shown
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.redaction import DETECTORS, Rules, redactor

#: Values of `x-mno-user`, `x-mno-session` and the like.
MAX_TOOL_DIMENSION_CHARACTERS = 200

#: What is kept of the arguments and of the result of one call.
MAX_RECORDED_CHARACTERS = 16 * 1024

#: The class of an error; the first that fits counts.
_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (TooLarge, "too_large"),
    (LimitExceeded, "limit_exceeded"),
    (ServerSilent, "timeout"),
    (ServerTrouble, "server_failed"),
    (Denied, "denied"),
    (NotFound, "not_found"),
    (Invalid, "invalid"),
)
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")


def begun(principal: Principal, ready: Ready, tool: str, caps: Caps, headers: Sequence[Header]) -> ToolCall:
    """A call that starts now, in the caller's trace where it names one."""
    told = dict(reversed(headers))  # the first of each
    parent = _TRACEPARENT.fullmatch(told.get(b"traceparent", b""))
    trace_id = origin.current().trace_id
    call = ToolCall(
        caller=_caller(principal, told),
        trace_id=bytes.fromhex(trace_id) if trace_id else new_trace_id(),
        span_id=new_span_id(),
        parent_span_id=bytes.fromhex(parent.group(1).decode()) if parent else bytes(8),
        start_ns=clock.now_ns(),
        tool=tool,
    )
    call.attributes |= {
        "mcp.method.name": "tools/call",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool,
        "server.address": ready.origin.host,
        "mno.mcp.server": ready.server.name,
        "mno.principal": principal.name,
    }
    call.attributes |= {f"mno.mcp.caps.{name}": value for name, value in caps.told().items()}
    return call


def note_arguments(call: ToolCall, params: Object) -> None:
    """For a tool whose arguments a rule wants to see."""
    call.attributes["gen_ai.tool.call.arguments"] = _shown(params.get("arguments", Raw(b"{}")))


def note_response(call: ToolCall, found: Object, *, in_full: bool = False) -> None:
    """What a message of the server says of the call's outcome; `in_full` with the result itself."""
    if "error" in found:
        code = message.error_code(found)
        call.failed, call.status_message = True, message.told(found)
        call.attributes |= {"error.type": str(code), "rpc.response.status_code": str(code)}
    elif "result" in found:
        result = answers.members_of(found["result"])
        call.attributes["mno.mcp.result_bytes"] = len(bytes(found["result"]))
        if in_full:
            call.attributes["gen_ai.tool.call.result"] = _shown(found["result"])
        if (cost := stated_cost(result)) is not None:
            call.attributes["mno.mcp.cost_usd"] = cost
        if answers.says_error(result):
            call.failed, call.status_message = True, "The tool says that it failed."
            call.attributes["error.type"] = "tool_error"


def note_trouble(call: ToolCall, error: BaseException) -> None:
    """Why there was no response; nothing for a client that left after it."""
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        if "mno.mcp.result_bytes" not in call.attributes and not call.failed:
            call.failed, call.status_message = True, "The client left before the answer came."
            call.attributes["error.type"] = "cancelled"
        return
    call.failed = True
    call.status_message = str(error) if isinstance(error, MnoError) else type(error).__name__
    call.attributes["error.type"] = _kind(error)


def note_fingerprint(call: ToolCall) -> None:
    """What failures of one kind have in common: server, tool and class."""
    if call.failed:
        told = call.attributes
        told["mno.error.fingerprint"] = f"{told['mno.mcp.server']}/{call.tool}/{told['error.type']}"


def _kind(error: BaseException) -> str:
    return next((kind for of, kind in _KINDS if isinstance(error, of)), type(error).__name__)


def _shown(raw: Raw) -> str:
    """JSON with what looks like a key, an address or a number of a person replaced; cut where it is long."""
    text = bytes(raw).decode("utf-8", "replace")
    return redactor(Rules(DETECTORS)).json(text)[:MAX_RECORDED_CHARACTERS]


def _caller(principal: Principal, told: dict[bytes, bytes]) -> ToolCaller:
    def of(name: str) -> str:
        return told.get(b"x-mno-" + name.encode(), b"").decode("utf-8", "replace")[:MAX_TOOL_DIMENSION_CHARACTERS]

    is_key = principal.kind is PrincipalKind.API_KEY
    return ToolCaller(
        team_id=principal.team_id,
        project_id=principal.project_id,
        key=shown("key" if is_key else "usr", principal.id),
        user=of("user"),
        session=of("session"),
        agent=principal.agent or of("agent"),
        environment=of("environment"),
    )
