"""Names where the tools of all servers are offered at once: each is one tool's, and leads to it."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.servers.naming import Names

# three short words, so that names meet each other all the time
_WORDS = st.sampled_from(["a", "b", "x"])
_MEETING = st.lists(_WORDS, min_size=1, max_size=2).map("_".join)
_LONGER = st.lists(_WORDS, min_size=3, max_size=4).map("_".join)
_STRANGE = st.lists(st.sampled_from(["a", "b", "", "."]), min_size=1, max_size=4).map("_".join).filter(bool)
_TOOLS = st.one_of(_MEETING, _MEETING, _LONGER, _STRANGE, st.text(min_size=1, max_size=8))


@st.composite
def teams(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Prefixes by server as the registry lets them be, and the tools of each server."""
    servers = draw(st.lists(_WORDS, unique=True, min_size=1, max_size=3))
    prefixes: dict[str, str] = {}
    for server in servers:
        wish = draw(st.one_of(st.just(""), st.just(server), st.sampled_from(["a", "b", "x", "p"])))
        taken = ({*servers} - {server}) | {*prefixes.values()}
        prefixes[server] = server if wish and wish in taken else wish
    return prefixes, {server: draw(st.sets(_TOOLS, max_size=8)) for server in servers}


def names_of(prefixes: Mapping[str, str], tools: Mapping[str, set[str]]) -> Names:
    return Names.of(prefixes, {server: tools[server] for server, prefix in prefixes.items() if not prefix})


@given(teams())
def test_every_tool_has_a_name_of_its_own_that_leads_to_it(team: tuple[dict[str, str], dict[str, set[str]]]) -> None:
    prefixes, tools = team
    names = names_of(prefixes, tools)
    found = [(server, tool, names.tool(server, tool)) for server in prefixes for tool in tools[server]]
    assert all(name is not None for _, _, name in found)
    assert len({name for _, _, name in found}) == len(found)
    for server, tool, name in found:
        assert name is not None
        assert names.find_tool(name) == (server, tool)
        assert name in (tool, f"{server}_{tool}") if not prefixes[server] else name == f"{prefixes[server]}_{tool}"


@given(teams(), st.data())
def test_what_came_since_takes_no_name_of_another_tool(
    team: tuple[dict[str, str], dict[str, set[str]]], data: st.DataObject
) -> None:
    prefixes, tools = team
    known = {server: {tool for tool in tools[server] if data.draw(st.booleans())} for server in sorted(prefixes)}
    names = names_of(prefixes, known)
    found = [(server, tool, names.tool(server, tool)) for server in prefixes for tool in tools[server]]
    listed = [(server, tool, name) for server, tool, name in found if name is not None]
    assert {(server, tool) for server, tool, _ in listed} >= {(one, tool) for one in known for tool in known[one]}
    assert len({name for _, _, name in listed}) == len(listed)
    for server, tool, name in listed:
        assert names.find_tool(name) == (server, tool)


@given(teams(), st.text(min_size=1, max_size=40))
def test_a_prompt_is_found_again_whatever_stands_before_it(
    team: tuple[dict[str, str], dict[str, set[str]]], prompt: str
) -> None:
    prefixes, tools = team
    names = names_of(prefixes, tools)
    told = {server: names.prompt(server, prompt) for server in prefixes}
    assert len({*told.values()}) == len(told)
    for server, name in told.items():
        assert names.find(name) == (server, prompt)


def test_the_server_s_name_stands_before_what_could_be_anothers() -> None:
    bare = {"slack": {"slack_post", "search", "gh_list"}, "wiki": {"search", "slack_post_2", "read"}}
    names = Names.of({"slack": "", "wiki": "", "github": "gh"}, bare)
    assert {tool: names.tool("slack", tool) for tool in sorted(bare["slack"])} == {
        "gh_list": "slack_gh_list",  # github's prefix
        "search": "slack_search",  # wiki has one too
        "slack_post": "slack_post",  # its own name before its own tool
    }
    assert {tool: names.tool("wiki", tool) for tool in sorted(bare["wiki"])} == {
        "read": "read",
        "search": "wiki_search",
        "slack_post_2": "wiki_slack_post_2",  # slack's name
    }
    assert names.tool("github", "list") == "gh_list"


def test_of_two_tools_of_one_server_that_could_have_one_name_the_longer_has_more_before_it() -> None:
    both = Names.of({"slack": ""}, {"slack": {"post", "slack_post"}})
    assert [both.tool("slack", tool) for tool in ("post", "slack_post")] == ["post", "slack_slack_post"]
    older = Names.of({"slack": ""}, {"slack": {"slack_post"}})
    assert [older.tool("slack", tool) for tool in ("post", "slack_post")] == [None, "slack_post"]


def test_a_server_s_name_leads_to_it_whatever_its_prefix_is() -> None:
    names = Names.of({"github": "gh", "wiki": ""}, {"wiki": {"read"}})
    assert [names.find_tool(name) for name in ("gh_list", "github_list")] == [("github", "list")] * 2
    assert [names.find_tool(name) for name in ("read", "wiki_read")] == [("wiki", "read")] * 2
    assert [names.find_tool(name) for name in ("list", "other_list", "gh_", "_list", "")] == [None] * 5
    assert names.tool("gone", "list") is None
