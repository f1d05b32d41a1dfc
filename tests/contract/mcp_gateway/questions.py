"""Tools and a prompt of the suite that ask by an input-required result, as the era without sessions has it."""

from typing import Any

import mcp_types as types
from mcp.server.mcpserver import Context, MCPServer

Asked = types.InputRequiredResult

#: The schema that the scenario `json-schema-2020-12` wants to see unchanged.
SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def add_to(server: MCPServer) -> None:
    _add_single_questions(server)
    _add_states(server)
    _add_prompt(server)


def form(message: str, name: str, kind: str = "string") -> types.ElicitRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(text: str, max_tokens: int = 100) -> types.CreateMessageRequest:
    message = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=text))
    return types.CreateMessageRequest(
        params=types.CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )


def answered(ctx: Context, key: str) -> Any:
    """What the client answered to this question; None where it did not."""
    return (ctx.input_responses or {}).get(key)


def content_of(ctx: Context, key: str) -> dict[str, Any] | None:
    """What the user filled in."""
    found = answered(ctx, key)
    if isinstance(found, types.ElicitResult) and found.action == "accept":
        return dict(found.content or {})
    return None


def _add_single_questions(server: MCPServer) -> None:
    @server.tool()
    async def test_input_required_result_elicitation(ctx: Context) -> str | Asked:
        """Asks the user's name."""
        found = content_of(ctx, "user_name")
        if found is None or "name" not in found:
            return Asked(input_requests={"user_name": form("What is your name?", "name")})
        return f"Hello, {found['name']}!"

    @server.tool()
    async def test_streaming_elicitation(ctx: Context) -> str | Asked:
        """The same, for a client that watches the stream."""
        return Asked(input_requests={"user_name": form("What is your name?", "name")})

    @server.tool()
    async def test_input_required_result_sampling(ctx: Context) -> str | Asked:
        """Asks the client's model."""
        found = answered(ctx, "capital_question")
        if found is None:
            return Asked(input_requests={"capital_question": sampling("What is the capital of France?")})
        return f"The model says: {found.content.text}"

    @server.tool()
    async def test_input_required_result_list_roots(ctx: Context) -> str | Asked:
        """Asks for the client's roots."""
        found = answered(ctx, "client_roots")
        if found is None:
            return Asked(input_requests={"client_roots": types.ListRootsRequest()})
        return "Roots: " + ", ".join(str(root.uri) for root in found.roots)

    @server.tool()
    async def test_input_required_result_capabilities(ctx: Context) -> str | Asked:
        """Asks only what the client says that it can answer."""
        declared = ctx.client_capabilities
        questions: types.InputRequests = {}
        if declared is not None and declared.sampling is not None:
            questions["sampled"] = sampling("Say hello")
        if declared is not None and declared.elicitation is not None:
            questions["elicited"] = form("Say hello", "hello")
        if not questions or ctx.input_responses:
            return "nothing to ask"
        return Asked(input_requests=questions)


def _add_states(server: MCPServer) -> None:
    @server.tool()
    async def test_input_required_result_request_state(ctx: Context) -> str | Asked:
        """Asks for a confirmation, and gives a state along."""
        if ctx.request_state is None or content_of(ctx, "confirm") is None:
            return Asked(input_requests={"confirm": form("Please confirm", "ok", "boolean")}, request_state="asked")
        return "state-ok"

    @server.tool()
    async def test_input_required_result_tampered_state(ctx: Context) -> str | Asked:
        """The same; the SDK signs states and refuses what it did not sign."""
        if ctx.request_state is None or content_of(ctx, "confirm") is None:
            return Asked(input_requests={"confirm": form("Please confirm", "ok", "boolean")}, request_state="asked")
        return "state-ok"

    @server.tool()
    async def test_input_required_result_multiple_inputs(ctx: Context) -> str | Asked:
        """Asks three things at once."""
        if not {"user_name", "greeting", "client_roots"} <= (ctx.input_responses or {}).keys():
            questions: types.InputRequests = {
                "user_name": form("What is your name?", "name"),
                "greeting": sampling("Generate a greeting", 50),
                "client_roots": types.ListRootsRequest(),
            }
            return Asked(input_requests=questions, request_state="three")
        return "all three answered"

    @server.tool()
    async def test_input_required_result_multi_round(ctx: Context) -> str | Asked:
        """Asks twice, one after the other."""
        first, second = content_of(ctx, "step1"), content_of(ctx, "step2")
        if ctx.request_state is None or (ctx.request_state == "first" and first is None):
            return Asked(input_requests={"step1": form("Step 1: your name?", "name")}, request_state="first")
        if ctx.request_state == "first" or second is None:
            return Asked(input_requests={"step2": form("Step 2: your colour?", "color")}, request_state="second")
        return f"It is {second['color']}."


def _add_prompt(server: MCPServer) -> None:
    @server.prompt()
    async def test_input_required_result_prompt(ctx: Context) -> str | Asked:
        """Asks for the context."""
        found = content_of(ctx, "user_context")
        if found is None:
            return Asked(input_requests={"user_context": form("What context should it use?", "context")})
        return f"In the context of {found['context']}."
