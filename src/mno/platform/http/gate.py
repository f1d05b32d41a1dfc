"""The gate in front of every route: who is asking, and may they.

A caller shows a session cookie (people) or an API key (programs): as a bearer token, as `x-api-key`, or
as the password of Basic authentication, which is what the Langfuse SDK sends. A route names the permission
it wants and gets the `Principal`:

    SpanReader = Annotated[Principal, Depends(requires("spans.read"))]

A cookie is sent by the browser whatever page asks for it, so with a cookie a changing method must come
from our own pages (`Sec-Fetch-Site`, or `Origin` from browsers without it).
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from fastapi import Request
from starlette.requests import HTTPConnection
from starlette.types import Scope

from mno.platform import origin
from mno.platform.errors import Denied, MnoError, Unauthenticated
from mno.platform.http.door import SiteRules, admits
from mno.platform.permissions import SYSTEMS
from mno.platform.principal import Principal

SESSION_COOKIE = "mno_session"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
#: The permission of every dependency that `requires` and `requires_on_target` made.
_named: WeakKeyDictionary[object, str] = WeakKeyDictionary()


class Authenticator(Protocol):
    """Turns a secret into a principal; raises `Unauthenticated` for one that is not (or no longer) known."""

    async def principal_of_key(self, key: str) -> Principal: ...
    async def principal_of_session(self, token: str) -> Principal: ...


def requires(permission: str, *, below: bool = False) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """A dependency that lets only principals with this permission pass (401, 403). With `below` also those who hold it
    for one agent, tool or task of the project: the service asks the policy about that one.
    """

    async def gate(request: HTTPConnection) -> Principal:
        principal = await authenticated(request)
        return _permitted_here(request, principal, permission, below=below)

    _named[gate] = permission
    return gate


def _permitted_here(request: HTTPConnection, principal: Principal, permission: str, *, below: bool) -> Principal:
    """The principal, or `Denied` that says what it lacks: what is switched off nobody has (see `authenticated`)."""
    if not principal.may(permission):
        rules: SiteRules = request.app.state.site_rules
        for system in rules.switched_off(principal.team_id):
            if permission in SYSTEMS[system]:
                raise Denied(f"This is switched off for the team, by the setting systems.{system}.")
        rights = principal.rights
        if below and rights is not None and rights.may_below(permission, principal.project_id):
            return principal
    return permitted(principal, permission)


def requires_on_target(permission: str) -> Callable[[Request], Awaitable[Principal]]:
    """For a route that names in its path on what it acts (another project, another team): any caller passes here,
    and the service asks the policy for the permission on that target.
    """

    async def gate(request: Request) -> Principal:
        request.state.permission_on_target = permission
        return await authenticated(request)

    _named[gate] = permission
    return gate


def permission_named_by(dependency: object) -> str | None:
    """The permission that a route's dependency asks for; None for any other callable. A test walks all routes."""
    return _named.get(dependency)


async def authenticated(request: HTTPConnection) -> Principal:
    """The caller's principal, whatever it may do; `Unauthenticated` without a valid key or session, `Denied` for
    an address that its team's allow list does not name. What the team has switched off, nobody in it may.
    """
    return _narrowed(request, await _principal(request))


async def admitted_by_key(scope: Scope, key: str, permission: str, *, below: bool = False) -> Principal:
    """For an application of its own beside the routes, which knows where its callers show their key: the same that
    `requires` asks for.
    """
    request = HTTPConnection(scope)
    authenticator: Authenticator = request.app.state.authenticator
    principal = _narrowed(request, await authenticator.principal_of_key(key))
    return _permitted_here(request, principal, permission, below=below)


def _narrowed(request: HTTPConnection, principal: Principal) -> Principal:
    # whoever is refused from here on is refused by name (problems.py)
    request.state.principal = principal
    if not _is_meant(principal.audience, request.scope["path"]):
        raise Unauthenticated(f"This access token is for {principal.audience} and nothing else.")
    require_open(request, principal.team_id)
    rules: SiteRules = request.app.state.site_rules
    systems = rules.switched_off(principal.team_id)
    if not systems:
        return principal
    off = frozenset[str]().union(*(SYSTEMS[system] for system in systems))
    return replace(
        principal, permissions=principal.permissions - off, team_permissions=principal.team_permissions - off
    )


def _is_meant(audience: str, path: str) -> bool:
    return not audience or path == audience or path.startswith(f"{audience}/")


def require_open(request: HTTPConnection, team_id: UUID) -> None:
    """`Denied` for an address that this team's allow list does not name. For a route that acts on another team than
    the caller's, too.
    """
    rules: SiteRules = request.app.state.site_rules
    address = origin.current().address
    if not admits(rules.allowed_networks(team_id), address):
        raise Denied(f"The team is not open to the address {address or 'that you come from'}.")


async def _principal(request: HTTPConnection) -> Principal:
    authenticator: Authenticator = request.app.state.authenticator
    key = key_in(request.headers)
    if key is not None:
        return await authenticator.principal_of_key(key)
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        raise Unauthenticated("Send an API key (Authorization: Bearer mno_…), or sign in.")
    # a WebSocket has no method: any page may open one to us, and would read what we send
    if request.scope.get("method") not in _READING and not _from_our_pages(request):
        raise Denied("A changing request or a WebSocket with a session must come from this server's own pages.")
    return await authenticator.principal_of_session(token)


def permitted(principal: Principal, permission: str) -> Principal:
    """The principal itself, or `Denied` with the name of what it lacks."""
    if not principal.may(permission):
        raise Denied(f"'{principal.name}' may not do this: the permission {permission} is missing.")
    return principal


async def still_permitted(request: HTTPConnection, permission: str) -> bool:
    """Whether an answer that goes on for minutes may go on: asks again what `requires` asked at its beginning.

    False also when nobody can tell at the moment; the caller opens it again and hears why.
    """
    try:
        permitted(await authenticated(request), permission)
    except MnoError:
        return False
    return True


def key_in(headers: Mapping[str, str]) -> str | None:
    """The API key in a request's headers (or gRPC metadata), unchecked; None when there is none."""
    authorization = headers.get("authorization")
    if authorization is None:
        return headers.get("x-api-key")
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            return _password(credentials.strip())
        case _:
            raise Unauthenticated("Authorization must be of the form 'Bearer mno_…' or Basic with the key as password.")


def _password(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthenticated("The Basic authorization is not valid base64 text.") from None
    return decoded.partition(":")[2]


def _from_our_pages(request: HTTPConnection) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return origin.partition("://")[2] == request.headers.get("host", "") != ""
