"""Nobody sends the hub into its own network: by address, by name, by redirect or by a name that changes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.platform.egress import AddressRefused, Allowed, Egress, is_public, read_answer
from mno.platform.errors import Invalid


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1",
        "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1", "64:ff9b:1:7f00:0:100:808:808", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_none(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_inside_an_ipv6_one_is_judged_as_itself(address: IPv4Address) -> None:
    number = int(address)
    for wrapped in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert is_public(IPv6Address(wrapped)) == is_public(address)


def resolving(*answers: Sequence[str]) -> Egress:
    """A guard whose every look-up gives the next answer, the last one for ever."""
    left = list(answers)

    def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return Egress(resolve=resolve)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1", "[::1]", "localhost"]
)
async def test_every_way_to_write_an_own_address_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        await Egress().address_of(host, 80)


async def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        await resolving(["8.8.8.8", "10.0.0.1"]).address_of("example.com", 443)


@asynccontextmanager
async def a_server(answer: bytes) -> AsyncIterator[int]:
    """Answers every request on loopback with these bytes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"


async def test_the_client_itself_is_behind_the_guard() -> None:
    async with a_server(HELLO) as port, Egress().client() as client:
        with pytest.raises(AddressRefused, match=r"security\.egress_allowed"):
            await client.get(f"http://127.0.0.1:{port}/")
        with pytest.raises(AddressRefused):
            await client.get(f"http://localhost:{port}/")


async def test_an_administrator_can_let_a_name_or_a_network_through() -> None:
    async with a_server(HELLO) as port:
        for entries in (["localhost"], ["127.0.0.0/8", "::1"]):
            guard = Egress(allowed=lambda entries=entries: Allowed.of(entries))  # type: ignore[misc]
            async with guard.client() as client:
                assert (await client.get(f"http://localhost:{port}/")).text == "hello"


async def test_a_redirect_to_an_own_address_is_refused() -> None:
    async with a_server(HELLO) as inner:
        location = f"http://127.0.0.2:{inner}/".encode()
        answer = b"HTTP/1.1 302 Found\r\nlocation: " + location + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        async with a_server(answer) as port:
            guard = Egress(allowed=lambda: Allowed.of(["127.0.0.1/32"]))
            async with guard.client(follow_redirects=True) as client:
                with pytest.raises(AddressRefused, match=r"127\.0\.0\.2"):
                    await client.get(f"http://127.0.0.1:{port}/")


async def test_a_name_that_resolves_differently_the_second_time_leads_nowhere_else() -> None:
    """DNS rebinding: the connection goes to the address that was looked at, there is no second look-up."""
    guard = resolving(["8.8.8.8"], ["127.0.0.1"])
    assert await guard.address_of("rebinding.example", 80) == "8.8.8.8"
    with pytest.raises(AddressRefused):
        await guard.address_of("rebinding.example", 80)


async def test_metadata_addresses_need_a_network_not_only_a_name() -> None:
    guard = resolving(["169.254.169.254"])
    guard.allowed = lambda: Allowed.of(["metadata.internal"])
    with pytest.raises(AddressRefused):
        await guard.address_of("metadata.internal", 80)
    guard.allowed = lambda: Allowed.of(["169.254.169.254"])
    assert await guard.address_of("metadata.internal", 80) == "169.254.169.254"


def test_names_with_everything_below_them() -> None:
    allowed = Allowed.of([".corp.example", "one.example"])
    address = ip_address("10.0.0.1")
    assert allowed.lets_through("a.b.corp.example", address)
    assert allowed.lets_through("ONE.example.", address)
    assert not allowed.lets_through("corp.example", address)
    assert not allowed.lets_through("evilcorp.example", address)
    assert not allowed.lets_through("two.one.example", address)


@pytest.mark.parametrize("entry", ["", "http://example.com", "10.0.0.1/8", "a b", "x" * 300, "..", "*.example.com"])
def test_what_is_neither_name_nor_network_is_invalid(entry: str) -> None:
    with pytest.raises(Invalid):
        Allowed.of([entry])


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "gopher://example.com/"])
async def test_other_schemes_are_not_spoken(url: str) -> None:
    async with Egress().client() as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get(url)


async def test_an_answer_has_a_limit() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\nconnection: close\r\n\r\n" + b"x" * 2000
    guard = Egress(allowed=lambda: Allowed.of(["127.0.0.1"]))
    async with (
        a_server(answer) as port,
        guard.client() as client,
        client.stream("GET", f"http://127.0.0.1:{port}/") as response,
    ):
        with pytest.raises(Invalid, match="1000 bytes"):
            await read_answer(response, 1000)
