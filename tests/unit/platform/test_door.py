"""From where a request comes: the connection's address, or what trusted proxies say, and nobody else."""

from ipaddress import ip_network

import httpx
import pytest
from fastapi import FastAPI, Request

from mno.entry.web import uvicorn_config
from mno.platform import origin
from mno.platform.http.door import Door, Network, NoRules, address_behind, admits

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # no proxy of ours: its header is not believed
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what the caller put in front is not believed
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.2.2.2", "198.51.100.1"),
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:203.0.113.9", "", "203.0.113.9"),
        ("", "198.51.100.1", ""),
    ],
)
def test_the_address_behind_trusted_proxies(peer: str, forwarded: str, address: str) -> None:
    assert address_behind(peer, forwarded, PROXIES) == address


def test_without_trusted_proxies_no_header_counts() -> None:
    assert address_behind("10.0.0.1", "198.51.100.1", ()) == "10.0.0.1"


def test_an_empty_list_admits_everybody_and_a_list_only_whom_it_names() -> None:
    assert admits((), "203.0.113.9")
    assert admits((), "")
    assert admits((ip_network("203.0.113.0/24"),), "203.0.113.9")
    assert admits((ip_network("203.0.113.0/24"),), "::ffff:203.0.113.9")
    assert not admits((ip_network("203.0.113.0/24"),), "203.0.114.9")
    assert not admits((ip_network("203.0.113.0/24"),), "2001:db8::1")
    assert not admits((ip_network("203.0.113.0/24"),), "")


class Behind(NoRules):
    def trusted_proxies(self) -> tuple[Network, ...]:
        return PROXIES


@pytest.mark.parametrize(
    "lines", [("6.6.6.6", "198.51.100.1"), ("6.6.6.6, 198.51.100.1",), ("6.6.6.6", "", "198.51.100.1")]
)
async def test_the_line_that_a_proxy_adds_counts_and_not_the_one_that_the_caller_wrote(lines: tuple[str, ...]) -> None:
    async with caller(Behind(), "10.0.0.1") as client:
        answer = await client.get("/origin", headers=[("x-forwarded-for", line) for line in lines])
    assert answer.json()[0] == "198.51.100.1"


@pytest.mark.parametrize(
    ("peer", "told", "scheme"),
    [
        ("127.0.0.1", "https", "https"),
        ("::1", "https", "https"),
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "https, http", "http"),
        ("203.0.113.9", "https", "http"),  # nobody's proxy
        ("127.0.0.1", "javascript", "http"),
    ],
)
async def test_only_a_proxy_says_that_the_browser_speaks_https(peer: str, told: str, scheme: str) -> None:
    async with caller(Behind(), peer) as client:
        assert (await client.get("/scheme", headers={"x-forwarded-proto": told})).json() == scheme


def test_the_server_itself_believes_no_header_of_a_proxy() -> None:
    assert not uvicorn_config(FastAPI()).proxy_headers


class Only(NoRules):
    def __init__(self, *networks: str) -> None:
        self.networks: list[Network] = [ip_network(one) for one in networks]

    def allowed_networks(self, team_id: object) -> list[Network]:
        return self.networks if team_id is None else []


class Told:
    """What was refused."""

    def __init__(self) -> None:
        self.refused_attempts: list[tuple[str, str, str]] = []

    async def refused(self, actor: object, action: str, resource: str, *, team_id: object = None, detail: str) -> None:
        assert actor is None
        assert team_id is None
        self.refused_attempts.append((action, resource, detail))


def caller(rules: NoRules, address: str = "203.0.113.9", told: Told | None = None) -> httpx.AsyncClient:
    app = FastAPI()
    app.state.refusals = told

    @app.get("/origin")
    async def tell() -> list[str]:
        here = origin.current()
        return [here.address, here.trace_id, here.agent]

    @app.get("/scheme")
    async def scheme(request: Request) -> str:
        return request.url.scheme

    app.add_middleware(Door, rules=rules)
    transport = httpx.ASGITransport(app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://hub", headers={"user-agent": "tester"})


async def test_the_caller_s_trace_goes_on() -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with caller(NoRules()) as client:
        answer = await client.get("/origin", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        assert answer.json() == ["203.0.113.9", trace, "tester"]
        assert trace in answer.headers["traceresponse"]


@pytest.mark.parametrize("parent", ["", "00-zz-00-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", "x" * 10_000])
async def test_a_trace_that_is_none_is_replaced_by_a_new_one(parent: str) -> None:
    async with caller(NoRules()) as client:
        first, second = [(await client.get("/origin", headers={"traceparent": parent})).json()[1] for _ in range(2)]
    assert len(first) == 32
    assert first != second


async def test_the_hub_is_closed_to_addresses_that_its_list_does_not_name() -> None:
    told = Told()
    async with caller(Only("198.51.100.0/24", "2001:db8::/32"), told=told) as client:
        answer = await client.get("/origin")
        assert told.refused_attempts == [("access.deny", "hub", answer.json()["detail"])]
        assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        assert "203.0.113.9" in answer.json()["detail"]
    for address in ("198.51.100.7", "2001:db8::5"):
        async with caller(Only("198.51.100.0/24", "2001:db8::/32"), address) as client:
            assert (await client.get("/origin")).status_code == 200
