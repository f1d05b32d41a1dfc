"""GitHub as its client sees it: OAuth with state and PKCE, then who it is and which address is verified.

Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from mno.identity.sign_in.outside.calls import Calls
from mno.identity.sign_in.outside.model import GITHUB, Arrival
from mno.identity.sign_in.outside.oidc import Asked, challenge_of
from mno.platform.errors import Invalid, Unauthenticated

_SCOPES = "read:user user:email"


@dataclass(frozen=True, slots=True)
class GithubApp:
    """The OAuth app; `url` and `api_url` differ for GitHub Enterprise Server."""

    client_id: str
    client_secret: str
    url: str
    api_url: str


def address(app: GithubApp, state: str, asked: Asked) -> str:
    """Where the browser goes to sign in."""
    query = urlencode(
        {
            "client_id": app.client_id,
            "redirect_uri": asked.redirect_uri,
            "scope": _SCOPES,
            "state": state,
            "allow_signup": "false",
            "code_challenge": challenge_of(asked.verifier),
            "code_challenge_method": "S256",
        }
    )
    return f"{app.url.rstrip('/')}/login/oauth/authorize?{query}"


async def arrival(calls: Calls, app: GithubApp, code: str, asked: Asked) -> Arrival:
    """Whom GitHub sent, from its code; the address is the primary one, if it is verified."""
    form = {
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "code": code,
        "redirect_uri": asked.redirect_uri,
        "code_verifier": asked.verifier,
    }
    try:
        answer = await calls.post(f"{app.url.rstrip('/')}/login/oauth/access_token", form)
    except Invalid as refusal:
        raise Unauthenticated(f"GitHub did not accept its own code: {refusal}") from None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        # GitHub tells of errors with status 200
        word = str(answer.get("error", "no token"))[:80] if isinstance(answer, dict) else "no token"
        raise Unauthenticated(f"GitHub did not accept its own code ({word}).")
    headers = {"authorization": f"Bearer {token}", "x-github-api-version": "2022-11-28"}
    api = app.api_url.rstrip("/")
    user = await calls.get(f"{api}/user", headers)
    if not isinstance(user, dict) or not isinstance(user.get("id"), int):
        raise Unauthenticated("GitHub does not say who this is.")
    emails = await calls.get(f"{api}/user/emails", headers)
    return Arrival(GITHUB, str(user["id"]), _verified(emails), str(user.get("name") or user.get("login") or "")[:120])


def _verified(emails: Any) -> str:
    for one in emails if isinstance(emails, list) else []:
        if isinstance(one, dict) and one.get("primary") is True and one.get("verified") is True:
            return str(one.get("email") or "")
    return ""
