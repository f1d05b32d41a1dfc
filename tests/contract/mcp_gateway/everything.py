"""The server that the official conformance suite wants to meet: its tools, resources and prompts have the names and do
what the descriptions of its scenarios say. Made with the official SDK, so it speaks both eras.
"""

import base64
import json
from typing import Annotated, Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, Field, WithJsonSchema

from contract.mcp_gateway import questions

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
_SILENCE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="


def everything() -> MCPServer:
    """A new server, nobody subscribed and no level set."""
    server = MCPServer("everything")
    _add_contents(server)
    _add_notifying_tools(server)
    _add_asking_tools(server)
    _add_resources(server)
    _add_prompts(server)
    _add_older_methods(server)
    questions.add_to(server)
    return server


def _image() -> types.ImageContent:
    return types.ImageContent(type="image", data=_PIXEL, mime_type="image/png")


def _embedded(uri: str, text: str, mime_type: str = "text/plain") -> types.EmbeddedResource:
    resource = types.TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return types.EmbeddedResource(type="resource", resource=resource)


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)


def _add_contents(server: MCPServer) -> None:
    @server.tool()
    def test_simple_text() -> str:
        """Answers with a text."""
        return "This is a simple text response for testing."

    @server.tool()
    def test_image_content() -> list[types.ImageContent]:
        """Answers with an image."""
        return [_image()]

    @server.tool()
    def test_audio_content() -> list[types.AudioContent]:
        """Answers with a sound."""
        return [types.AudioContent(type="audio", data=_SILENCE, mime_type="audio/wav")]

    @server.tool()
    def test_embedded_resource() -> list[types.EmbeddedResource]:
        """Answers with a resource."""
        return [_embedded("test://embedded-resource", "This is an embedded resource content.")]

    @server.tool()
    def test_multiple_content_types() -> list[types.TextContent | types.ImageContent | types.EmbeddedResource]:
        """Answers with three kinds of content."""
        mixed = _embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
        return [_text("Multiple content types test:"), _image(), mixed]

    @server.tool()
    def test_error_handling() -> str:
        """Always fails."""
        raise ValueError("This tool intentionally returns an error for testing")

    @server.tool()
    def test_missing_capability(ctx: Context) -> str:
        """Wants a client that lets servers sample."""
        capabilities = ctx.client_capabilities
        if capabilities is None or capabilities.sampling is None:
            needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "It needs sampling.", needed)
        return "sampling is there"

    @server.tool()
    def json_schema_2020_12_tool(
        name: Annotated[str | None, WithJsonSchema({"type": "string"})] = None,
    ) -> str:
        """Has a schema with what is new in 2020-12."""
        return f"Hello, {name}."

    @server.tool()
    def test_custom_headers(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
        """Wants its argument in a header too."""
        return f"It is {region}."

    # the schema itself, because no signature says it
    tool = server._tool_manager.get_tool("json_schema_2020_12_tool")
    assert tool is not None
    tool.parameters = questions.SCHEMA_2020_12


def _add_notifying_tools(server: MCPServer) -> None:
    @server.tool()
    async def test_tool_with_logging(ctx: Context) -> str:
        """Logs three lines."""
        for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(line)
        return "logged"

    @server.tool()
    async def test_logging_tool(ctx: Context) -> str:
        """Logs a line, for whoever asked for lines."""
        await ctx.info("A line of the tool")
        return "logged"

    @server.tool()
    async def test_tool_with_progress(ctx: Context) -> str:
        """Tells how far it is."""
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100, f"Completed step {done} of 100")
        meta = ctx.request_context.meta
        return str((meta or {}).get("progressToken", "no token"))

    @server.tool()
    async def test_trigger_tool_change(ctx: Context) -> str:
        """Says that the list of tools has changed."""
        await ctx.notify_tools_changed()
        return "told"

    @server.tool()
    async def test_trigger_prompt_change(ctx: Context) -> str:
        """Says that the list of prompts has changed."""
        await ctx.notify_prompts_changed()
        return "told"


class _Answer(BaseModel):
    username: str = Field(description="Who you are")
    email: str = Field(description="Where you are reached")


