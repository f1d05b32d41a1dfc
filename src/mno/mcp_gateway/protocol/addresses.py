"""How resources of several servers are told apart where all are offered at once: each keeps its address behind a scheme
that says the server's name.

`file:///a.txt` of `files` is `mno+files+file:///a.txt`, whatever the server's prefix is. It can be undone, because
no server's name holds a plus. Variables of a template stay what they are. Tools and prompts: `servers/naming.py`.
"""

from collections.abc import Mapping

from mno.mcp_gateway.servers.service import Ready

_SCHEME = "mno+"


def outer(server: str, address: str) -> str:
    """Of a resource or a template of the server with this name."""
    return f"{_SCHEME}{server}+{address}"


def inner(servers: Mapping[str, Ready], address: str) -> tuple[Ready, str] | None:
    """The server and its own address of the resource; None for an address that says no server of these."""
    if not address.startswith(_SCHEME):
        return None
    server, _, rest = address.removeprefix(_SCHEME).partition("+")
    ready = servers.get(server)
    return None if ready is None or not rest else (ready, rest)
