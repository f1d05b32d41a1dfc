"""Invitations over HTTP: those of a team, and the two public doors for whoever holds a link."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from mno.identity.sign_in import answers
from mno.identity.sign_in.answers import Front
from mno.identity.teams.invitations.service import Bases, Invitations
from mno.identity.teams.routes import Cursor, Limit
from mno.identity.teams.schemas import (
    Acceptance,
    AcceptedShape,
    InvitationList,
    InvitationShape,
    InvitationWish,
    OfferShape,
    SentInvitationShape,
)
from mno.platform import clock, origin
from mno.platform.errors import Unauthenticated
from mno.platform.http.gate import SESSION_COOKIE, authenticated, requires
from mno.platform.ids import parsed, shown
from mno.platform.principal import Principal, PrincipalKind

Inviter = Annotated[Principal, Depends(requires("members.write"))]
MemberReader = Annotated[Principal, Depends(requires("members.read"))]


def router(invitations: Invitations, front: Front) -> APIRouter:
    routes = APIRouter(prefix="/api/invitations", tags=["invitations"])
    _team_routes(routes, invitations, front)
    _public_routes(routes, invitations)
    return routes


def _team_routes(routes: APIRouter, invitations: Invitations, front: Front) -> None:
    def bases(request: Request) -> Bases:
        return Bases(shown=front.base_url(request), mailed=front.links_url)

    @routes.get("")
    async def list_invitations(reader: MemberReader, cursor: Cursor = None, limit: Limit = 100) -> InvitationList:
        """The team's invitations, the newest first, whatever became of them."""
        items, following = await invitations.page(reader, cursor=cursor, limit=limit)
        now = clock.now()
        return InvitationList(items=[InvitationShape.of(item, now) for item in items], next_cursor=following)

    @routes.post("", status_code=201)
    async def invite(inviter: Inviter, wish: InvitationWish, request: Request) -> SentInvitationShape:
        """Invites an address to a role, by e-mail where a mail server is set; else the answer holds the link, once."""
        made, link = await invitations.create(
            inviter,
            wish.email,
            parsed("role", wish.role_id),
            parsed("prj", wish.project_id) if wish.project_id else None,
            bases=bases(request),
        )
        return SentInvitationShape.of_sent(made, link, clock.now())

    @routes.post("/{invitation_id}/resend")
    async def resend(inviter: Inviter, invitation_id: str, request: Request) -> SentInvitationShape:
        """Another link with the whole time again; the one before works no more."""
        made, link = await invitations.resend(inviter, parsed("inv", invitation_id), bases=bases(request))
        return SentInvitationShape.of_sent(made, link, clock.now())

    @routes.delete("/{invitation_id}", status_code=204)
    async def revoke(inviter: Inviter, invitation_id: str) -> None:
        """Withdraws an invitation; its link works no more."""
        await invitations.revoke(inviter, parsed("inv", invitation_id))


def _public_routes(routes: APIRouter, invitations: Invitations) -> None:
    @routes.get("/offer")
    async def offer(token: Annotated[str, Query(min_length=1, max_length=200)], request: Request) -> OfferShape:
        """What the link offers, for whoever holds it; at most 30 questions a minute from one address."""
        invitations.pace.count(_address(request))
        return OfferShape.of(await invitations.offer(token))

    @routes.post("/accept", dependencies=[Depends(answers.from_our_pages)])
    async def accept(wish: Acceptance, request: Request, response: Response) -> AcceptedShape:
        """Spends the link. A signed-in caller joins with their account, which must have the invited address; others
        set up a new account, and are signed in.
        """
        invitations.pace.count(_address(request))
        accepted = await invitations.accept(
            wish.token, name=wish.name, password=wish.password or None, session=await _session(request)
        )
        if accepted.opened is not None:
            answers.with_sign_in(response, request, accepted.opened)
        return AcceptedShape(
            user_id=shown("usr", accepted.user_id),
            team_id=shown("team", accepted.team_id),
            project_id=shown("prj", accepted.project_id),
            signed_in=accepted.opened is not None,
        )


def _address(request: Request) -> str:
    return origin.current().address or (request.client.host if request.client else "")


async def _session(request: Request) -> Principal | None:
    """Who is signed in in this browser; an API key is nobody here, and an ended session neither."""
    if SESSION_COOKIE not in request.cookies or "authorization" in request.headers:
        return None
    try:
        caller = await authenticated(request)
    except Unauthenticated:
        return None
    return caller if caller.kind is PrincipalKind.USER else None
