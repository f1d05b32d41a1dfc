"""What the hub believes of a server's metadata, of its authorization server's, and of its answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mno.mcp_gateway.credentials import rules
from mno.mcp_gateway.credentials.authorities import authorization_address
from mno.mcp_gateway.credentials.model import Held, Registration
from mno.platform.errors import Invalid

ADDRESS = "https://tools.example.com/v1/mcp"
ISSUER = "https://login.example.com/tenant"
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def test_a_refusal_says_where_the_resource_is_described() -> None:
    told = 'Bearer error="invalid_token", resource_metadata="https://x.example/.well-known/y", scope="a b"'
    assert rules.told_by(told) == ("https://x.example/.well-known/y", "a b")
    assert rules.told_by("Basic realm=x") == ("", "")


def test_metadata_lies_where_the_standards_say() -> None:
    assert rules.resource_addresses(ADDRESS) == [
        "https://tools.example.com/.well-known/oauth-protected-resource/v1/mcp",
        "https://tools.example.com/.well-known/oauth-protected-resource",
    ]
    assert rules.server_addresses(ISSUER) == [
        "https://login.example.com/.well-known/oauth-authorization-server/tenant",
        "https://login.example.com/.well-known/openid-configuration/tenant",
        "https://login.example.com/tenant/.well-known/openid-configuration",
    ]
    assert len(rules.server_addresses("https://login.example.com/")) == 2


@pytest.mark.parametrize(
    "resource", [ADDRESS, "https://tools.example.com/v1", "https://tools.example.com", f"{ADDRESS}/"]
)
def test_a_resource_is_the_address_or_what_it_lies_below(resource: str) -> None:
    document = {"resource": resource, "authorization_servers": [ISSUER], "scopes_supported": ["a", "b"]}
    assert rules.issuer_for(document, ADDRESS) == (ISSUER, resource, "a b")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"resource": "https://other.example.com/v1/mcp", "authorization_servers": [ISSUER]},
        {"resource": "https://tools.example.com/v1/mcp/other", "authorization_servers": [ISSUER]},
        {"resource": "https://tools.example.com/v1/m", "authorization_servers": [ISSUER]},
        {"resource": ADDRESS},
        {"resource": ADDRESS, "authorization_servers": []},
        {"resource": ADDRESS, "authorization_servers": [7]},
    ],
)
def test_metadata_about_something_else_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        rules.issuer_for(document, ADDRESS)


def described(**changes: Any) -> dict[str, Any]:
    right = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "code_challenge_methods_supported": ["S256"],
    }
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


def test_an_authorization_server_is_taken_as_it_describes_itself() -> None:
    more = {"registration_endpoint": f"{ISSUER}/register", "scopes_supported": ["offline_access"]}
    found = rules.authority_of(described(**more), ISSUER, ADDRESS, "a")
    assert (found.registration_endpoint, found.scopes) == (f"{ISSUER}/register", "a offline_access")
    assert found.auth_methods == ("client_secret_basic",)
    assert not found.takes_documents


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://login.example.com/other"},
        {"issuer": f"{ISSUER}/"},
        {"code_challenge_methods_supported": None},
        {"code_challenge_methods_supported": ["plain"]},
        {"token_endpoint": "http://login.example.com/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
    ],
)
def test_one_that_is_another_or_unsafe_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        rules.authority_of(described(**changes), ISSUER, ADDRESS, "")


def test_an_unsafe_place_to_register_is_none() -> None:
    unsafe = described(registration_endpoint="http://10.0.0.1/register")
    assert rules.authority_of(unsafe, ISSUER, ADDRESS, "").registration_endpoint == ""


@pytest.mark.parametrize(
    ("told", "names_itself", "fits"),
    [
        (ISSUER, True, True),
        (ISSUER, False, True),
        (None, False, True),
        (None, True, False),
        ("https://x", False, False),
    ],
)
def test_an_answer_of_another_server_is_refused(told: str | None, names_itself: bool, fits: bool) -> None:
    if fits:
        rules.check_issuer(told, ISSUER, names_itself=names_itself)
        return
    with pytest.raises(Invalid):
        rules.check_issuer(told, ISSUER, names_itself=names_itself)


def test_tokens_end_when_they_say_and_a_refresh_token_stays_until_another_comes() -> None:
    answer = {"access_token": "new", "token_type": "bearer", "expires_in": 60}
    assert rules.held_of(answer, NOW, Held("old", "kept")) == (Held("new", "kept"), NOW + timedelta(seconds=60))
    assert rules.held_of({**answer, "refresh_token": "next", "expires_in": None}, NOW) == (Held("new", "next"), None)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"access_token": "a"},
        {"access_token": "a", "token_type": "mac"},
        {"access_token": "a\r\nx: y", "token_type": "Bearer"},
        {"access_token": "a b", "token_type": "Bearer"},
        {"access_token": "", "token_type": "Bearer"},
        {"access_token": "ä", "token_type": "Bearer"},
        {"access_token": "a" * 20_001, "token_type": "Bearer"},
    ],
)
def test_what_could_not_be_sent_is_no_token(answer: Any) -> None:
    with pytest.raises(Invalid):
        rules.held_of(answer, NOW)


def test_a_person_is_sent_with_pkce_and_the_resource() -> None:
    made = Registration(ISSUER, f"{ISSUER}/a?x=1", f"{ISSUER}/t", ADDRESS, "", "hub", "none", "https://hub/cb", True)
    went = authorization_address(made, "state", "v" * 43)
    assert went.startswith(f"{ISSUER}/a?x=1&response_type=code&client_id=hub&")
    assert "code_challenge_method=S256" in went
    assert "resource=https%3A%2F%2Ftools.example.com%2Fv1%2Fmcp" in went
    assert "scope=" not in went
