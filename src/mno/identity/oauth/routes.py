"""The authorization server over HTTP: for clients below `/oauth` and `/.well-known`, for people below `/api/oauth`.

`GET /oauth/authorize` is a page of the web application; it asks here what to show, and brings back what was decided.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote_plus

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from mno.identity.oauth import metadata, schemas
from mno.identity.oauth.model import ACCESS_TOKEN_LIFETIME, OauthRefusal
from mno.identity.oauth.rooms import Oauth
from mno.identity.oauth.schemas import (
    AuthorizationQuery,
    AuthorizationShape,
    ConsentAnswer,
    ConsentWish,
    OauthGrantList,
    OauthGrantShape,
)
from mno.identity.oauth.service import digest_of, missing_of
from mno.identity.oauth.tokens.service import CodeExchange, Tokens
from mno.identity.sign_in import answers
from mno.identity.sign_in.answers import Front
from mno.platform import clock
from mno.platform.http.arriving import received
from mno.platform.ids import parsed
from mno.platform.principal import Principal

#: What a client may send to the token endpoint or to register, in bytes.
MAX_OAUTH_BODY_BYTES = 64 * 1024

Person = Annotated[Principal, Depends(answers.signed_in)]
Asking = Annotated[AuthorizationQuery, Query()]

#: What a client asks that is a page of some other origin, such as an inspector: before it has a token, and for one.
OPEN_TO_PAGES = ("/.well-known/oauth-", "/oauth/register", "/oauth/token", "/oauth/revoke")


def router(oauth: Oauth, front: Front) -> APIRouter:
    routes = APIRouter(tags=["oauth"])
    _add_metadata(routes, front)
    _add_clients(routes, oauth, front)
    _add_people(routes, oauth, front)
    return routes


def _add_metadata(routes: APIRouter, front: Front) -> None:
    @routes.get("/.well-known/oauth-authorization-server")
    @routes.get("/.well-known/oauth-authorization-server/mcp", include_in_schema=False)
    @routes.get("/.well-known/oauth-authorization-server/mcp/{server}", include_in_schema=False)
    async def authorization_server(request: Request, server: str = "") -> dict[str, Any]:  # noqa: ARG001 - one for all
        """How clients get access (RFC 8414)."""
        return metadata.authorization_server(front.base_url(request))

    @routes.get("/.well-known/oauth-protected-resource")
    @routes.get("/.well-known/oauth-protected-resource/mcp", include_in_schema=False)
    @routes.get("/.well-known/oauth-protected-resource/mcp/{server}", include_in_schema=False)
    async def protected_resource(request: Request, server: str = "") -> dict[str, Any]:
        """Where clients of `/mcp` get access (RFC 9728). It does not tell whether there is such a server."""
        return metadata.protected_resource(front.base_url(request), server[:80])


def _add_clients(routes: APIRouter, oauth: Oauth, front: Front) -> None:
    @routes.post("/oauth/register", status_code=201)
    async def register_client(request: Request) -> Response:
        """Registers a client (RFC 7591). It may do nothing until a person consents to it."""
        try:
            client, secret = await oauth.clients.register(await _document(request))
        except OauthRefusal as refusal:
            return _refused(refusal)
        return _unkept(schemas.registered(client, secret, clock.now()), 201)

    @routes.post("/oauth/token")
    async def token(request: Request) -> Response:
        """Exchanges a code, or a refresh token, for tokens (RFC 6749, 7636, 8707)."""
        try:
            issued = await _tokens(oauth.tokens, request, front.base_url(request))
        except OauthRefusal as refusal:
            return _refused(refusal)
        return _unkept(issued)

    @routes.post("/oauth/revoke")
    async def revoke_token(request: Request) -> Response:
        """Ends what a token stands for (RFC 7009); the answer is the same for one that nobody knows."""
        try:
            form = await _form(request)
            await oauth.tokens.end(*_client_of(request, form), form.get("token", ""))
        except OauthRefusal as refusal:
            return _refused(refusal)
        return Response(status_code=200, headers={"cache-control": "no-store"})


def _add_people(routes: APIRouter, oauth: Oauth, front: Front) -> None:
    consents = oauth.consents

    @routes.get("/api/oauth/authorization")
    async def look_at_authorization(person: Person, request: Request, query: Asking) -> AuthorizationShape:
        """What a client asks the person for; 400 where nobody knows who asks, or where the answer may go."""
        asked = await consents.look(query.request(), front.base_url(request))
        return AuthorizationShape.of(asked, missing_of(person), digest_of(asked, person))

    @routes.post("/api/oauth/authorization")
    async def decide_authorization(person: Person, request: Request, wish: ConsentWish) -> ConsentAnswer:
        """Allows or refuses what was looked at; the answer is where the browser goes on to."""
        base_url, asked = front.base_url(request), wish.request.request()
        if wish.allow:
            return ConsentAnswer(location=await consents.allow(person, asked, base_url, wish.digest))
        return ConsentAnswer(location=await consents.refuse(person, asked, base_url))

    @routes.get("/api/oauth/grants")
    async def list_oauth_grants(person: Person) -> OauthGrantList:
        """The clients that act for the person, in all teams."""
        return OauthGrantList(items=[OauthGrantShape.of(one) for one in await consents.grants(person)])

    @routes.delete("/api/oauth/grants/{oauth_grant_id}", status_code=204)
    async def revoke_oauth_grant(person: Person, oauth_grant_id: str) -> None:
        """Takes one back: its tokens work no more, on every node within a second."""
        await consents.revoke(person, parsed("oag", oauth_grant_id))


async def _tokens(tokens: Tokens, request: Request, base_url: str) -> dict[str, Any]:
    form = await _form(request)
    client_id, secret = _client_of(request, form)
    match form.get("grant_type", ""):
        case "authorization_code":
            wish = CodeExchange(
                client_id,
                form.get("code", ""),
                form.get("code_verifier", ""),
                form.get("redirect_uri", ""),
                form.get("resource", ""),
            )
            issued = await tokens.exchange(wish, secret, base_url)
        case "refresh_token":
            issued = await tokens.renew(
                client_id,
                secret,
                form.get("refresh_token", ""),
                form.get("scope", ""),
                form.get("resource", ""),
                base_url,
            )
        case _:
            raise OauthRefusal("unsupported_grant_type", "grant_type is authorization_code or refresh_token.")
    return schemas.issued(issued, int(ACCESS_TOKEN_LIFETIME.total_seconds()))


def _client_of(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Who asks, and its secret: by Basic authentication (RFC 6749, 2.3.1), or in the form."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OauthRefusal("invalid_client", "The Basic authorization is not valid base64 text.") from None
    client_id = unquote_plus(name)
    if form.get("client_id", client_id) != client_id:
        raise OauthRefusal("invalid_request", "Two clients are named.")
    return client_id, unquote_plus(secret)


async def _form(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OauthRefusal("invalid_request", "Content-Type must be application/x-www-form-urlencoded.")
    body = await received(request.receive, MAX_OAUTH_BODY_BYTES)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        raise OauthRefusal("invalid_request", "The form cannot be read.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OauthRefusal("invalid_request", "A parameter comes twice.")
    return form


async def _document(request: Request) -> dict[str, Any]:
    try:
        document = orjson.loads(await received(request.receive, MAX_OAUTH_BODY_BYTES))
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise OauthRefusal("invalid_client_metadata", "The body must be a JSON object.")
    return document


def _refused(refusal: OauthRefusal) -> Response:
    """RFC 6749, 5.2."""
    answer = _unkept({"error": refusal.code, "error_description": str(refusal)}, 400)
    if refusal.code == "invalid_client":
        answer.status_code = 401
        answer.headers["www-authenticate"] = 'Basic realm="mno"'
    return answer


def _unkept(body: Mapping[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(body, status, headers={"cache-control": "no-store", "pragma": "no-cache"})