class _Defaults(BaseModel):
    name: str = Field(default="John Doe")
    age: int = Field(default=30)
    score: float = Field(default=95.5)
    status: str = Field(default="active", json_schema_extra={"enum": ["active", "inactive", "pending"]})
    verified: bool = Field(default=True)


_TITLED: list[Any] = [{"const": f"value{n}", "title": f"Choice {n}"} for n in (1, 2, 3)]
_OPTIONS: list[Any] = ["option1", "option2", "option3"]


class _Enums(BaseModel):
    untitledSingle: str = Field(json_schema_extra={"enum": list(_OPTIONS)})  # noqa: N815 - the suite's names
    titledSingle: str = Field(json_schema_extra={"oneOf": list(_TITLED)})  # noqa: N815
    legacyEnum: str = Field(  # noqa: N815
        json_schema_extra={"enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"]}
    )
    untitledMulti: list[str] = Field(  # noqa: N815
        json_schema_extra={"items": {"type": "string", "enum": list(_OPTIONS)}}
    )
    titledMulti: list[str] = Field(json_schema_extra={"items": {"anyOf": list(_TITLED)}})  # noqa: N815


def _add_asking_tools(server: MCPServer) -> None:
    """Tools that ask the client while they run, as the older era has it."""

    @server.tool()
    async def test_sampling(prompt: str, ctx: Context) -> str:
        """Asks the client's model."""
        message = types.SamplingMessage(role="user", content=_text(prompt))
        found = await ctx.session.create_message(messages=[message], max_tokens=100, related_request_id=ctx.request_id)
        return f"LLM response: {found.content.text if found.content.type == 'text' else found.content.type}"

    async def elicited(ctx: Context, message: str, schema: type[BaseModel]) -> str:
        found = await ctx.elicit(message, schema)
        content = found.data.model_dump_json() if found.action == "accept" else "{}"
        return f"action={found.action}, content={content}"

    @server.tool()
    async def test_elicitation(message: str, ctx: Context) -> str:
        """Asks the user something."""
        return "User response: " + await elicited(ctx, message, _Answer)

    @server.tool()
    async def test_elicitation_sep1034_defaults(ctx: Context) -> str:
        """Asks with defaults of every kind."""
        return "Elicitation completed: " + await elicited(ctx, "Please review the defaults", _Defaults)

    @server.tool()
    async def test_elicitation_sep1330_enums(ctx: Context) -> str:
        """Asks with choices of every kind."""
        return "Elicitation completed: " + await elicited(ctx, "Please choose", _Enums)

    @server.tool()
    async def test_client_elicitation_defaults(ctx: Context) -> str:
        """The same as above, by another name."""
        return "Elicitation completed: " + await elicited(ctx, "Please review the defaults", _Defaults)


def _add_resources(server: MCPServer) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        """A text."""
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        """An image."""
        return base64.b64decode(_PIXEL)

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002 - the suite's name
        """A text for each id."""
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        """A text to subscribe to."""
        return "Watched resource content"


def _add_prompts(server: MCPServer) -> None:
    @server.prompt()
    def test_simple_prompt() -> str:
        """No arguments."""
        return "This is a simple prompt for testing."

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        """Two arguments."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - the suite's name
        """A resource and a text."""
        resource = _embedded(resourceUri, "Embedded resource content for testing.")
        return [UserMessage(resource), UserMessage("Please process the embedded resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        """An image and a text."""
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]
    async def complete(ref: Any, argument: types.CompletionArgument, context: Any) -> types.Completion:
        values = [f"{argument.value}{end}" for end in ("", "ing", "ed")]
        return types.Completion(values=values, total=len(values), has_more=False)


def _add_older_methods(server: MCPServer) -> None:
    """What the newer era has no more, and `MCPServer` no words for."""

    async def nothing(ctx: ServerRequestContext[Any, Any], params: Any) -> types.EmptyResult:
        return types.EmptyResult()

    lowest = server._lowlevel_server
    lowest.add_request_handler("logging/setLevel", types.SetLevelRequestParams, nothing)
    lowest.add_request_handler("resources/subscribe", types.SubscribeRequestParams, nothing)
    lowest.add_request_handler("resources/unsubscribe", types.UnsubscribeRequestParams, nothing)
