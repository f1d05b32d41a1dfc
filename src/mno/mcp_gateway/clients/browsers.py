"""Requests that a page in a browser makes: only pages of the hub's own address may, and only where nobody else's name
leads to it.

A page elsewhere can have its own name resolved to this machine (DNS rebinding); the browser then believes that the hub
is that page's own server. So a name is believed where it is this machine's or the one that the operator has set.
Programs send no `Origin` and are not concerned.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from mno.mcp_gateway.protocol.message import Header
from mno.platform.errors import Denied

_OWN_NAMES = frozenset({"localhost", "localhost.localdomain"})


def check_origin(headers: Sequence[Header], public_url: str) -> None:
    """`Denied` for a page that is not the hub's own."""
    pages = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    if not pages:
        return
    host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "")
    if any(not _is_own(page, host, public_url) for page in pages):
        raise Denied(
            f"Pages of {pages[0][:200]} may not ask this hub. If that is where your users reach it, set MNO_PUBLIC_URL."
        )


def _is_own(page: str, host: str, public_url: str) -> bool:
    try:
        asked, own = urlsplit(page), urlsplit(f"//{host}")
        asked_host, asked_port, own_host, own_port = asked.hostname, asked.port, own.hostname, own.port
    except ValueError:
        return False
    if public_url and page == "{0.scheme}://{0.netloc}".format(urlsplit(public_url)):
        return True
    return asked_host is not None and (asked_host, asked_port) == (own_host, own_port) and _is_number_or_own(asked_host)


def _is_number_or_own(host: str) -> bool:
    """Whether nobody can have this name resolved to something else."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host in _OWN_NAMES
    return True
