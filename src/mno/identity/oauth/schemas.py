"""The wire shapes of the authorization server."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mno.identity.oauth.model import (
    MAX_OAUTH_ADDRESS_CHARACTERS,
    MAX_OAUTH_STATE_CHARACTERS,
    Asked,
    AuthorizationRequest,
    Client,
    IssuedTokens,
    ListedGrant,
)
from mno.platform.ids import shown

Address = Annotated[str, Field(max_length=MAX_OAUTH_ADDRESS_CHARACTERS)]
Word = Annotated[str, Field(max_length=200)]


class AuthorizationQuery(BaseModel):
    """What a client puts into the address of `/oauth/authorize`."""

    client_id: Address = ""
    redirect_uri: Address = ""
    response_type: Word = ""
    code_challenge: Word = ""
    code_challenge_method: Word = ""
    scope: Address = ""
    state: Annotated[str, Field(max_length=MAX_OAUTH_STATE_CHARACTERS)] = ""
    resource: Address = ""

    def request(self) -> AuthorizationRequest:
        return AuthorizationRequest(**self.model_dump())


class AuthorizationShape(BaseModel):
    """What a person is asked to consent to."""

    client_id: str
    client_name: str = Field(description="The client's own word; empty: it gives none.")
    client_uri: str
    redirect_uri: str
    scopes: list[str]
    audience: str = Field(description="The path that it will be for: `/mcp`, or that of one server.")
    missing: str = Field(description="A permission that the person lacks here, so that they cannot consent; or empty.")
    refusal: str = Field(description="What is wrong with the client's request; empty: nothing.")
    digest: str = Field(description="Of all that is shown; whoever consents sends it back.")

    @classmethod
    def of(cls, asked: Asked, missing: str, digest: str) -> "AuthorizationShape":
        return cls(
            client_id=asked.client.id,
            client_name=asked.client.name,
            client_uri=asked.client.uri,
            redirect_uri=asked.redirect_uri,
            scopes=list(asked.scopes),
            audience=asked.audience,
            missing=missing,
            refusal="" if asked.refusal is None else str(asked.refusal),
            digest=digest,
        )


class ConsentWish(BaseModel, extra="forbid"):
    request: AuthorizationQuery
    allow: bool
    digest: Word = Field("", description="Of what was shown, where it is allowed.")


class ConsentAnswer(BaseModel):
    location: str = Field(description="Where the browser goes on to.")


class OauthGrantShape(BaseModel):
    """A client that acts for the person."""

    id: str
    client_id: str
    client_name: str
    redirect_uri: str
    scopes: list[str]
    audience: str
    team_id: str
    team: str
    project_id: str
    project: str
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, one: ListedGrant) -> "OauthGrantShape":
        grant = one.grant
        return cls(
            id=shown("oag", grant.id),
            client_id=grant.client_id,
            client_name=grant.client_name,
            redirect_uri=grant.redirect_uri,
            scopes=list(grant.scopes),
            audience=grant.audience,
            team_id=shown("team", grant.team_id),
            team=one.team,
            project_id=shown("prj", grant.project_id),
            project=one.project,
            created_at=grant.created_at,
            last_used_at=grant.last_used_at,
        )


class OauthGrantList(BaseModel):
    items: list[OauthGrantShape]


def registered(client: Client, secret: str, at: datetime) -> dict[str, Any]:
    """The answer to a registration (RFC 7591, 3.2.1)."""
    answer: dict[str, Any] = {
        "client_id": client.id,
        "client_id_issued_at": int(at.timestamp()),
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "token_endpoint_auth_method": str(client.auth_method),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    if secret:
        answer |= {"client_secret": secret, "client_secret_expires_at": 0}
    return answer


def issued(tokens: IssuedTokens, lasts_s: int) -> dict[str, Any]:
    """The answer of the token endpoint (RFC 6749, 5.1)."""
    return {
        "access_token": tokens.access_token,
        "token_type": "Bearer",
        "expires_in": lasts_s,
        "refresh_token": tokens.refresh_token,
        "scope": " ".join(tokens.scopes),
    }
