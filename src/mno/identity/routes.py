"""Sign-in by link and sessions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from mno.identity.model import SESSION_LIFETIME
from mno.identity.schemas import (
    LinkShape,
    SessionShape,
)
from mno.identity.service import Identity
from mno.platform.errors import Unauthenticated
from mno.platform.http.gate import SESSION_COOKIE, authenticated, requires
from mno.platform.principal import Principal

AnyCaller = Annotated[Principal, Depends(authenticated)]
KeyWriter = Annotated[Principal, Depends(requires("keys.write"))]

_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>MachineNativeOps</title>
<body style="font-family: system-ui; margin: 4rem auto; max-width: 36rem; line-height: 1.5">
<h1>Not signed in</h1><p>{reason}</p>"""


def router(identity: Identity) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["identity"])

    @routes.get("/auth/link", response_class=RedirectResponse, status_code=303)
    async def sign_in(request: Request, token: Annotated[str, Query(max_length=200)]) -> Response:
        """Spends a one-time link: sets the session cookie and goes to `/`; 401 for a used or expired link."""
        try:
            session = await identity.sign_in(token)
        except Unauthenticated as refusal:
            if "text/html" not in request.headers.get("accept", ""):
                raise
            return HTMLResponse(_REFUSED.format(reason=refusal), status_code=401)
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(
            SESSION_COOKIE,
            session,
            max_age=int(SESSION_LIFETIME.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    @routes.post("/auth/link", status_code=201)
    async def create_link(writer: KeyWriter, request: Request) -> LinkShape:
        """A link that signs its first visitor in as the owner, once, within an hour."""
        token = await identity.create_link(writer)
        return LinkShape(url=f"{request.base_url}api/auth/link?token={token}")

    @routes.get("/auth/session")
    async def session(caller: AnyCaller) -> SessionShape:
        """Who is asking, in which team and project, with which permissions."""
        user, team, project = await identity.about(caller)
        return SessionShape.of(user, team, project, caller.permissions)

    @routes.delete("/auth/session", status_code=204)
    async def sign_out(_: AnyCaller, request: Request) -> Response:
        """Ends the session of the cookie."""
        await identity.sign_out(request.cookies.get(SESSION_COOKIE, ""))
        answer = Response(status_code=204)
        answer.delete_cookie(SESSION_COOKIE)
        return answer

    return routes
