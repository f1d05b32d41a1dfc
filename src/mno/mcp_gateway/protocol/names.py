"""How what several servers offer is told apart where all are offered at once: by the server's name before its own.

A prompt `review` of the server `github` is `github_review`. A resource keeps its address behind a scheme that says the
server: `file:///a.txt` of `files` is `mno+files+file:///a.txt`. Both can be undone, because no server's name holds an
underscore or a plus. Variables of a template stay what they are.
"""

from collections.abc import Mapping

from mno.mcp_gateway.servers.service import Ready

_SCHEME = "mno+"


def outer_prompt(ready: Ready, name: str) -> str:
    return f"{ready.server.name}_{name}"


def outer_address(ready: Ready, address: str) -> str:
    """Of a resource or a template."""
    return address_behind(ready.server.name, address)


def address_behind(server: str, address: str) -> str:
    return f"{_SCHEME}{server}+{address}"


def inner_prompt(servers: Mapping[str, Ready], name: str) -> tuple[Ready, str] | None:
    """The server and its own name for the prompt; None where there is no such server."""
    server, _, rest = name.partition("_")
    ready = servers.get(server)
    return None if ready is None or not rest else (ready, rest)


def inner_address(servers: Mapping[str, Ready], address: str) -> tuple[Ready, str] | None:
    """The server and its own address of the resource; None for an address that says no server of these."""
    if not address.startswith(_SCHEME):
        return None
    server, _, rest = address.removeprefix(_SCHEME).partition("+")
    ready = servers.get(server)
    return None if ready is None or not rest else (ready, rest)
