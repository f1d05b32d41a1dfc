"""Sessions and the one-time link over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from mno.identity.sign_in import answers
from mno.identity.sign_in.answers import Front
from mno.identity.sign_in.schemas import Ended, LinkShape, ListedSession, SessionList, SessionShape, SwitchWish
from mno.identity.sign_in.sessions.service import Sessions
from mno.platform.errors import Unauthenticated
from mno.platform.http.gate import authenticated, requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.verification import freshly_verified

AnyCaller = Annotated[Principal, Depends(authenticated)]
Person = Annotated[Principal, Depends(answers.signed_in)]
HubAdministrator = Annotated[Principal, Depends(requires("hub.settings.write"))]


def router(sessions: Sessions, front: Front) -> APIRouter:
    routes = APIRouter(prefix="/api/auth", tags=["sign-in"])

    @routes.get("/link", response_class=RedirectResponse, status_code=303)
    async def sign_in(request: Request, token: Annotated[str, Query(max_length=200)]) -> Response:
        """Spends a one-time link: sets the session cookie and goes to `/`; 401 for a used or expired link."""
        try:
            signed = await sessions.spend_link(token, answers.browser_of(request).session)
        except Unauthenticated as refusal:
            if not answers.wants_page(request):
                raise
            return answers.refusal_page(refusal)
        answer = RedirectResponse("/", status_code=303)
        answers.with_sign_in(answer, request, signed)
        return answer

    @routes.post("/link", status_code=201)
    async def create_link(administrator: HubAdministrator, request: Request) -> LinkShape:
        """A link that signs its first visitor in as the team's owner, once, within an hour. Whoever opens it may what
        that person may in every team, so it is for `mno link` and for administrators of the hub, who have shown a
        second factor just now.
        """
        if administrator.kind is PrincipalKind.USER:
            freshly_verified(administrator)
        token = await sessions.create_link(administrator)
        return LinkShape(url=f"{front.base_url(request)}/api/auth/link?token={token}")

    @routes.get("/session")
    async def session(caller: AnyCaller) -> SessionShape:
        """Who is asking, in which team and project, with which permissions."""
        return SessionShape.of(caller, *await sessions.about(caller))

    @routes.put("/session", status_code=204)
    async def switch(person: Person, request: Request, wish: SwitchWish) -> Response:
        """Goes on in another team or project of the person. The session gets a new secret."""
        team_id = parsed("team", wish.team_id) if wish.team_id else None
        project_id = parsed("prj", wish.project_id) if wish.project_id else None
        answer = Response(status_code=204)
        answers.with_session(answer, request, await sessions.switch(person, team_id, project_id))
        return answer

    @routes.delete("/session", status_code=204)
    async def sign_out(caller: AnyCaller) -> Response:
        """Ends the session of the cookie."""
        await sessions.sign_out(caller)
        answer = Response(status_code=204)
        answers.without_session(answer)
        return answer

    @routes.get("/sessions")
    async def list_sessions(person: Person) -> SessionList:
        """Where the person is signed in, the last seen first."""
        return SessionList(items=[ListedSession.of(one, person) for one in await sessions.of(person)])

    @routes.delete("/sessions")
    async def end_others(person: Person) -> Ended:
        """Ends all sessions of the person but this one, on every node within a second."""
        return Ended(ended=await sessions.end_others(person))

    @routes.delete("/sessions/{session_id}", status_code=204)
    async def end_session(person: Person, session_id: str) -> None:
        """Ends one session of the person, on every node within a second."""
        await sessions.end(person, parsed("ses", session_id))

    return routes
