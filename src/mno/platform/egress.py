"""Outgoing requests to addresses that a user may have entered: nobody sends us into our own network.

The check stands where the connection is made: a name is resolved once, every address that it stands for is
looked at, and the connection goes to one of exactly these. So neither a redirect nor a name that resolves
differently the second time (DNS rebinding) leads anywhere else. What is refused: everything that is not a public
unicast address, in whatever form it is written, IPv4 inside IPv6 included; cloud metadata above all.

Sources: RFC 6890 (special-purpose addresses), RFC 6052 (NAT64), RFC 3056 (6to4).
"""

import asyncio
import functools
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore
import httpx

from mno.platform.errors import Invalid

#: How long a whole connection attempt and each read may take, in seconds.
CONNECT_S = 5.0
READ_S = 15.0
#: Bytes of an answer that `read_answer` takes.
MAX_ANSWER_BYTES = 1024 * 1024
#: Connections of one client at a time.
MAX_CONNECTIONS = 20

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: The addresses of a name; raises OSError for a name that does not resolve.
Resolve = Callable[[str, int], Sequence[str]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_COMPATIBLE = ipaddress.ip_network("::/96")
#: What the standard library of some Python versions takes for public; the local prefix of NAT64 (RFC 8215) among it,
#: within which nobody can tell where the IPv4 address stands.
_NOT_PUBLIC = tuple(
    map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "5f00::/16", "64:ff9b:1::/48"))
)
#: Where clouds tell a machine its credentials: a name on the allow list is not enough for these.
_METADATA = (
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("fd00:ec2::254/128"),
    ipaddress.ip_network("100.100.100.200/32"),
)


class AddressRefused(Invalid):
    """The address is not one that the hub may connect to."""


class NameUnknown(AddressRefused):
    """The name has no address, perhaps only at the moment."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an administrator lets through although it is not public: names (`.example.com` with all below) and
    networks.
    """

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Allowed":
        """Host names and CIDR networks as they stand in the setting; `Invalid` for what is neither."""
        names: set[str] = set()
        networks: list[Network] = []
        for entry in entries:
            text = entry.strip().lower().rstrip(".")
            try:
                networks.append(ipaddress.ip_network(text))
            except ValueError:
                if not _looks_like_name(text):
                    raise Invalid(f"'{entry[:80]}' is neither a host name nor a network such as 10.0.0.0/8.") from None
                names.add(text)
        return cls(frozenset(names), tuple(networks))

    def lets_through(self, host: str, address: Address) -> bool:
        if any(address in network for network in self.networks):
            return True
        if any(address in network for network in _METADATA):
            return False
        parts = host.lower().rstrip(".").split(".")
        return ".".join(parts) in self.names or any(
            "." + ".".join(parts[index:]) in self.names for index in range(1, len(parts))
        )


def is_public(address: Address) -> bool:
    """Whether an address is a public unicast one, and the IPv4 address inside an IPv6 one as well."""
    inner = _inside(address)
    if inner is not None:
        return is_public(inner)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or any(address in network for network in _NOT_PUBLIC)
    )


def _inside(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64, 6to4."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _SIX_TO_FOUR:
        return ipaddress.IPv4Address(int(address) >> 80 & 0xFFFF_FFFF)
    if address in _NAT64 or address in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def _looks_like_name(text: str) -> bool:
    labels = text.removeprefix(".").split(".")
    return len(text) <= 253 and all(
        label and len(label) <= 63 and label.replace("-", "").replace("_", "").isalnum() for label in labels
    )


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


@dataclass(slots=True)
class Egress:
    """The guard, and clients that stand behind it. `allowed` is asked at every connection, so a change counts at
    once; `ca_file` adds a certificate authority (tests, closed networks).
    """

    allowed: Callable[[], Allowed] = field(default=Allowed)
    resolve: Resolve = field(default=_resolve)
    ca_file: str | None = None

    def client(self, *, timeout_s: float = READ_S, follow_redirects: bool = False) -> httpx.AsyncClient:
        """An HTTP client; the caller closes it. A refused address raises `AddressRefused`.

        Proxies in the environment are not used: behind one the guard would see the proxy's address only.
        """
        return httpx.AsyncClient(
            transport=_GuardedTransport(self),
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_S),
            follow_redirects=follow_redirects,
            max_redirects=5,
            trust_env=False,
            headers={"user-agent": "mno"},
        )

    async def address_of(self, host: str, port: int) -> str:
        """An address of this host that may be connected to; `AddressRefused` when there is none.

        One that may not makes the whole name suspect, so all of them must pass.
        """
        host = host.strip("[]")
        try:
            found = await asyncio.to_thread(self.resolve, host, port)
        except (OSError, UnicodeError):
            raise NameUnknown(f"The name '{host[:100]}' cannot be resolved.") from None
        allowed = self.allowed()
        for text in found:
            address = ipaddress.ip_address(text.partition("%")[0])
            if not is_public(address) and not allowed.lets_through(host, _inside(address) or address):
                raise AddressRefused(
                    f"'{host[:100]}' is {address}, which is not a public address. An administrator of the hub can "
                    "let it through by the setting security.egress_allowed."
                )
        if not found:
            raise NameUnknown(f"The name '{host[:100]}' has no address.")
        return found[0]


@functools.cache
def trust(ca_file: str | None) -> ssl.SSLContext:
    """Whom clients trust: read once, because that takes longer than many a request."""
    return ssl.create_default_context(cafile=ca_file)


async def read_answer(response: httpx.Response, limit: int = MAX_ANSWER_BYTES) -> bytes:
    """The body of a streamed answer; `Invalid` when it is larger than `limit` bytes."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > limit:
            raise Invalid(f"The answer of {response.url.host} is larger than {limit} bytes, which is the limit.")
    return bytes(body)


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the address that was looked at; the name stays what TLS checks."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._connections = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        address = await self._egress.address_of(host, port)
        return await self._connections.connect_tcp(address, port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise AddressRefused("A socket of this machine is not an address to connect to.")

    async def sleep(self, seconds: float) -> None:
        await self._connections.sleep(seconds)


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport over a pool that connects through the guard (a test proves that it does)."""

    def __init__(self, egress: Egress) -> None:
        context = trust(egress.ca_file)
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=5.0,
            network_backend=_GuardedBackend(egress),
        )
