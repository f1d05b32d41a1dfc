"""The hub's own tools in the words of the protocol: definitions out of declarations, results out of answers. Pure."""

from typing import Any

from pydantic import BaseModel, ValidationError

from mno.mcp_gateway.protocol import message
from mno.platform.errors import Invalid
from mno.platform.hub_tools import HubServer, HubTool

#: What is told of one call's arguments.
MAX_FAULTS_TOLD = 10


def full_name(server: str, tool: str) -> str:
    """As the tool is called at its own server, `logs.publish`; in the list of all it is `logs_publish`."""
    return f"{server}.{tool}"


def definition(server: HubServer, tool: HubTool[Any, Any]) -> dict[str, Any]:
    """As it stands in a list."""
    return {
        "name": full_name(server.name, tool.name),
        "description": tool.description,
        "inputSchema": _schema(tool.wish, "validation"),
        "outputSchema": _schema(tool.result, "serialization"),
        "annotations": {
            "readOnlyHint": tool.reads,
            "destructiveHint": tool.destroys,
            "idempotentHint": tool.idempotent,
            "openWorldHint": False,
        },
    }


def wish_of(tool: HubTool[Any, Any], arguments: message.Raw | None) -> BaseModel:
    """The arguments, checked; `Invalid` with each fault and its place."""
    try:
        found: BaseModel = tool.wish.model_validate_json(bytes(arguments) if arguments is not None else b"{}")
    except ValidationError as error:
        faults = [f"/{'/'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:MAX_FAULTS_TOLD]]
        raise Invalid("The arguments do not fit the tool: " + "; ".join(faults)) from None
    return found


def answered(tool: HubTool[Any, Any], result: BaseModel) -> bytes:
    """The result of a call: the whole of it for programs, a few words for readers."""
    whole = result.model_dump_json(by_alias=True).encode()
    content = [{"type": "text", "text": tool.told(result)}]
    return message.encoded({"content": content, "structuredContent": message.Raw(whole), "isError": False})


def failed(text: str) -> bytes:
    """The result of a call that could not be done as it was asked."""
    return message.encoded({"content": [{"type": "text", "text": text}], "isError": True})


def _schema(model: type[BaseModel], mode: Any) -> dict[str, Any]:
    found = model.model_json_schema(mode=mode)
    found.pop("title", None)
    return {"type": "object", "properties": {}, **found}
