"""What a program's entry must keep to: pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from mno.mcp_gateway.model import Server
from mno.platform.errors import Denied, Invalid

#: The name of a program, or its path.
MAX_COMMAND_CHARACTERS = 500
#: Arguments of one program.
MAX_PROGRAM_ARGS = 100
#: One such argument.
MAX_ARG_CHARACTERS = 4_000
#: Variables of one program's environment.
MAX_PROGRAM_VARIABLES = 50
#: The value of one such variable.
MAX_VARIABLE_CHARACTERS = 10_000

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
#: Variables that would make another program of the one that the operator allows, or that are the hub's own.
_REFUSED = re.compile(
    r"PATH|IFS|ENV|BASH_ENV|NODE_OPTIONS|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|PERL5OPT|RUBYOPT|JAVA_TOOL_OPTIONS"
    r"|(LD|DYLD|MNO)_.*"
)


@dataclass(frozen=True, slots=True)
class Commands:
    """Which programs may be started: what the operator names in MNO_MCP_STDIO; `*` stands for any."""

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, text: str) -> "Commands":
        return cls(frozenset(name.strip() for name in text.split(",") if name.strip()))

    def allow(self, command: str) -> bool:
        return "*" in self.names or command in self.names

    def check(self, command: str) -> None:
        """`Denied` for a program that is not among them."""
        if not self.allow(command):
            raise Denied(
                f"The hub does not start '{command}'. Its operator says in MNO_MCP_STDIO which programs it does."
            )


def check_program(server: Server) -> None:
    """`Invalid` with what is wrong."""
    if not _is_plain(server.command, MAX_COMMAND_CHARACTERS) or server.command != server.command.strip():
        raise Invalid("A program needs a command, such as npx, uvx or /usr/local/bin/my-server.")
    if len(server.args) > MAX_PROGRAM_ARGS or not all(
        len(arg) <= MAX_ARG_CHARACTERS and "\0" not in arg for arg in server.args
    ):
        raise Invalid(f"A program has {MAX_PROGRAM_ARGS} arguments at most, of {MAX_ARG_CHARACTERS} characters each.")
    if server.folder and not (
        _is_plain(server.folder, MAX_COMMAND_CHARACTERS) and PurePosixPath(server.folder).is_absolute()
    ):
        raise Invalid("A program's folder is a whole path, such as /srv/files; empty: the hub makes one.")
    if server.address:
        raise Invalid("A program has no address.")


def checked_environment(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment itself, or `Invalid` with what is wrong."""
    if len(environment) > MAX_PROGRAM_VARIABLES:
        raise Invalid(f"A program has {MAX_PROGRAM_VARIABLES} variables at most.")
    for name, value in environment.items():
        if not _VARIABLE.fullmatch(name):
            raise Invalid(f"'{name[:60]}' is no name of a variable.")
        if _REFUSED.fullmatch(name):
            raise Invalid(f"The variable {name} would change what is started; it cannot be set.")
        if len(value) > MAX_VARIABLE_CHARACTERS or "\0" in value:
            raise Invalid(f"The value of {name} has more than {MAX_VARIABLE_CHARACTERS} characters.")
    return environment


def _is_plain(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isprintable()
