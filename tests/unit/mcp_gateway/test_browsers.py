"""Which pages may ask: those of the hub's own address, where no other name can lead to it."""

import pytest

from mno.mcp_gateway.clients.browsers import check_origin
from mno.platform.errors import Denied


@pytest.mark.parametrize(
    ("origin", "host", "public_url", "may"),
    [
        (None, "evil.example", "", True),  # no browser
        ("http://localhost:8420", "localhost:8420", "", True),
        ("http://127.0.0.1:8420", "127.0.0.1:8420", "", True),
        ("http://[::1]:8420", "[::1]:8420", "", True),
        ("http://192.0.2.7", "192.0.2.7", "", True),
        ("https://hub.example", "hub.example", "https://hub.example", True),
        ("https://hub.example", "10.0.0.1:8420", "https://hub.example", True),  # behind a proxy
        ("https://hub.example:8443", "h", "https://hub.example:8443/path", True),
        ("http://evil.example", "evil.example", "", False),  # a name that was led here
        ("http://evil.example:8420", "localhost:8420", "", False),
        ("http://localhost:3000", "localhost:8420", "", False),
        ("http://evil.example", "evil.example", "https://hub.example", False),
        ("http://hub.example", "hub.example", "https://hub.example", False),
        ("https://hub.example.evil", "hub.example", "https://hub.example", False),
        ("null", "localhost:8420", "", False),
        ("", "localhost:8420", "", False),
        ("http://[", "localhost:8420", "", False),
        ("http://localhost:8420", "", "", False),
    ],
)
def test_only_pages_of_the_hubs_own_address_may(origin: str | None, host: str, public_url: str, may: bool) -> None:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    if may:
        check_origin(headers, public_url)
    else:
        with pytest.raises(Denied, match="may not ask"):
            check_origin(headers, public_url)


def test_a_second_origin_hides_behind_no_first() -> None:
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost"), (b"origin", b"http://evil.example")]
    with pytest.raises(Denied):
        check_origin(headers, "")
