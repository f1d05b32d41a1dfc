"""`mno audit`: is the log as it was written, and the key that signs its anchors."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mno.entry.cli.connection import server
from mno.entry.cli.output import JsonFlag, print_json, print_table
from mno.platform.errors import Denied

if TYPE_CHECKING:
    from mno.entry.cli.connection import Server

app = typer.Typer(help="The audit log: verify it, print its public key.", no_args_is_help=True)

_POLL_S = 0.3
#: Of the whole hub where the caller may, else of their own team.
_DOORS = ("/api/audit/hub/verification", "/api/audit/verification")


@app.command("verify")
def verify(
    team: Annotated[str, typer.Option(help="One chain only: a team's id, or hub.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Walk the chains, compare them with their anchors, and name the first bad entry. Ends with 1 if there is one."""
    with server() as hub:
        report = _verified(hub, team, quiet=as_json)
    bad = [one for one in report["items"] if one["fault"]]
    if as_json:
        print_json(report)
    else:
        rows = [
            (one["chain"], one["entries"], one["anchored"], one["erased"], one["fault"] or "whole", one["bad_seq"])
            for one in report["items"]
        ]
        columns = ("chain", "entries", "anchored up to", "erased", "result", "first bad entry")
        print_table(columns, rows, empty="There are no entries yet.")
        for one in bad:
            typer.secho(f"{one['chain']}: {one['message']}", err=True, fg="red")
    if bad:
        raise typer.Exit(1)


@app.command("key")
def key(as_json: JsonFlag = False) -> None:
    """Print the public key with which anchors are checked, for somebody who keeps it elsewhere."""
    with server() as hub:
        _, report = _first_door(hub)
    if as_json:
        print_json({"public_key": report["public_key"], "anchors_at": report["anchors_at"]})
    else:
        typer.echo(report["public_key"], nl=False)


def _first_door(hub: "Server") -> tuple[str, dict[str, Any]]:
    try:
        return _DOORS[0], hub.get(_DOORS[0])
    except Denied:
        return _DOORS[1], hub.get(_DOORS[1])


def _verified(hub: "Server", team: str, *, quiet: bool) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import Progress

    door, _ = _first_door(hub)
    report: dict[str, Any] = hub.post(door, {"chain": team})
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("Verifying", total=None)
        while any(one["is_running"] for one in _wanted(report, team)):
            time.sleep(_POLL_S)
            report = hub.get(door)
            progress.update(
                task,
                completed=sum(one["walked"] for one in _wanted(report, team)),
                total=sum(one["total"] for one in _wanted(report, team)) or None,
            )
    return report | {"items": _wanted(report, team)}


def _wanted(report: dict[str, Any], team: str) -> list[dict[str, Any]]:
    return [one for one in report["items"] if team in ("", one["chain"])]
