"""Clients that are known by the address of their document."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from integration.identity.oauth.conftest import Program
from mno.identity.oauth.clients.documents import Documents
from mno.identity.oauth.model import MAX_CLIENT_DOCUMENT_BYTES, OauthRefusal
from mno.identity.sign_in.outside.calls import Calls
from mno.platform.egress import Egress
from support.consent import Browser

ADDRESS = "https://app.example.com/client.json"
Site = Callable[[httpx.Request], httpx.Response]


def right(**changes: Any) -> dict[str, Any]:
    return {"client_id": ADDRESS, "client_name": "App", "redirect_uris": ["http://localhost/cb"], **changes}


def documents_at(site: Site) -> Documents:
    """Over a site of somebody else's that answers so."""
    return Documents(Calls(httpx.AsyncClient(transport=httpx.MockTransport(site))))


async def test_a_document_is_read_once_and_believed_for_minutes() -> None:
    asked = []

    def site(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=right())

    documents = documents_at(site)
    for _ in range(3):
        client = await documents.client(ADDRESS)
    assert (client.name, client.redirect_uris, client.secret) == ("App", ("http://localhost/cb",), b"")
    assert asked == [ADDRESS]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json=right(client_id="https://app.example.com/other.json")),
        httpx.Response(200, json=right(redirect_uris=["javascript:alert(1)"])),
        httpx.Response(200, json=right(token_endpoint_auth_method="private_key_jwt")),
        httpx.Response(200, json=right(client_secret="hidden in the open")),
        httpx.Response(200, json=right(client_name="x" * MAX_CLIENT_DOCUMENT_BYTES)),
        httpx.Response(200, json=[right()]),
        httpx.Response(200, text="<html>"),
        httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
        httpx.Response(404),
        httpx.Response(503),
    ],
)
async def test_a_document_that_is_wrong_names_no_client(answer: httpx.Response) -> None:
    with pytest.raises(OauthRefusal):
        await documents_at(lambda request: answer).client(ADDRESS)


async def test_a_site_that_does_not_answer_is_no_client() -> None:
    def site(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    with pytest.raises(OauthRefusal):
        await documents_at(site).client(ADDRESS)


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
async def test_the_hub_is_not_sent_into_its_own_network(inside: str) -> None:
    egress = Egress(resolve=lambda host, port: [inside])
    async with egress.client() as http:
        with pytest.raises(OauthRefusal, match="not a public address"):
            await Documents(Calls(http)).client(ADDRESS)


async def test_a_person_is_told_that_such_a_client_is_refused(owner: Browser, program: Program) -> None:
    answer = await owner.look(program.asks(client_id="https://127.0.0.1/client.json"))
    assert answer.status_code == 400
    assert "not a public address" in answer.json()["detail"]
    # and nobody else makes the hub fetch anything
    answer = await program.http.get("/api/oauth/authorization", params={"client_id": "https://127.0.0.1/client.json"})
    assert answer.status_code == 401
