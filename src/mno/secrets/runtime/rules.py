"""The rules of the runtime environment as pure functions: names, values, and which entry wins."""

import re
from collections.abc import Iterable, Sequence

from mno.platform.errors import Invalid
from mno.platform.scope import Level, Scope
from mno.secrets.runtime.model import (
    LEVELS,
    MAX_ENTRY_NAME_CHARACTERS,
    MAX_PURPOSE_CHARACTERS,
    MAX_SCOPE_NAME_CHARACTERS,
    MAX_VALUE_BYTES,
    Entry,
)

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: What changes how a program is loaded or found; who may set a variable may not thereby run other code.
_LOADING = re.compile(
    r"(MNO_|LD_|DYLD_|BASH_FUNC_|GIT_CONFIG).*|PATH|IFS|ENV|BASH_ENV|SHELLOPTS|PS4|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP"
    r"|NODE_OPTIONS|NODE_PATH|PERL5LIB|PERL5OPT|RUBYOPT|RUBYLIB|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS"
    r"|GIT_SSH_COMMAND|GIT_EXTERNAL_DIFF|HOME|SHELL",
    re.IGNORECASE,
)
_DEPTH = {Level.TEAM: 0, Level.PROJECT: 1, Level.AGENT: 2, Level.TASK: 2}


def check_name(name: str) -> str:
    """The name of an environment variable: letters, digits, `_`. The message does not repeat what was sent: people
    paste values into the wrong field.
    """
    if len(name) > MAX_ENTRY_NAME_CHARACTERS or not _NAME.fullmatch(name):
        raise Invalid(
            f"A name has 1 to {MAX_ENTRY_NAME_CHARACTERS} letters, digits and '_', and does not begin with a digit."
        )
    if _LOADING.fullmatch(name):
        raise Invalid("This name is reserved: it would change how programs are found or loaded.")
    return name


def check_value(value: str) -> str:
    """1 byte to MAX_VALUE_BYTES of UTF-8 without a NUL, which no environment can hold."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Invalid("The value is not valid Unicode text.") from None
    if not 0 < size <= MAX_VALUE_BYTES:
        raise Invalid(f"A value has 1 to {MAX_VALUE_BYTES} bytes; this one has {size}.")
    if "\0" in value:
        raise Invalid("A value cannot contain a NUL character.")
    return value


def check_purpose(purpose: str) -> str:
    purpose = purpose.strip()
    if not 0 < len(purpose) <= MAX_PURPOSE_CHARACTERS or "\0" in purpose:
        raise Invalid(f"Say in 1 to {MAX_PURPOSE_CHARACTERS} characters what it is for.")
    return purpose


def check_scope(scope: Scope) -> Scope:
    """A team, project, agent or task with what it needs."""
    if scope.level not in LEVELS:
        raise Invalid("The environment is kept for a team, a project, an agent or a task.")
    if (scope.level is Level.TEAM) != (scope.project_id is None):
        raise Invalid("A project, agent or task is named with its project; a team without.")
    if (scope.level in (Level.AGENT, Level.TASK)) != bool(scope.name):
        raise Invalid("An agent or a task is named; a team and a project are not.")
    if len(scope.name) > MAX_SCOPE_NAME_CHARACTERS or "\0" in scope.name:
        raise Invalid(f"The name of an agent or task has at most {MAX_SCOPE_NAME_CHARACTERS} characters.")
    return scope


def chain(scope: Scope) -> list[Scope]:
    """The scopes whose entries an execution on this one receives, the widest first."""
    found = [Scope.team(scope.team_id)]
    if scope.project_id is not None:
        found.append(Scope.project(scope.team_id, scope.project_id))
    if scope.level in (Level.AGENT, Level.TASK):
        found.append(scope)
    return found


def winners(entries: Iterable[Entry]) -> list[Entry]:
    """For each name the entry of the narrowest scope, in the order of the names."""
    won: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda one: _DEPTH[one.scope.level]):
        won[entry.name] = entry
    return [won[name] for name in sorted(won)]


def check_found(names: Sequence[str] | None, found: Sequence[Entry]) -> None:
    """`Invalid` naming the first of the wanted names that is not there."""
    if names is None:
        return
    missing = sorted(set(names) - {entry.name for entry in found})
    if missing:
        raise Invalid(
            f"The environment has no {missing[0]!r} here"
            + (f" (and {len(missing) - 1} more)." if len(missing) > 1 else ".")
        )
