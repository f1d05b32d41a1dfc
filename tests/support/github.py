"""A stand-in for GitHub with its wire format: OAuth for web applications, `/user` and `/user/emails`.

Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps and
https://docs.github.com/en/rest/users. Errors of the token endpoint come with status 200, as GitHub's do.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

CLIENT_ID = "Iv1.0123456789abcdef"
CLIENT_SECRET = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Octocat:
    id: int = 583231
    login: str = "octocat"
    name: str | None = "The Octocat"
    emails: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"email": "old@example.com", "verified": True, "primary": False, "visibility": None},
            {"email": "octocat@example.com", "verified": True, "primary": True, "visibility": "public"},
        ]
    )


class Github:
    """A running stand-in. `person` is who sits in front of it."""

    def __init__(self) -> None:
        self.url = ""
        self.person = Octocat()
        #: Some installations answer the token request with a form.
        self.answers_with_form = False
        self._codes: dict[str, dict[str, str]] = {}
        self._tokens: set[str] = set()

    def agreed(self, address: str) -> str:
        """The person follows the hub's link and agrees: where GitHub sends the browser back to."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert urlsplit(address).path == "/login/oauth/authorize"
        assert asked["client_id"] == CLIENT_ID
        code = secrets.token_hex(10)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, str]:
        asked = self._codes.pop(form.get("code", ""), None)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return {"error": "incorrect_client_credentials", "error_description": "The client_id and/or …"}
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or asked.get("code_challenge") != proof.rstrip(b"=").decode():
            return {"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."}
        if asked["redirect_uri"] != form.get("redirect_uri"):
            return {"error": "redirect_uri_mismatch", "error_description": "The redirect_uri MUST match …"}
        token = f"gho_{secrets.token_hex(18)}"
        self._tokens.add(token)
        return {"access_token": token, "scope": "read:user,user:email", "token_type": "bearer"}

    def answer(self, method: str, path: str, form: dict[str, str], authorization: str) -> tuple[int, Any]:
        if (method, path) == ("POST", "/login/oauth/access_token"):
            return 200, self.token(form)
        if authorization.removeprefix("Bearer ") not in self._tokens:
            return 401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        if (method, path) == ("GET", "/user"):
            return 200, {"login": self.person.login, "id": self.person.id, "type": "User", "name": self.person.name}
        if (method, path) == ("GET", "/user/emails"):
            return 200, self.person.emails
        return 404, {"message": "Not Found"}


@contextmanager
def running_github() -> Iterator[Github]:
    github = Github()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.respond({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            self.respond(dict(parse_qsl(body.decode())))

        def respond(self, form: dict[str, str]) -> None:
            status, body = github.answer(
                self.command, urlsplit(self.path).path, form, self.headers.get("authorization", "")
            )
            as_form = github.answers_with_form and self.path.endswith("access_token")
            payload = urlencode(body).encode() if as_form else json.dumps(body).encode()
            kind = "application/x-www-form-urlencoded" if as_form else "application/json"
            self.send_response(status)
            self.send_header("content-type", f"{kind}; charset=utf-8")
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
