"""What a program's entry must keep to."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from mno.mcp_gateway.model import Server, Transport
from mno.mcp_gateway.ways.stdio.rules import Commands, check_program, checked_environment
from mno.platform import clock
from mno.platform.errors import Invalid

FINE = Server(uuid4(), uuid4(), "files", "", clock.now(), Transport.STDIO, command="npx", args=("-y", "some-server"))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"command": ""}, "needs a command"),
        ({"command": " npx"}, "needs a command"),
        ({"command": "np\nx"}, "needs a command"),
        ({"args": ("a\0b",)}, "arguments at most"),
        ({"args": ("x",) * 101}, "arguments at most"),
        ({"folder": "files"}, "whole path"),
        ({"address": "https://example.com"}, "no address"),
    ],
)
def test_a_program_that_cannot_be_is_refused_with_the_reason(wrong: dict[str, Any], why: str) -> None:
    check_program(FINE)
    with pytest.raises(Invalid, match=why):
        check_program(replace(FINE, **wrong))


@pytest.mark.parametrize(
    "name", ["PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "NODE_OPTIONS", "MNO_MASTER_KEY", "A-B"]
)
def test_a_variable_that_would_make_another_program_of_it_is_refused(name: str) -> None:
    assert checked_environment({"GITHUB_TOKEN": "x"}) == {"GITHUB_TOKEN": "x"}
    with pytest.raises(Invalid, match=name):
        checked_environment({name: "x"})


@pytest.mark.parametrize(
    ("named", "command", "allowed"),
    [
        ("", "npx", False),
        ("npx, uvx", "uvx", True),
        ("npx", "/usr/bin/npx", False),
        ("npx", "npx2", False),
        ("*", "anything", True),
    ],
)
def test_only_what_the_operator_names_may_be_started(named: str, command: str, allowed: bool) -> None:
    assert Commands.of(named).allow(command) is allowed
