"""What requests and clients of the authorization server must keep to: pure.

Sources: RFC 7636 (PKCE), RFC 8252 (native apps: the port of a loopback address is the client's choice), RFC 8707
(resources), RFC 9700 (best current practice), the draft on client id metadata documents.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from mno.identity.oauth.model import (
    MAX_OAUTH_ADDRESS_CHARACTERS,
    MAX_OAUTH_STATE_CHARACTERS,
    MAX_REDIRECT_URIS,
    PERMISSIONS,
    SCOPE,
    AuthMethod,
    AuthorizationRequest,
    Client,
    OauthRefusal,
)
from mno.platform.limits import MAX_NAME_CHARACTERS

#: Where MCP is; tokens are for this path, or for one server below it.
RESOURCE_PATH = "/mcp"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: Schemes that a browser, and not an app, would act on.
_NOT_AN_APP = frozenset(
    {"javascript", "data", "vbscript", "file", "blob", "filesystem", "about", "view-source", "ftp", "ws", "wss"}
    | {"mailto", "tel", "sms", "chrome", "resource", "jar", "urn"}
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,60}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_SERVER = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


# — addresses —


def checked_redirect_uri(uri: object) -> str:
    """Where answers may go: https, http on the person's own computer, or an app's own scheme."""
    if not isinstance(uri, str) or not 0 < len(uri) <= MAX_OAUTH_ADDRESS_CHARACTERS or not _is_plain(uri):
        raise OauthRefusal("invalid_redirect_uri", "A redirect address is a plain address without blanks.")
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise OauthRefusal("invalid_redirect_uri", f"'{uri[:80]}' is no address.") from None
    if "#" in uri or "@" in parts.netloc:
        raise OauthRefusal("invalid_redirect_uri", "A redirect address has no fragment and no credential.")
    if parts.scheme == "https":
        fits = bool(host)
    elif parts.scheme == "http":
        fits = host in _LOOPBACK
    else:
        fits = bool(_SCHEME.fullmatch(parts.scheme)) and parts.scheme not in _NOT_AN_APP
    if not fits:
        raise OauthRefusal(
            "invalid_redirect_uri",
            f"'{uri[:80]}' is neither https, nor http on this computer, nor an app's own scheme.",
        )
    return uri


def is_registered(uri: str, registered: Sequence[str]) -> bool:
    """Exactly one of these, but for the port of a loopback address."""
    return uri in registered or any(
        _without_port(uri) == _without_port(one) != "" for one in registered if one.startswith("http://")
    )


def _without_port(uri: str) -> str:
    """A loopback address without its port; empty for any other."""
    parts = urlsplit(uri)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        return ""
    return urlunsplit(("http", parts.hostname, parts.path, parts.query, ""))


def is_document(client_id: str) -> bool:
    """Whether a client is known by the address of its document."""
    return client_id.startswith("https://")


def check_document_address(client_id: str) -> None:
    """https, with a path, and in its one plain form."""
    parts = urlsplit(client_id) if _is_plain(client_id) and len(client_id) <= MAX_OAUTH_ADDRESS_CHARACTERS else None
    segments = parts.path.split("/") if parts else []
    if (
        parts is None
        or not parts.hostname
        or parts.path in ("", "/")
        or "#" in client_id
        or "@" in parts.netloc
        or parts.query
        or "." in segments
        or ".." in segments
    ):
        raise OauthRefusal("invalid_client", "A client's address is https, with a path, without query or fragment.")


def with_answer(redirect_uri: str, answer: Mapping[str, str]) -> str:
    """The address to go back to, with the answer in its query; what stood there stays."""
    parts = urlsplit(redirect_uri)
    more = urlencode({name: value for name, value in answer.items() if value}, quote_via=quote)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, f"{parts.query}&{more}" if parts.query else more, ""))


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(text) & set(' "<>\\^`{|}')


# — what is asked for —


def check_request(asked: AuthorizationRequest) -> None:
    """`OauthRefusal` for what a client, once it is known, did wrong."""
    if asked.response_type != "code":
        raise OauthRefusal("unsupported_response_type", "The only response_type here is code.")
    if asked.code_challenge_method != "S256" or not _CHALLENGE.fullmatch(asked.code_challenge):
        raise OauthRefusal("invalid_request", "PKCE is needed: code_challenge with code_challenge_method=S256.")
    if len(asked.state) > MAX_OAUTH_STATE_CHARACTERS:
        raise OauthRefusal("invalid_request", f"state has {MAX_OAUTH_STATE_CHARACTERS} characters at most.")


def granted_scopes(wanted: str) -> tuple[str, ...]:
    """Those that there are; all of them where none is named. `invalid_scope` where none of the named ones is there."""
    named = wanted.split()
    found = tuple(scope for scope in PERMISSIONS if scope in named)
    if named and not found:
        raise OauthRefusal("invalid_scope", f"The scopes here are: {', '.join(PERMISSIONS)}.")
    return found or (SCOPE,)


def audience_of(resource: str, base_url: str) -> str:
    """The path that tokens are for: `/mcp` where no resource is named, else that of the resource, which must be one of
    this hub's.
    """
    if not resource:
        return RESOURCE_PATH
    try:
        is_ours = _origin(resource) == _origin(base_url)
        parts = urlsplit(resource)
    except ValueError:
        is_ours = False
    if is_ours and not parts.query and "#" not in resource:
        path = parts.path.removesuffix("/")
        server = path.removeprefix(f"{RESOURCE_PATH}/")
        if path == RESOURCE_PATH or (server != path and _SERVER.fullmatch(server)):
            return path
    raise OauthRefusal("invalid_target", f"The resources here are {base_url}{RESOURCE_PATH} and those below it.")


def _origin(address: str) -> tuple[str, str, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def is_verifier(text: str) -> bool:
    return _VERIFIER.fullmatch(text) is not None


# — clients —


def client_of(client_id: str, metadata: Mapping[str, Any], *, secret: bytes = b"") -> Client:
    """What a client says about itself, by registration or in its document; `OauthRefusal` for what cannot be taken."""
    uris = metadata.get("redirect_uris")
    if not isinstance(uris, list) or not 0 < len(uris) <= MAX_REDIRECT_URIS:
        raise OauthRefusal("invalid_redirect_uri", f"redirect_uris names 1 to {MAX_REDIRECT_URIS} addresses.")
    if "code" not in _listed(metadata, "response_types", ["code"]):
        raise OauthRefusal("invalid_client_metadata", "The only response type here is code.")
    if "authorization_code" not in _listed(metadata, "grant_types", ["authorization_code"]):
        raise OauthRefusal("invalid_client_metadata", "Clients come with the grant type authorization_code.")
    uri = metadata.get("client_uri")
    return Client(
        client_id,
        _name(metadata.get("client_name")),
        uri if isinstance(uri, str) and _is_page(uri) else "",
        tuple(dict.fromkeys(checked_redirect_uri(one) for one in uris)),
        _auth_method(client_id, metadata),
        secret,
    )


def _auth_method(client_id: str, metadata: Mapping[str, Any]) -> AuthMethod:
    default = AuthMethod.NONE if is_document(client_id) else AuthMethod.BASIC
    told = metadata.get("token_endpoint_auth_method", default)
    if is_document(client_id) and (told != AuthMethod.NONE or "client_secret" in metadata):
        raise OauthRefusal("invalid_client", "A client that is known by its document has no secret here.")
    if told not in list(AuthMethod):
        raise OauthRefusal("invalid_client_metadata", f"token_endpoint_auth_method is one of {', '.join(AuthMethod)}.")
    return AuthMethod(told)


def _listed(metadata: Mapping[str, Any], name: str, default: list[str]) -> list[Any]:
    found = metadata.get(name, default)
    if not isinstance(found, list):
        raise OauthRefusal("invalid_client_metadata", f"{name} must be a list.")
    return found


def _name(told: object) -> str:
    """One line without anything that hides or turns around what stands beside it; empty where there is none."""
    text = " ".join(told.split()) if isinstance(told, str) else ""
    return "".join(character for character in text if character.isprintable())[:MAX_NAME_CHARACTERS]


def _is_page(uri: str) -> bool:
    return len(uri) <= MAX_OAUTH_ADDRESS_CHARACTERS and _is_plain(uri) and uri.startswith(("https://", "http://"))
