"""An OpenID Connect provider over HTTP on this machine: authlib's authorization server speaks the standard, the
rest is its data. It holds one client and one person, who agrees to everything at once.

`Mischief` makes it lie in its ID tokens, for tests that no such token may pass.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT_ID = "mno hub"
CLIENT_SECRET = "s3cret with: signs & ümläuts"


@dataclass
class Someone:
    """Who sits in front of the provider's page."""

    sub: str = "user-1"
    email: str = "ada@example.com"
    email_verified: object = True
    name: str = "Ada"
    amr: list[str] | None = None

    def get_user_id(self) -> str:
        return self.sub


@dataclass
class Mischief:
    """How the provider lies. `claims` changes what it says, `sign` who signs it and how."""

    claims: Callable[[dict[str, Any]], None] = lambda claims: None
    sign: Callable[["OidcProvider", dict[str, Any]], str] | None = None
    discovery: dict[str, Any] = field(default_factory=dict)
    claims_in_userinfo: bool = False
    userinfo: dict[str, Any] = field(default_factory=dict)
    iss_in_answer: str | None = None


class Client(ClientMixin):
    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return urlsplit(redirect_uri).path.endswith("/callback")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):
    redirect_uri: str
    scope: str
    nonce: str
    user: Someone
    code_challenge: str
    code_challenge_method: str
    code: str = ""

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str] | None:
        return self.user.amr


class Request(OAuth2Request):
    """What authlib asks of a framework's request."""

    def __init__(self, method: str, path: str, query: dict[str, str], form: dict[str, str], headers: Any) -> None:
        # authlib refuses plain http, which is right outside of this machine
        super().__init__(method, f"https://provider.test{path}", headers=headers)
        self.payload = BasicOAuth2Payload({**query, **form})
        self._args, self._form = query, form

    @property
    def args(self) -> dict[str, str]:
        return self._args

    @property
    def form(self) -> dict[str, str]:
        return self._form


class Server(AuthorizationServer):
    def __init__(self, provider: "OidcProvider") -> None:
        super().__init__(scopes_supported=["openid", "email", "profile"])
        self.provider = provider
        self.register_token_generator("default", BearerTokenGenerator(lambda *_, **__: provider.new_access_token()))
        self.register_grant(Grant, [SignedIdentity(require_nonce=False), CodeChallenge(required=True)])

    def query_client(self, client_id: str) -> Client | None:
        return Client() if client_id == CLIENT_ID else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        self.provider.access_tokens[token["access_token"]] = request.user

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        pass

    def create_oauth2_request(self, request: Request) -> Request:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, Any]:
        return status, body, headers


class Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def save_authorization_code(self, code: str, request: Any) -> None:
        asked = request.payload.data
        self.server.provider.codes[code] = Code(
            asked["redirect_uri"],
            request.scope,
            asked.get("nonce", ""),
            request.user,
            asked["code_challenge"],
            asked["code_challenge_method"],
            code,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return self.server.provider.codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.server.provider.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> Someone:
        return authorization_code.user


class SignedIdentity(OpenIDCode):
    """The ID token: authlib's claims, perhaps bent, signed with the provider's present key."""

    provider: "OidcProvider"

    def __call__(self, grant: Any) -> None:
        self.provider = grant.server.provider
        super().__call__(grant)

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False

    def resolve_client_private_key(self, client: Client) -> Any:
        return self.provider.key

    def get_client_algorithm(self, client: Client) -> str:
        return self.provider.algorithm

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        return {"alg": self.provider.algorithm, "kid": self.provider.key.kid}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.provider.issuer, "aud": [CLIENT_ID]}

    def generate_user_info(self, user: Someone, scope: str) -> UserInfo:
        if self.provider.mischief.claims_in_userinfo:
            return UserInfo(sub=user.sub)
        return UserInfo(**self.provider.tells_of(user))

    def encode_id_token(self, token: dict[str, Any], request: Any) -> str:
        honest = super().encode_id_token(token, request)
        claims = json.loads(base64.urlsafe_b64decode(honest.split(".")[1] + "=="))
        self.provider.mischief.claims(claims)
        sign = self.provider.mischief.sign
        return sign(self.provider, claims) if sign else self.provider.signed(claims)


