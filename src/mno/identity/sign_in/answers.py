"""Cookies and the like: what the routes of signing in share on their way out and in."""

import html
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, Response

from mno.identity.sign_in.model import CEREMONY_LIFETIME, KNOWN_DEVICE_LIFETIME, SESSION_LIFETIME, SignedIn
from mno.identity.sign_in.passkeys.ceremony import Site, site_of
from mno.identity.sign_in.ports import Preferences
from mno.identity.sign_in.service import Browser
from mno.platform.errors import Denied
from mno.platform.http.gate import SESSION_COOKIE, authenticated
from mno.platform.principal import Principal

DEVICE_COOKIE = "mno_device"
FLOW_COOKIE = "mno_flow"
_HERE = "/api/auth"

_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>MachineNativeOps</title>
<body style="font-family: system-ui; margin: 4rem auto; max-width: 36rem; line-height: 1.5">
<h1>{title}</h1><p>{reason}</p><p><a href="/">Go on</a></p>"""


@dataclass(frozen=True, slots=True)
class Front:
    """How people reach the hub: the public address (empty: as they typed it), and one for links in letters."""

    public_url: str
    links_url: str
    preferences: Preferences

    def base_url(self, request: Request) -> str:
        """Without a slash at its end."""
        return self.public_url or str(request.base_url).rstrip("/")

    def site(self, request: Request) -> Site:
        """For passkeys; `Denied` where the page's address and the setting do not fit."""
        wanted = str(self.preferences.value("security.webauthn_rp_id") or "")
        host = request.headers.get("host", "localhost")
        return site_of(wanted, self.public_url, request.url.scheme, host)


async def signed_in(caller: Annotated[Principal, Depends(authenticated)]) -> Principal:
    """A dependency for what belongs to a person: API keys do not pass (403)."""
    if caller.session_id is None or caller.user_id is None:
        raise Denied("Only a person who is signed in may do this; an API key is not one.")
    return caller


async def from_our_pages(request: Request) -> None:
    """A dependency for public routes that sign in: a browser must send them from a page of ours, so that nobody is
    signed in as somebody else without knowing. Programs that are no browsers name no page.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        ours = site in ("same-origin", "none")
    else:
        ours = origin is None or origin.partition("://")[2] == request.headers.get("host", "")
    if not ours:
        raise Denied("Signing in must come from this server's own pages.")


def browser_of(request: Request) -> Browser:
    return Browser(request.cookies.get(SESSION_COOKIE, ""), request.cookies.get(DEVICE_COOKIE, ""))


def with_session(answer: Response, request: Request, token: str) -> None:
    """Gives the browser its session's secret, out of reach of scripts and of other sites' pages."""
    answer.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def with_sign_in(answer: Response, request: Request, signed: SignedIn) -> None:
    """The same, and one by which the browser is known at its next sign-in."""
    with_session(answer, request, signed.token)
    answer.set_cookie(
        DEVICE_COOKIE,
        signed.device,
        max_age=int(KNOWN_DEVICE_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path=_HERE,
    )


def with_flow(answer: Response, request: Request, flow: str) -> None:
    """Marks the browser that is sent to a provider."""
    answer.set_cookie(
        FLOW_COOKIE,
        flow,
        max_age=int(CEREMONY_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path=_HERE,
    )


def without_session(answer: Response) -> None:
    answer.delete_cookie(SESSION_COOKIE)


def without_flow(answer: Response) -> None:
    answer.delete_cookie(FLOW_COOKIE, path=_HERE)


def wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def refusal_page(reason: object, status: int = 401, title: str = "Not signed in") -> HTMLResponse:
    """For browsers that followed a link: the reason as a page."""
    page = _REFUSED.format(title=html.escape(title), reason=html.escape(str(reason)))
    return HTMLResponse(page, status_code=status)
