"""IBM ContextForge as its documentation starts it: an environment of its own, SQLite in a new folder, one server."""

import json
import os
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from client import Target
from peers import installed
from server import free_port, running

PACKAGE = "mcp-contextforge-gateway"
_MAIL = "bench@example.com"


@dataclass(frozen=True, slots=True)
class Rpc:
    """Its JSON-RPC address, which costs it least."""

    port: int
    key: str
    tool: str

    def request(self) -> bytes:
        params = {"name": self.tool, "arguments": {"text": "What does a gateway cost?"}}
        said = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        body = json.dumps(said, separators=(",", ":")).encode()
        return (
            f"POST /rpc HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self.key}\r\n"
            f"content-type: application/json\r\naccept: application/json\r\nuser-agent: bench\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        ).encode() + body


@contextmanager
def contextforge(tools_port: int, folder: Path) -> Iterator[Rpc]:
    port = free_port()
    programs = installed(PACKAGE)
    own = {
        "DATABASE_URL": f"sqlite:///{folder}/mcp.db",
        "JWT_SECRET_KEY": secrets.token_hex(32),
        "AUTH_ENCRYPTION_SECRET": secrets.token_hex(32),
        "PLATFORM_ADMIN_EMAIL": _MAIL,
        "PLATFORM_ADMIN_PASSWORD": secrets.token_urlsafe(24) + "aA1!",
        "MCPGATEWAY_UI_ENABLED": "false",
        "SSRF_ALLOW_LOCALHOST": "true",
        "SSRF_ALLOW_PRIVATE_NETWORKS": "true",
        "LOG_LEVEL": "ERROR",
    }
    command = [str(programs / "mcpgateway"), "--host", "127.0.0.1", "--port", str(port)]
    with running(command, own, Target(f"http://127.0.0.1:{port}", ""), "/health", folder):
        key = _token(programs, own)
        _asked(port, key, "POST", "/gateways", _server(tools_port))
        yield Rpc(port, key, _tool(port, key))


def _server(tools_port: int) -> dict[str, Any]:
    return {"name": "fake", "url": f"http://127.0.0.1:{tools_port}/mcp", "transport": "STREAMABLEHTTP"}


def _token(programs: Path, own: dict[str, str]) -> str:
    made = subprocess.run(
        [str(programs / "python"), "-m", "mcpgateway.utils.create_jwt_token",
         "--username", _MAIL, "--admin", "--exp", "600", "--secret", own["JWT_SECRET_KEY"]],
        check=True, capture_output=True, text=True, env={**os.environ, **own},
    )  # fmt: skip
    return made.stdout.strip().splitlines()[-1]


def _tool(port: int, key: str) -> str:
    """The name under which it lists the tool, once it does."""
    for _ in range(60):
        found = _asked(port, key, "GET", "/tools", None)
        tools = found.get("data", []) if isinstance(found, dict) else found
        if tools:
            return str(tools[0]["name"])
        time.sleep(0.5)
    raise RuntimeError("ContextForge lists no tool.")


def _asked(port: int, key: str, method: str, path: str, body: dict[str, Any] | None) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        None if body is None else json.dumps(body).encode(),
        {"authorization": f"Bearer {key}", "content-type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"{}")