class OidcProvider:
    """A running provider. `person` is who signs in there next."""

    def __init__(self) -> None:
        self.issuer = ""
        self.person = Someone()
        self.mischief = Mischief()
        self.codes: dict[str, Code] = {}
        self.access_tokens: dict[str, Someone] = {}
        self.calls: list[str] = []
        self.key: RSAKey | ECKey = RSAKey.generate_key(2048, auto_kid=True)
        self.algorithm = "RS256"
        self.old_keys: list[RSAKey | ECKey] = []
        self.server = Server(self)

    def change_key(self, algorithm: str = "ES256") -> None:
        """From now on it signs with a new key, and publishes that one alone."""
        self.key = (
            ECKey.generate_key("P-256", auto_kid=True)
            if algorithm == "ES256"
            else RSAKey.generate_key(2048, auto_kid=True)
        )
        self.algorithm = algorithm

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, self.key, [self.algorithm])

    def tells_of(self, user: Someone) -> dict[str, Any]:
        told: dict[str, Any] = {"sub": user.sub, "name": user.name}
        if user.email:
            told["email"] = user.email
        if user.email_verified is not None:
            told["email_verified"] = user.email_verified
        return told

    def new_access_token(self) -> str:
        return f"access-{len(self.access_tokens)}-{time.time_ns()}"

    def agreed(self, address: str) -> str:
        """The person follows the hub's link to `address` and agrees: where the provider sends the browser back to."""
        parts = urlsplit(address)
        request = Request("GET", parts.path, dict(parse_qsl(parts.query)), {}, {})
        request.user = self.person
        grant = self.server.get_consent_grant(request, self.person)
        status, _, headers = self.server.create_authorization_response(request, grant_user=self.person, grant=grant)
        assert status == 302
        back = str(dict(headers)["Location"])
        return back if self.mischief.iss_in_answer is None else f"{back}&iss={self.mischief.iss_in_answer}"

    def answer(self, method: str, target: str, form: dict[str, str], headers: Any) -> tuple[int, Any, Any]:
        path = urlsplit(target).path
        self.calls.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, {**self.description(), **self.mischief.discovery}, []
        if path == "/jwks":
            return 200, {"keys": [self.key.as_dict(private=False, use="sig")]}, []
        if path == "/token" and method == "POST":
            return self.server.create_token_response(Request("POST", path, {}, form, headers))
        if path == "/userinfo":
            user = self.access_tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
            return (200, {**self.tells_of(user), **self.mischief.userinfo}, []) if user else (401, {}, [])
        return 404, {}, []

    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }


def unsigned(_: OidcProvider, claims: dict[str, Any]) -> str:
    """A token of algorithm `none`."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


def signed_with_the_public_key(provider: OidcProvider, claims: dict[str, Any]) -> str:
    """HS256 whose shared secret is the public key that everybody can read."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": provider.key.kid}).encode()).rstrip(b"=")
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    mac = hmac.new(provider.key.as_pem(private=False), head + b"." + body, hashlib.sha256).digest()
    return b".".join((head, body, base64.urlsafe_b64encode(mac).rstrip(b"="))).decode()


def signed_by_a_stranger(provider: OidcProvider, claims: dict[str, Any]) -> str:
    """A key of somebody else under the provider's key id."""
    stranger = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "kid": provider.key.kid}, claims, stranger, ["RS256"])


@contextmanager
def running_oidc_provider() -> Iterator[OidcProvider]:
    provider = OidcProvider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.respond({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self.respond(dict(parse_qsl(body.decode())))

        def respond(self, form: dict[str, str]) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            headers["Authorization"] = headers.get("authorization", "")
            try:
                status, body, extra = provider.answer(self.command, self.path, form, headers)
            except OAuth2Error as error:
                status, body, extra = error()
            payload = json.dumps(body).encode()
            self.send_response(status)
            for name, value in [*extra, ("Content-Length", str(len(payload)))]:
                if name.lower() != "content-type":
                    self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
