"""What is believed of a protected resource, of its authorization server and of its answers: pure.

Sources: RFC 8414, 9728, and "Authorization" in the specification of MCP, revisions 2025-06-18 to 2026-07-28.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mno.mcp_gateway.credentials.model import MAX_UPSTREAM_TOKEN_CHARACTERS, Authority, Held
from mno.platform.errors import Invalid

_METADATA = re.compile(r'resource_metadata="([^"]{1,2000})"')
_SCOPE = re.compile(r'scope="([^"]{0,2000})"')
_METHODS = ("client_secret_basic", "client_secret_post", "none")


def told_by(challenge: str) -> tuple[str, str]:
    """Where a refusal says that the resource is described, and the scopes that it wants; empty where it does not."""
    address, scope = _METADATA.search(challenge), _SCOPE.search(challenge)
    return address[1] if address else "", scope[1] if scope else ""


def resource_addresses(address: str) -> list[str]:
    """Where a resource is described that does not say so."""
    origin, path = _split(address)
    known = f"{origin}/.well-known/oauth-protected-resource"
    return list(dict.fromkeys([f"{known}{path}", known]))


def server_addresses(issuer: str) -> list[str]:
    """Where an authorization server describes itself."""
    origin, path = _split(issuer)
    found = [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
    ]
    return [*found, f"{issuer.rstrip('/')}/.well-known/openid-configuration"] if path else found


def issuer_for(document: Mapping[str, Any], address: str) -> tuple[str, str, str]:
    """The authorization server that a resource names, the resource itself, and its scopes.

    `Invalid` for a document about another resource: its tokens would be for somebody else.
    """
    resource = document.get("resource")
    if not isinstance(resource, str) or not _holds(resource, address):
        raise Invalid(f"The server's metadata is about another resource ('{str(resource)[:200]}').")
    servers = document.get("authorization_servers")
    if not isinstance(servers, list) or not servers or not isinstance(servers[0], str):
        raise Invalid("The server's metadata names no authorization server.")
    return servers[0], resource, " ".join(_texts(document.get("scopes_supported")))


def authority_of(document: Mapping[str, Any], issuer: str, resource: str, scopes: str) -> Authority:
    """`Invalid` for a server that is not the one that was asked, that does without PKCE, or whose endpoints are not as
    safe as the resource's own address.
    """
    if document.get("issuer") != issuer:
        raise Invalid(f"The authorization server at {issuer[:200]} calls itself '{str(document.get('issuer'))[:200]}'.")
    if "S256" not in _texts(document.get("code_challenge_methods_supported")):
        raise Invalid("The authorization server does not say that it supports PKCE with S256, which the hub needs.")
    endpoints = [document.get(name) for name in ("authorization_endpoint", "token_endpoint")]
    if not all(_is_safe(one, resource) for one in endpoints):
        raise Invalid("The endpoints of the authorization server are no https addresses.")
    registration = document.get("registration_endpoint")
    if "offline_access" in _texts(document.get("scopes_supported")) and "offline_access" not in scopes.split():
        scopes = f"{scopes} offline_access".strip()
    return Authority(
        issuer,
        str(endpoints[0]),
        str(endpoints[1]),
        str(registration) if _is_safe(registration, resource) else "",
        resource,
        scopes,
        tuple(_texts(document.get("token_endpoint_auth_methods_supported"))) or ("client_secret_basic",),
        document.get("client_id_metadata_document_supported") is True,
        document.get("authorization_response_iss_parameter_supported") is True,
    )


def auth_method(methods: Sequence[str], *, has_secret: bool) -> str:
    """How the hub shows who it is at a token endpoint."""
    if not has_secret:
        return "none"
    return next((one for one in _METHODS if one in methods and one != "none"), "client_secret_basic")


def check_issuer(told: str | None, issuer: str, *, names_itself: bool) -> None:
    """`Invalid` for an answer of another authorization server than the one that was asked (mix-up)."""
    if (told is not None or names_itself) and told != issuer:
        raise Invalid("The answer comes from another authorization server (iss).")


def held_of(answer: Any, now: datetime, before: Held | None = None) -> tuple[Held, datetime | None]:
    """The tokens in an answer of a token endpoint, and when the access token ends, where it says so."""
    access = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(access, str) or not _is_token(access):
        raise Invalid("The authorization server sent no access token that can be used.")
    if str(answer.get("token_type", "")).lower() != "bearer":
        raise Invalid("The authorization server sends tokens of another type than Bearer.")
    refresh = answer.get("refresh_token")
    kept = refresh if isinstance(refresh, str) and _is_token(refresh) else (before.refresh if before else "")
    lasts = answer.get("expires_in")
    is_number = isinstance(lasts, int | float) and not isinstance(lasts, bool) and 0 < lasts < 10**9
    return Held(access, kept), now + timedelta(seconds=float(lasts)) if is_number else None


def _is_token(text: str) -> bool:
    plain = text.isascii() and text.isprintable() and " " not in text
    return plain and 0 < len(text) <= MAX_UPSTREAM_TOKEN_CHARACTERS


def _split(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")


def _holds(resource: str, address: str) -> bool:
    """Whether an address is the resource, or lies below it."""
    (origin, path), (own_origin, own_path) = _split(resource), _split(address)
    return origin.lower() == own_origin.lower() and (own_path == path or own_path.startswith(f"{path}/"))


def _is_safe(endpoint: Any, resource: str) -> bool:
    """https; or http where the resource itself is."""
    if not isinstance(endpoint, str) or len(endpoint) > 2_000 or not endpoint.isascii() or "#" in endpoint:
        return False
    return urlsplit(endpoint).scheme in ("https", urlsplit(resource).scheme) and bool(urlsplit(endpoint).hostname)


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
