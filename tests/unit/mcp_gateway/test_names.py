"""Names and addresses where all servers are offered at once can be undone, whatever a server calls its own."""

from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.model import Server
from mno.mcp_gateway.protocol import names
from mno.mcp_gateway.servers.service import Ready
from mno.platform import clock
from mno.platform.ids import new_id
from mno.platform.upstream.pool import Origin


def ready(name: str) -> Ready:
    server = Server(id=new_id(), team_id=new_id(), name=name, address="", created_at=clock.now())
    return Ready(server, Origin(secure=False, host="", port=0), "", "", None)


SERVERS = {name: ready(name) for name in ("a", "a-b", "0", "files")}
INNER = st.text(min_size=1, max_size=40)


@given(st.sampled_from(sorted(SERVERS)), INNER)
def test_a_prompt_is_found_again_behind_its_server(server: str, name: str) -> None:
    outer = names.outer_prompt(SERVERS[server], name)
    assert names.inner_prompt(SERVERS, outer) == (SERVERS[server], name)


@given(st.sampled_from(sorted(SERVERS)), INNER)
def test_a_resource_is_found_again_behind_its_server(server: str, address: str) -> None:
    outer = names.outer_address(SERVERS[server], address)
    assert names.inner_address(SERVERS, outer) == (SERVERS[server], address)


def test_an_address_keeps_its_form_and_its_variables() -> None:
    assert names.outer_address(SERVERS["files"], "file:///{path}") == "mno+files+file:///{path}"


def test_what_names_no_server_is_nobodys() -> None:
    for address in ("file:///a", "mno+other+file:///a", "mno+files+", "mno+", ""):
        assert names.inner_address(SERVERS, address) is None
    for name in ("review", "other_review", "files_", ""):
        assert names.inner_prompt(SERVERS, name) is None
