"""Servers out of the documents that clients and the MCP registry keep."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.mcp_gateway.importing import imported
from mno.mcp_gateway.model import CredentialKind, Transport
from mno.platform.errors import Invalid

CONFIGURED = {
    "mcpServers": {
        "My Search": {"url": "https://search.example.com/mcp", "headers": {"Authorization": "Bearer abc"}},
        "old": {"type": "sse", "url": "https://old.example.com/sse"},
        "files": {"command": "npx", "args": ["-y", "server-files", "/srv"], "env": {"TOKEN": "x"}, "cwd": "/srv"},
        "later": {"url": "https://later.example.com", "headers": {"x-key": "${KEY}"}},
        "asked": {"command": "npx", "args": ["${input:name}"]},
        "two": {"url": "https://two.example.com", "headers": {"a": "1", "b": "2"}},
        "nothing": {},
        "text": "no object",
    }
}
PUBLISHED = {
    "name": "io.github.example/weather-mcp",
    "description": "Weather",
    "version": "0.5.0",
    "packages": [
        {"registryType": "oci", "identifier": "example/weather", "version": "1"},
        {
            "registryType": "pypi",
            "identifier": "weather-mcp-server",
            "version": "0.5.0",
            "runtimeHint": "uvx",
            "transport": {"type": "stdio"},
            "packageArguments": [
                {"type": "positional", "value": "serve"},
                {"type": "named", "name": "--mode", "default": "local"},
                {"type": "named", "name": "--region", "value": "{region}", "variables": {"region": {"default": "eu"}}},
                {"type": "positional", "valueHint": "city", "isRequired": True},
            ],
            "environmentVariables": [
                {"name": "WEATHER_API_KEY", "isRequired": True, "isSecret": True},
                {"name": "WEATHER_UNITS", "default": "celsius"},
                {"name": "WEATHER_DEBUG"},
            ],
        },
    ],
}
VALUES = {"WEATHER_API_KEY": "secret", "city": "Taipei"}


def test_what_clients_keep_is_taken_and_what_cannot_be_is_named() -> None:
    taken, left = imported(CONFIGURED)
    assert [(one["name"], one["transport"]) for one in taken] == [
        ("my-search", Transport.HTTP),
        ("old", Transport.SSE),
        ("files", Transport.STDIO),
    ]
    assert (taken[0]["credential_kind"], taken[0]["credential"]) == (CredentialKind.BEARER, "abc")
    assert taken[2] == {
        "name": "files",
        "transport": Transport.STDIO,
        "command": "npx",
        "args": ("-y", "server-files", "/srv"),
        "folder": "/srv",
        "environment": {"TOKEN": "x"},
    }
    assert [one.partition(":")[0] for one in left] == ["later", "asked", "two", "nothing", "text"]


def test_a_package_of_the_registry_becomes_a_program_with_what_it_asks_for() -> None:
    (found,), left = imported({**PUBLISHED, "values": VALUES})
    assert left == []
    assert (found["name"], found["transport"], found["command"]) == ("weather-mcp", Transport.STDIO, "uvx")
    assert found["args"] == (*("weather-mcp-server@0.5.0", "serve", "--mode", "local", "--region", "eu", "Taipei"),)
    assert found["environment"] == {"WEATHER_API_KEY": "secret", "WEATHER_UNITS": "celsius"}


def test_what_a_package_asks_for_and_nobody_gives_is_named() -> None:
    _, (reason,) = imported({**PUBLISHED, "values": {"city": "Taipei"}})
    assert "WEATHER_API_KEY" in reason
    _, (reason,) = imported(PUBLISHED)
    assert "city" in reason


def test_a_remote_is_preferred_to_a_package() -> None:
    remotes = [
        {"type": "websocket", "url": "wss://example.com"},
        {
            "type": "streamable-http",
            "url": "https://{tenant}.example.com/mcp",
            "variables": {"tenant": {"isRequired": True}},
            "headers": [{"name": "X-API-Key", "isRequired": True, "isSecret": True}, {"name": "X-Region"}],
        },
    ]
    (found,), _ = imported({**PUBLISHED, "remotes": remotes, "values": {"tenant": "acme", "X-API-Key": "k"}})
    assert (found["transport"], found["address"]) == (Transport.HTTP, "https://acme.example.com/mcp")
    assert (found["header"], found["credential"]) == ("x-api-key", "k")


def test_the_older_spelling_and_the_answers_of_the_registry_are_understood() -> None:
    old = {
        "name": "io.modelcontextprotocol/brave-search",
        "packages": [
            {
                "registry_type": "npm",
                "identifier": "@modelcontextprotocol/server-brave-search",
                "version": "1.0.2",
                "environment_variables": [{"name": "BRAVE_API_KEY", "is_required": True}],
            }
        ],
    }
    remote = {"name": "x/sse", "remotes": [{"transport_type": "sse", "url": "https://example.com/sse"}]}
    taken, left = imported({"servers": [{"server": old}, {"server": remote}], "values": {"BRAVE_API_KEY": "b"}})
    assert left == []
    assert taken[0]["args"] == ("-y", "@modelcontextprotocol/server-brave-search@1.0.2")
    assert (taken[1]["name"], taken[1]["transport"]) == ("sse", Transport.SSE)


@pytest.mark.parametrize(
    "package",
    [
        {"registryType": "nuget", "identifier": "A"},
        {"registryType": "npm", "identifier": "--eval=x"},
        {"registryType": "npm", "identifier": "a", "runtimeHint": "bash"},
        {"registryType": "npm", "identifier": "a", "transport": {"type": "streamable-http"}},
    ],
)
def test_a_package_that_is_not_started_is_named(package: dict[str, Any]) -> None:
    taken, left = imported({"name": "x/y", "packages": [package]})
    assert (taken, len(left)) == ([], 1)


@pytest.mark.parametrize("document", [{}, {"mcpServers": []}, {"servers": 5}])
def test_what_is_no_such_document_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="mcpServers"):
        imported(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["name", "remotes", "packages", "type", "url", "headers", "value", "variables", "identifier", "registryType"]


@given(
    st.dictionaries(
        st.sampled_from(["mcpServers", "servers", "packages", "remotes", "server", "values", "name"]),
        JSON
        | st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5), max_size=3)
        | st.dictionaries(
            st.text(max_size=3),
            st.dictionaries(st.sampled_from(["command", "args", "env", "url", "headers", "cwd"]), JSON, max_size=4),
            max_size=2,
        ),
    )
)
def test_no_document_does_harm(document: dict[str, Any]) -> None:
    try:
        taken, left = imported(document)
    except Invalid:
        return
    assert all(one["transport"] in Transport for one in taken)
    assert all(isinstance(one, str) for one in left)
