"""Connecting MCP servers over HTTP, and what the hub says about itself as a client."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from mno.identity.sign_in import answers
from mno.identity.sign_in.answers import Front
from mno.mcp_gateway.credentials.authorities import document_of
from mno.mcp_gateway.credentials.schemas import ConnectAnswer, ConnectWish, McpConnectionShape, OwnCredentialWish
from mno.mcp_gateway.credentials.service import Connections
from mno.platform.errors import MnoError
from mno.platform.http.gate import requires
from mno.platform.http.problems import status_of, tell_refusal
from mno.platform.ids import parsed
from mno.platform.principal import Principal

ToolUser = Annotated[Principal, Depends(requires("mcp.call"))]
Person = Annotated[Principal, Depends(answers.signed_in)]
Text = Annotated[str, Query(max_length=4000)]


def router(connections: Connections, front: Front) -> APIRouter:
    routes = APIRouter(tags=["mcp"])

    @routes.get("/api/mcp/registry/{server_id}/credential")
    async def mcp_credential(user: ToolUser, server_id: str) -> McpConnectionShape:
        """Whether a server is connected for the caller: by their own credential, or by the team's."""
        return McpConnectionShape.of(*await connections.standing(user, parsed("mcs", server_id)))

    @routes.put("/api/mcp/registry/{server_id}/credential", status_code=204)
    async def bring_mcp_credential(user: ToolUser, server_id: str, wish: OwnCredentialWish) -> None:
        """Keeps the person's own credential, for a server where each brings theirs."""
        await connections.bring(user, parsed("mcs", server_id), wish.credential)

    @routes.delete("/api/mcp/registry/{server_id}/credential", status_code=204)
    async def take_mcp_credential_back(user: ToolUser, server_id: str) -> None:
        """Forgets the person's own credential, or (with mcp.write) the team's connection."""
        await connections.take_back(user, parsed("mcs", server_id))

    @routes.post("/api/mcp/registry/{server_id}/connect")
    async def connect_mcp_server(
        person: Person, _: ToolUser, request: Request, server_id: str, wish: ConnectWish
    ) -> ConnectAnswer:
        """Begins to connect a server by consent at its authorization server; needs mcp.write where it is the team's."""
        location = await connections.begin(person, parsed("mcs", server_id), front.base_url(request), wish.return_to)
        return ConnectAnswer(location=location)

    @routes.get("/oauth/callback", response_class=RedirectResponse, status_code=303)
    async def mcp_server_connected(
        person: Person,
        request: Request,
        state: Text = "",
        code: Text = "",
        iss: Annotated[str | None, Query(max_length=2000)] = None,
        error: Text = "",
    ) -> Response:
        """Where an authorization server sends the browser back to: keeps what it gives, and goes on."""
        try:
            return RedirectResponse(await connections.complete(person, state, code, iss, error), status_code=303)
        except MnoError as refusal:
            if not answers.wants_page(request):
                raise
            await tell_refusal(request, refusal)
            return answers.refusal_page(refusal, status_of(refusal), "Not connected")

    @routes.get("/oauth/client.json")
    async def client_document(request: Request) -> dict[str, Any]:
        """What the hub says about itself where it is a client (client id metadata document)."""
        base_url = front.base_url(request)
        return {"client_id": f"{base_url}/oauth/client.json", **document_of(f"{base_url}/oauth/callback")}

    return routes
