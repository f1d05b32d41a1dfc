"""What the authorization server believes of addresses, resources and clients."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.identity.oauth import metadata, rules
from mno.identity.oauth.model import AuthMethod, AuthorizationRequest, OauthRefusal

BASE = "https://hub.example.com"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/callback",
        "https://app.example.com:8443/cb?kind=mcp",
        "http://localhost:3030/callback",
        "http://127.0.0.1/cb",
        "http://[::1]:9/cb",
        "cursor://anysphere.cursor-retrieval/oauth/callback",
        "com.example.app:/oauth",
    ],
)
def test_https_this_computer_and_apps_may_get_answers(uri: str) -> None:
    assert rules.checked_redirect_uri(uri) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        None,
        7,
        "/callback",
        "http://app.example.com/callback",
        "http://localhost.example.com/cb",
        "https:///nowhere",
        "https://user:secret@app.example.com/cb",
        "https://app.example.com/cb#fragment",
        "https://app.example.com/c b",
        "https://app.example.com/cb\n",
        "https://äpp.example.com/cb",
        "https://app.example.com:port/cb",
        "javascript:alert(1)",
        "JavaScript://x/%0aalert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "view-source:https://app.example.com",
        "https://app.example.com/" + "x" * 3000,
    ],
)
def test_other_addresses_get_none(uri: object) -> None:
    with pytest.raises(OauthRefusal):
        rules.checked_redirect_uri(uri)


@pytest.mark.parametrize(
    ("uri", "fits"),
    [
        ("https://app.example.com/cb", True),
        ("https://app.example.com/cb/", False),
        ("https://app.example.com/cb?x=1", False),
        ("https://app.example.com:444/cb", False),
        ("http://localhost:5555/cb", True),
        ("http://localhost/cb", True),
        ("http://localhost:5555/other", False),
        ("http://127.0.0.1:5555/cb", False),
        ("https://localhost:5555/cb", False),
        ("http://localhost:5555@evil.example/cb", False),
        ("http://evil.example/cb", False),
    ],
)
def test_an_address_fits_exactly_but_for_the_port_of_this_computer(uri: str, fits: bool) -> None:
    assert rules.is_registered(uri, ["https://app.example.com/cb", "http://localhost:3030/cb"]) is fits


@given(st.text(max_size=60))
def test_no_other_text_fits_a_registered_address(text: str) -> None:
    registered = ["https://app.example.com/cb"]
    try:
        assert rules.is_registered(text, registered) is (text == registered[0])
    except ValueError:
        pytest.fail("an odd address must not fail")


@pytest.mark.parametrize(
    ("resource", "audience"),
    [
        ("", "/mcp"),
        (f"{BASE}/mcp", "/mcp"),
        (f"{BASE}/mcp/", "/mcp"),
        ("HTTPS://HUB.example.com:443/mcp", "/mcp"),
        (f"{BASE}/mcp/weather", "/mcp/weather"),
    ],
)
def test_a_token_is_for_all_tools_or_one_server(resource: str, audience: str) -> None:
    assert rules.audience_of(resource, BASE) == audience


@pytest.mark.parametrize(
    "resource",
    [
        BASE,
        f"{BASE}/api",
        f"{BASE}/mcp/a/b",
        f"{BASE}/mcp/../api",
        f"{BASE}/mcp/A_b",
        f"{BASE}/mcp?x=1",
        f"{BASE}/mcp#x",
        f"{BASE}/mcpx",
        "http://hub.example.com/mcp",
        "https://hub.example.com:8443/mcp",
        "https://other.example.com/mcp",
        "https://hub.example.com@other.example.com/mcp",
        "https://hub.example.com:port/mcp",
        "/mcp",
    ],
)
def test_a_foreign_resource_is_refused(resource: str) -> None:
    with pytest.raises(OauthRefusal) as refused:
        rules.audience_of(resource, BASE)
    assert refused.value.code == "invalid_target"


def request(**changes: str) -> AuthorizationRequest:
    right = {"response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256", "state": "s"}
    return AuthorizationRequest("oac_1", "https://app.example.com/cb", **{**right, **changes})


def test_a_right_request_passes() -> None:
    rules.check_request(request())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"state": "x" * 5000}, "invalid_request"),
    ],
)
def test_nothing_but_a_code_with_pkce_is_given(changes: dict[str, str], code: str) -> None:
    with pytest.raises(OauthRefusal) as refused:
        rules.check_request(request(**changes))
    assert refused.value.code == code


def test_scopes_are_those_that_there_are() -> None:
    assert rules.granted_scopes("") == ("mcp",)
    assert rules.granted_scopes("openid mcp offline_access") == ("mcp",)
    with pytest.raises(OauthRefusal):
        rules.granted_scopes("admin")


def client(**changes: Any) -> dict[str, Any]:
    return {"client_name": "App", "redirect_uris": ["https://app.example.com/cb"], **changes}


def test_a_client_has_a_secret_unless_it_says_that_it_has_none() -> None:
    assert rules.client_of("oac_1", client()).auth_method is AuthMethod.BASIC
    assert rules.client_of("oac_1", client(token_endpoint_auth_method="none")).auth_method is AuthMethod.NONE
    assert rules.client_of("https://app.example.com/c.json", client()).auth_method is AuthMethod.NONE


@pytest.mark.parametrize(
    "metadata_",
    [
        {},
        client(redirect_uris=[]),
        client(redirect_uris="https://app.example.com/cb"),
        client(redirect_uris=["https://app.example.com/cb"] * 21),
        client(redirect_uris=["javascript:alert(1)"]),
        client(response_types=["token"]),
        client(grant_types=["client_credentials"]),
        client(grant_types="authorization_code"),
        client(token_endpoint_auth_method="private_key_jwt"),
    ],
)
def test_a_client_that_wants_something_else_is_refused(metadata_: dict[str, Any]) -> None:
    with pytest.raises(OauthRefusal):
        rules.client_of("oac_1", metadata_)


def test_a_name_cannot_hide_or_turn_around_what_stands_beside_it() -> None:
    named = rules.client_of(
        "oac_1", client(client_name="Cla\u202eude\u200b\n Code " + "x" * 200, client_uri="javascript:1")
    )
    assert named.name.startswith("Claude Code xxx")
    assert len(named.name) == 120
    assert named.uri == ""


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/a/../c.json",
        "https://app.example.com/c.json?x=1",
        "https://app.example.com/c.json#x",
        "https://user@app.example.com/c.json",
        "https:///c.json",
    ],
)
def test_the_address_of_a_document_has_one_plain_form(address: str) -> None:
    with pytest.raises(OauthRefusal):
        rules.check_document_address(address)


def test_an_answer_keeps_what_stood_in_the_address() -> None:
    went = rules.with_answer("https://app.example.com/cb?a=1", {"code": "c d", "state": "", "iss": BASE})
    assert went == "https://app.example.com/cb?a=1&code=c%20d&iss=https%3A%2F%2Fhub.example.com"
    assert rules.with_answer("com.example.app:/oauth", {"code": "x"}) == "com.example.app:/oauth?code=x"


def test_authlib_takes_the_metadata_for_right() -> None:
    from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

    AuthorizationServerMetadata(metadata.authorization_server(BASE)).validate()
    assert metadata.protected_resource(BASE, "weather")["resource"] == f"{BASE}/mcp/weather"
