"""`mno secrets`: names, purposes and scopes of secrets and variables; setting, deleting, and new keys.

A value is never an argument, because every account of the machine can read those: it is asked for on the
terminal, or read from standard input.
"""

import sys
from enum import StrEnum
from typing import Annotated, Any

import typer

from mno.entry.cli.connection import server
from mno.entry.cli.output import JsonFlag, print_json, print_table

app = typer.Typer(help="Secrets and variables: list, set, delete; new keys.", no_args_is_help=True)

_ROOM = "/api/config/runtime"


class LevelName(StrEnum):
    TEAM = "team"
    PROJECT = "project"
    AGENT = "agent"
    TASK = "task"


Level = Annotated[LevelName, typer.Option("--level", help="Where it holds: team, project, agent or task.")]
Project = Annotated[str, typer.Option(help="The project's id, prj_…, from the project down.")]
ScopeName = Annotated[str, typer.Option("--scope-name", help="The name of the agent or task.")]


@app.command("list")
def list_entries(
    level: Annotated[LevelName | None, typer.Option("--level", help="Of one level only.")] = None,
    project: Annotated[str | None, typer.Option(help="Of one project only, prj_….")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List secrets (never their values) and variables."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    with server() as hub:
        while True:
            page = hub.get(_ROOM, level=level, project=project, cursor=cursor, limit=200)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    if as_json:
        print_json(items)
        return
    rows = [
        (one["id"], _scope(one["scope"]), one["name"], one["kind"], one["value"] or "", one["purpose"],
         f"{one['rotated_at'][:16]} by {one['rotated_by']}")
        for one in items
    ]  # fmt: skip
    print_table(
        ("id", "scope", "name", "kind", "value", "purpose", "last set"), rows, empty="There are no entries yet."
    )


@app.command("set")
def set_entry(
    name: Annotated[str, typer.Argument(help="The environment variable's name.")],
    purpose: Annotated[str, typer.Option(help="What it is for.")],
    level: Level = LevelName.TEAM,
    project: Project = "",
    scope_name: ScopeName = "",
    variable: Annotated[bool, typer.Option("--variable", help="A plain variable, which can be read.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Add or change a secret. The value comes from standard input, or is asked for."""
    body = {
        "scope": {"level": str(level), "project": project or None, "name": scope_name},
        "name": name,
        "kind": "variable" if variable else "secret",
        "purpose": purpose,
        "value": _value(hidden=not variable),
    }
    with server() as hub:
        changed = hub.put(_ROOM, body)
    _tell(changed, as_json, f"{name} is set.")


@app.command("delete")
def delete(
    entry_id: Annotated[str, typer.Argument(help="The entry's id, as `mno secrets list` shows it.")],
    as_json: JsonFlag = False,
) -> None:
    """Delete a secret or a variable with its value."""
    with server() as hub:
        changed = hub.delete(f"{_ROOM}/{entry_id}")
    _tell(changed, as_json, f"{entry_id} is deleted.")


@app.command("rotate-data-key")
def rotate_data_key(
    hub_key: Annotated[bool, typer.Option("--hub", help="The hub's own instead of the team's.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Encrypt everything of the team anew under a new data key, in the background."""
    _rotate("hub-data-key" if hub_key else "data-key", as_json)


@app.command("rotate-master-key")
def rotate_master_key(as_json: JsonFlag = False) -> None:
    """Wrap every data key anew: under a new key in the data folder, or the first one in MNO_MASTER_KEY."""
    _rotate("master-key", as_json)


@app.command("rotations")
def rotations(as_json: JsonFlag = False) -> None:
    """List rotations and how far they are."""
    with server() as hub:
        items = hub.get(f"{_ROOM}/rotations")["items"]
    if as_json:
        print_json(items)
        return
    rows = [
        (one["id"], one["of"], one["kind"], one["state"], one["done"], one["created_at"][:19], one["error"])
        for one in items
    ]
    print_table(("id", "of", "key", "state", "done", "begun", "error"), rows, empty="No key was rotated yet.")


def _rotate(which: str, as_json: bool) -> None:
    with server() as hub:
        begun = hub.post(f"{_ROOM}/rotations/{which}", {})
    if as_json:
        print_json(begun)
    else:
        typer.echo(f"{begun['id']} has begun; `mno secrets rotations` shows how far it is.")


def _value(*, hidden: bool) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Value", hide_input=hidden))
    return sys.stdin.read().removesuffix("\n")


def _tell(changed: dict[str, Any], as_json: bool, done: str) -> None:
    if as_json:
        print_json(changed)
    elif changed["state"] == "waiting":
        typer.echo(f"It waits for a second person: {changed['approval']}.")
    else:
        typer.echo(done)


def _scope(scope: dict[str, Any]) -> str:
    return " ".join(part for part in (scope["level"], scope["project"], scope["name"]) if part)
