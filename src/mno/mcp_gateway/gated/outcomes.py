"""What a client hears of a call that waits or waited: a response of the protocol, or an error."""

from mno.mcp_gateway.gated.model import GatedCall, GatedState
from mno.mcp_gateway.gated.rules import state_of
from mno.mcp_gateway.protocol import message
from mno.mcp_gateway.protocol.message import Object, Raw
from mno.mcp_gateway.protocol.question import ServerTrouble
from mno.platform.errors import Denied, TooLarge
from mno.platform.ids import shown
from mno.platform.time_range import shown as shown_time


def waiting(call: GatedCall, *, is_modern: bool) -> Object:
    """Of a call that is not over. A client of the newer era comes back by itself with the state that it is given; of
    the older one the model reads what to do.
    """
    if is_modern:
        return {"result": Raw(message.encoded({"resultType": "input_required", "requestState": state_of(call)}))}
    text = (
        f"This call waits for approval ({shown('apr', call.id)}) until {shown_time(call.expires_at)}. It has not been"
        " made yet. Call the tool again with the same arguments to get its result."
    )
    about = {"id": shown("apr", call.id), "state": call.state.value, "expires_at": shown_time(call.expires_at)}
    result = {"content": [{"type": "text", "text": text}], "isError": True, "_meta": {"mno/approval": about}}
    return {"result": Raw(message.encoded(result))}


def over(call: GatedCall, response: bytes | None) -> Object:
    """Of a call that is over: what its server answered. `Denied` where it was refused, `ServerTrouble` where it failed
    or nobody knows, `TooLarge` where the answer was too large to keep.
    """
    if response is not None:
        return message.object_of(response)
    name = f"'{call.tool}' of '{call.server}' ({shown('apr', call.id)})"
    match call.state:
        case GatedState.REFUSED:
            raise Denied(f"The call of {name} was not approved. {call.note}")
        case GatedState.DONE:
            raise TooLarge(f"The call of {name} was made. {call.note}")
        case GatedState.UNKNOWN:
            raise ServerTrouble(
                f"It is not known whether the call of {name} was carried out, and it is not tried again. {call.note}"
            )
    raise ServerTrouble(f"The call of {name} was approved and failed. {call.note}")
