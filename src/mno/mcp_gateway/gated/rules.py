"""The life of a call that waits for approval, as pure functions: what is the same call, and what each step leads to."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from mno.approvals.model import Approval, State
from mno.mcp_gateway.gated.model import (
    GATED_CALL_LIFETIME,
    MAX_GATED_ARGUMENT_BYTES,
    MAX_GATED_CALL_BYTES,
    MAX_GATED_NOTE_CHARACTERS,
    MAX_IDEMPOTENCY_KEY_CHARACTERS,
    GatedCall,
    GatedState,
)
from mno.mcp_gateway.model import Caps
from mno.mcp_gateway.protocol import answers, message
from mno.mcp_gateway.protocol.message import Header, Object, Raw
from mno.platform.errors import Invalid, TooLarge
from mno.platform.origin import Origin
from mno.platform.redaction import DETECTORS, Rules, redactor

IDEMPOTENCY_HEADER = b"idempotency-key"
IDEMPOTENCY_META = "mno/idempotency-key"
#: With what the state of a call that waits begins, in the newer era.
_STATE = "mno-approval:"
#: What goes on to the server with the call, or says of the caller what the span does.
_KEPT_HEADERS = (b"mcp-param-", b"x-mno-", b"traceparent")


def arguments_of(params: Object) -> dict[str, Any]:
    """`Invalid` for what is no object, `TooLarge` for more than somebody would read."""
    raw = params.get("arguments", Raw(b"{}"))
    if len(bytes(raw)) > MAX_GATED_ARGUMENT_BYTES:
        raise TooLarge(f"A call that waits for approval has {MAX_GATED_ARGUMENT_BYTES} bytes of arguments at most.")
    try:
        found = message.value_of(raw)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Invalid("The arguments of a tool are an object.")
    return found


def kept_params(params: Object) -> Object:
    """What of a request belongs to the call itself, and not to this one try of it."""
    meta = answers.members_of(params.get("_meta", Raw(b"{}")))
    own = {name: value for name, value in meta.items() if name not in ("progressToken", IDEMPOTENCY_META)}
    kept = {name: value for name, value in params.items() if name not in ("_meta", "requestState")}
    kept = {**kept, "_meta": Raw(message.encoded(own))} if own else kept
    if sum(len(bytes(value)) for value in kept.values()) > MAX_GATED_CALL_BYTES:
        raise TooLarge(f"A call that waits for approval has {MAX_GATED_CALL_BYTES} bytes at most.")
    return kept


def digest_of(server_id: UUID, tool: str, arguments: Mapping[str, Any], params: Object) -> str:
    """What makes two calls the same one: not how their arguments are written."""
    said = orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS)
    answered = bytes(params.get("inputResponses", b""))
    return hashlib.sha256(b"\0".join((server_id.bytes, tool.encode(), said, answered))).hexdigest()


def idempotency_key_of(params: Object, headers: Sequence[Header]) -> str:
    """What the client calls this call by; empty where it does not."""
    meta = answers.members_of(params.get("_meta", Raw(b"{}")))
    key = message.text_of(meta.get(IDEMPOTENCY_META))
    if key is None:
        key = next((value.decode("latin-1") for name, value in headers if name == IDEMPOTENCY_HEADER), "")
    if len(key) > MAX_IDEMPOTENCY_KEY_CHARACTERS or not key.isprintable():
        raise Invalid(f"An idempotency key has {MAX_IDEMPOTENCY_KEY_CHARACTERS} printable characters at most.")
    return key


def redacted(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """As people are shown them: what looks like a key, an address or a person's number is replaced."""
    found = orjson.loads(redactor(Rules(DETECTORS)).json(orjson.dumps(arguments).decode()))
    assert isinstance(found, dict)
    return found


def told_of(origin: Origin, headers: Sequence[Header], caps: Caps) -> dict[str, Any]:
    """What the process that carries it out must know of the request."""
    kept = [(name.decode(), value.decode("latin-1")) for name, value in headers if name.startswith(_KEPT_HEADERS)]
    return {
        "trace_id": origin.trace_id,
        "address": origin.address,
        "agent": origin.agent,
        "headers": kept,
        "caps": caps._asdict(),
    }


def origin_of(call: GatedCall) -> Origin:
    return Origin(call.told["address"], call.told["trace_id"], call.told["agent"])


def headers_of(call: GatedCall) -> list[Header]:
    """Without those that mirror arguments, where these were changed."""
    kept = [(name.encode(), value.encode("latin-1")) for name, value in call.told["headers"]]
    return [one for one in kept if not (call.changed and one[0].startswith(b"mcp-param-"))]


def caps_of(call: GatedCall) -> Caps:
    """Without the time, which was that of somebody who waited."""
    caps = call.told["caps"]
    return Caps(**{**caps, "timeout_s": None, "tools": None if caps["tools"] is None else tuple(caps["tools"])})


def state_of(call: GatedCall) -> str:
    """Its request state in the newer era."""
    return f"{_STATE}{call.id.hex}"


def id_in(params: Object) -> UUID | None:
    """The call that a client of the newer era comes back for."""
    state = message.text_of(params.get("requestState"))
    if state is None or not state.startswith(_STATE):
        return None
    try:
        return UUID(hex=state.removeprefix(_STATE))
    except ValueError:
        raise Invalid("The requestState is none of this hub's.") from None


def is_modern(params: Object) -> bool:
    """Whether the request is of the era that has input-required results."""
    return message.VERSION_KEY in answers.members_of(params.get("_meta", Raw(b"{}")))


# — steps —


def decided(call: GatedCall, approval: Approval) -> GatedCall:
    """Of a call that waits, when its request ends."""
    if approval.allowed:
        return replace(call, state=GatedState.APPROVED, remind_at=None)
    return ended(call, GatedState.REFUSED, _refusal(approval), approval.decided_at or approval.expires_at)


def ended(call: GatedCall, state: GatedState, note: str, now: datetime, response: bytes | None = None) -> GatedCall:
    """What was asked for is kept no longer; the outcome for a while."""
    return replace(
        call,
        state=state,
        note=note[:MAX_GATED_NOTE_CHARACTERS],
        params=None,
        response=response,
        remind_at=None,
        lease_until=None,
        ended_at=now,
        forget_at=now + GATED_CALL_LIFETIME,
    )


def _refusal(approval: Approval) -> str:
    match approval.state:
        case State.EXPIRED:
            return approval.note or "Nobody decided in time, which means no."
        case State.WITHDRAWN:
            return f"It was withdrawn. {approval.note}".strip()
    who = ", ".join(vote.name for vote in approval.votes)
    note = approval.votes[-1].note if approval.votes else ""
    return f"{who} refused it{': ' + note if note else '.'}"
