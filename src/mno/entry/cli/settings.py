"""`mno settings`: what holds, what a change would do, and what was changed before."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from mno.entry.cli.connection import server
from mno.entry.cli.output import JsonFlag, print_json, print_table

app = typer.Typer(help="Settings: read, change with a difference, history, roll back.", no_args_is_help=True)

_ROOM = "/api/config/system"


class LevelName(StrEnum):
    HUB = "hub"
    TEAM = "team"
    PROJECT = "project"


OnLevel = Annotated[LevelName, typer.Option("--level", help="Where it is set: the hub, the team or the project.")]
Name = Annotated[str, typer.Argument(help="The setting, such as retention.spans_days.")]
Value = Annotated[
    str | None,
    typer.Argument(help="JSON (30, true, '[\"10.0.0.0/8\"]') or plain text; none: back to what is inherited."),
]


@app.command("get")
def get(
    name: Annotated[str, typer.Argument(help="One setting; none for all.")] = "",
    level: OnLevel = LevelName.TEAM,
    as_json: JsonFlag = False,
) -> None:
    """Show what holds on a level and where it comes from."""
    with server() as hub:
        items = hub.get(_ROOM, level=level)["items"]
    found = [item for item in items if not name or item["name"] == name]
    if not found:
        raise typer.BadParameter(f"There is no setting '{name}' on the {level}; `mno settings get` lists them.")
    if as_json:
        print_json(found)
        return
    rows = [
        (item["name"], _shown(item["value"]), item["source"] or "default", item["words"]["en"]["title"])
        for item in found
    ]
    print_table(("setting", "value", "from", "what it is"), rows, empty="")


@app.command("set")
def set_value(
    name: Name,
    value: Value = None,
    level: OnLevel = LevelName.TEAM,
    note: Annotated[str, typer.Option(help="Why; it stands in the history.")] = "",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="Even if it locks this machine out.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Change a setting; it counts at once on every node."""
    wish = {"level": level, "values": {name: _parsed(value)}, "note": note, "confirmed": confirmed}
    with server() as hub:
        _print_changes(hub.put(_ROOM, wish), as_json=as_json)


@app.command("diff")
def diff(name: Name, value: Value = None, level: OnLevel = LevelName.TEAM, as_json: JsonFlag = False) -> None:
    """Show what a change would do, and change nothing."""
    with server() as hub:
        _print_changes(
            hub.put(_ROOM, {"level": level, "values": {name: _parsed(value)}, "preview": True}), as_json=as_json
        )


@app.command("history")
def history(level: OnLevel = LevelName.TEAM, as_json: JsonFlag = False) -> None:
    """Who changed what, newest first."""
    with server() as hub:
        found = hub.get(f"{_ROOM}/history", level=level)
    if as_json:
        print_json(found["items"])
        return
    rows = [
        (
            one["revision"],
            one["at"],
            one["by"],
            change["name"],
            _shown(change["before"]),
            _shown(change["after"]),
            one["note"],
        )
        for one in found["items"]
        for change in one["changes"]
    ]
    columns = ("revision", "at", "by", "setting", "before", "after", "note")
    print_table(columns, rows, empty="Nothing was changed yet.")


@app.command("rollback")
def rollback(
    revision: Annotated[int, typer.Argument(help="The revision whose values shall hold again; 0: none of its own.")],
    level: OnLevel = LevelName.TEAM,
    as_json: JsonFlag = False,
) -> None:
    """Bring back what held after an earlier save."""
    with server() as hub:
        _print_changes(hub.post(f"{_ROOM}/rollback", {"level": level, "to": revision}), as_json=as_json)


def _parsed(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _shown(value: Any) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _print_changes(saved: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(saved)
        return
    rows = [(change["name"], _shown(change["before"]), _shown(change["after"])) for change in saved["changes"]]
    print_table(("setting", "before", "after"), rows, empty="Nothing changes.")
    if saved["saved"]:
        typer.echo(f"Saved as revision {saved['revision']}.")
