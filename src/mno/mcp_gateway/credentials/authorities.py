"""The hub as a client: finds the authorization server in front of an address, makes itself known, and fetches tokens.

Everything goes through the guard, and nothing is redirected.
"""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

import mno
from mno.identity.sign_in.outside.calls import PROVIDER_TIMEOUT_S, Calls
from mno.identity.sign_in.outside.oidc import challenge_of
from mno.mcp_gateway.credentials import rules
from mno.mcp_gateway.credentials.model import Authority, Registration
from mno.mcp_gateway.model import Server
from mno.platform.errors import Invalid, MnoError, Unavailable

_PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
_ACCEPT = {"accept": "application/json, text/event-stream", "user-agent": f"mno/{mno.__version__}"}


class Authorities:
    """Over clients whose transport decides which addresses may be reached; each is used for one errand, because errands
    are rare.
    """

    def __init__(self, client: Callable[[], httpx.AsyncClient]) -> None:
        self._client = client

    async def of(self, address: str) -> Authority:
        """Who gives tokens for this address; `Invalid` where that cannot be found out, `Unavailable` where nobody
        answers.
        """
        async with self._client() as client:
            described, wanted = rules.told_by(await _challenge(client, address))
            places = [described] if described else rules.resource_addresses(address)
            document = await _first(Calls(client), places)
            if document is None:
                # before there was such metadata, a server was its own authority
                parts = urlsplit(address)
                issuer, resource, scopes = f"{parts.scheme}://{parts.netloc}", address, ""
            else:
                issuer, resource, scopes = rules.issuer_for(document, address)
            found = await _first(Calls(client), rules.server_addresses(issuer))
        if found is None:
            raise Invalid(f"The authorization server at {issuer[:200]} does not describe itself.")
        return rules.authority_of(found, issuer, resource, wanted or scopes)

    async def known_as(
        self, authority: Authority, server: Server, secret: str, base_url: str
    ) -> tuple[Registration, str]:
        """As whom the hub is known there, and its secret: as the server's entry says, else by its own document, else by
        registering.
        """
        redirect_uri, scopes = f"{base_url}/oauth/callback", server.oauth_scopes or authority.scopes
        if server.oauth_client_id:
            client_id = server.oauth_client_id
            method = rules.auth_method(authority.auth_methods, has_secret=bool(secret))
        elif authority.takes_documents and base_url.startswith("https://"):
            client_id, secret, method = f"{base_url}/oauth/client.json", "", "none"
        elif authority.registration_endpoint:
            client_id, secret, method = await self._registered(authority, redirect_uri, scopes)
        else:
            raise Invalid("The authorization server wants to know the hub beforehand: enter a client id for it.")
        return Registration(
            authority.issuer,
            authority.authorization_endpoint,
            authority.token_endpoint,
            authority.resource,
            scopes,
            client_id,
            method,
            redirect_uri,
            authority.names_itself,
        ), secret

    async def tokens(self, registration: Registration, secret: str, form: dict[str, str]) -> Any:
        """The answer of the token endpoint; `Invalid` where it refuses, `Unavailable` where nobody answers."""
        # some servers look for the client's id in the form, however it authenticates itself
        sent, headers = {**form, "resource": registration.resource, "client_id": registration.client_id}, {}
        if registration.auth_method == "client_secret_basic":
            pair = f"{quote(registration.client_id, safe='')}:{quote(secret, safe='')}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif registration.auth_method == "client_secret_post":
            sent["client_secret"] = secret
        async with self._client() as client:
            return await Calls(client).post(registration.token_endpoint, sent, headers)

    async def _registered(self, authority: Authority, redirect_uri: str, scopes: str) -> tuple[str, str, str]:
        # a client may be held to the scopes that it registers with
        kind = "web" if redirect_uri.startswith("https://") else "native"
        wish = {**document_of(redirect_uri), "application_type": kind, **({"scope": scopes} if scopes else {})}
        if "none" not in authority.auth_methods:
            wish["token_endpoint_auth_method"] = rules.auth_method(authority.auth_methods, has_secret=True)
        async with self._client() as client:
            answer = await _posted(client, authority.registration_endpoint, wish)
        client_id, secret = answer.get("client_id"), answer.get("client_secret")
        method = answer.get("token_endpoint_auth_method", wish["token_endpoint_auth_method"])
        if not isinstance(client_id, str) or method not in ("none", "client_secret_basic", "client_secret_post"):
            raise Invalid("The authorization server registers the hub in a way that it cannot use.")
        return client_id, secret if isinstance(secret, str) else "", method


async def _posted(client: httpx.AsyncClient, address: str, document: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = await client.post(address, json=document, timeout=PROVIDER_TIMEOUT_S, follow_redirects=False)
        found = answer.json() if answer.is_success and len(answer.content) <= 64 * 1024 else None
    except MnoError:
        raise
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unavailable(f"The authorization server does not answer ({type(error).__name__}).") from None
    if not isinstance(found, dict):
        raise Invalid(f"The authorization server does not register the hub (HTTP {answer.status_code}).")
    return found


async def _challenge(client: httpx.AsyncClient, address: str) -> str:
    """What the server says to whoever shows nothing; empty where it says nothing of the kind."""
    try:
        async with client.stream(
            "POST", address, json=_PING, headers=_ACCEPT, timeout=PROVIDER_TIMEOUT_S, follow_redirects=False
        ) as answer:
            return answer.headers.get("www-authenticate", "") if answer.status_code == 401 else ""
    except MnoError:
        raise
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"The server does not answer ({type(error).__name__}).") from None


async def _first(calls: Calls, places: list[str]) -> dict[str, Any] | None:
    """The first of these documents that is there."""
    for place in places:
        try:
            found = await calls.get(place)
        except Invalid as error:
            if type(error) is not Invalid:  # the guard refuses the address
                raise
            continue
        if isinstance(found, dict):
            return found
    return None


def document_of(redirect_uri: str) -> dict[str, Any]:
    """What the hub says about itself as a client."""
    return {
        "client_name": "MachineNativeOps",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


def authorization_address(registration: Registration, state: str, verifier: str) -> str:
    """Where the browser goes, so that a person may consent."""
    asked = {
        "response_type": "code",
        "client_id": registration.client_id,
        "redirect_uri": registration.redirect_uri,
        "scope": registration.scopes,
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        "resource": registration.resource,
    }
    endpoint = registration.authorization_endpoint
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"
