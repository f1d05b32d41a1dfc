"""Addresses where the resources of all servers are offered at once can be undone, whatever a server calls its own."""

from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.model import Server
from mno.mcp_gateway.protocol import addresses
from mno.mcp_gateway.servers.service import Ready
from mno.platform import clock
from mno.platform.ids import new_id
from mno.platform.upstream.pool import Origin


def ready(name: str) -> Ready:
    server = Server(id=new_id(), team_id=new_id(), name=name, address="", created_at=clock.now())
    return Ready(server, Origin(secure=False, host="", port=0), "", "", None)


SERVERS = {name: ready(name) for name in ("a", "a-b", "0", "files")}


@given(st.sampled_from(sorted(SERVERS)), st.text(min_size=1, max_size=40))
def test_a_resource_is_found_again_behind_its_server(server: str, address: str) -> None:
    assert addresses.inner(SERVERS, addresses.outer(server, address)) == (SERVERS[server], address)


def test_an_address_keeps_its_form_and_its_variables() -> None:
    assert addresses.outer("files", "file:///{path}") == "mno+files+file:///{path}"


def test_what_names_no_server_is_nobodys() -> None:
    for address in ("file:///a", "mno+other+file:///a", "mno+files+", "mno+", ""):
        assert addresses.inner(SERVERS, address) is None
