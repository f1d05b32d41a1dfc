"""Every route of the real application names its permission, or stands on a short list with its reason."""

import re

import httpx
import pytest
from fastapi import FastAPI

from mno.platform.permissions import ALL
from support.routes import entrances

#: Whoever comes may ask these: they are the way in, or say nothing about anybody.
PUBLIC = {
    "GET /api/auth/link",
    "GET /api/auth/methods",
    "POST /api/auth/password",
    "POST /api/auth/second-factor",
    "POST /api/auth/passkey/options",
    "POST /api/auth/passkey",
    "POST /api/auth/password/reset",
    "POST /api/auth/password/new",
    "GET /api/auth/github/start",
    "GET /api/auth/github/callback",
    "GET /api/auth/oidc/{provider_id}/start",
    "GET /api/auth/oidc/{provider_id}/callback",
    "GET /api/invitations/offer",
    "POST /api/invitations/accept",
    "GET /api/health",
    "GET /.well-known/oauth-authorization-server",
    "GET /.well-known/oauth-authorization-server/mcp",
    "GET /.well-known/oauth-authorization-server/mcp/{server}",
    "GET /.well-known/oauth-protected-resource",
    "GET /.well-known/oauth-protected-resource/mcp",
    "GET /.well-known/oauth-protected-resource/mcp/{server}",
    "POST /oauth/register",
    "POST /oauth/token",
    "POST /oauth/revoke",
    "GET /oauth/client.json",
}
#: Any caller may ask these about themselves.
PERSONAL = {
    "GET /api/auth/session",
    "PUT /api/auth/session",
    "DELETE /api/auth/session",
    "GET /api/auth/sessions",
    "DELETE /api/auth/sessions",
    "DELETE /api/auth/sessions/{session_id}",
    "POST /api/auth/verify",
    "GET /api/auth/profile",
    "PUT /api/auth/profile",
    "PUT /api/auth/password",
    "POST /api/auth/address",
    "POST /api/auth/address/confirm",
    "GET /api/auth/passkeys",
    "POST /api/auth/passkeys/options",
    "POST /api/auth/passkeys",
    "PUT /api/auth/passkeys/{passkey_id}",
    "DELETE /api/auth/passkeys/{passkey_id}",
    "POST /api/auth/totp",
    "POST /api/auth/totp/confirm",
    "DELETE /api/auth/totp",
    "POST /api/auth/recovery-codes",
    "GET /api/auth/accounts",
    "DELETE /api/auth/accounts/{provider}",
    "GET /api/oauth/authorization",
    "POST /api/oauth/authorization",
    "GET /api/oauth/grants",
    "DELETE /api/oauth/grants/{oauth_grant_id}",
    "GET /oauth/callback",
    "GET /api/teams",
    "GET /api/teams/{team_id}",
}


def test_every_route_names_its_permission_or_is_listed_here(app: FastAPI) -> None:
    silent = {entrance.name for entrance in entrances(app) if not entrance.permissions}
    assert silent == PUBLIC | PERSONAL


def test_every_named_permission_exists(app: FastAPI) -> None:
    named = {name for entrance in entrances(app) for name in entrance.permissions}
    assert named
    assert named <= ALL


def test_the_walk_sees_every_route_that_the_api_describes(app: FastAPI) -> None:
    described = {
        f"{method.upper()} {path}" for path, operations in app.openapi()["paths"].items() for method in operations
    }
    walked = {re.sub(r":path}", "}", entrance.name) for entrance in entrances(app)}
    assert described <= walked
    assert len(walked) > 60


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer mno_" + "0" * 40}])
async def test_without_a_valid_secret_nothing_but_the_public_answers(
    app: FastAPI, anonymous: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    open_to_all = []
    for entrance in entrances(app):
        path = re.sub(r"{[^}]*}", "x", entrance.path)
        if entrance.name in PUBLIC:
            continue
        answer = await anonymous.request(entrance.method, path, headers=headers)
        if answer.status_code != 401:
            open_to_all.append((entrance.name, answer.status_code))
    assert not open_to_all
