"""`mno keys` and `mno link`: API keys, and a new way in for a person."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from mno.entry.cli.connection import server
from mno.entry.cli.output import JsonFlag, print_json, print_table

app = typer.Typer(help="API keys: create, list, rotate, revoke.", no_args_is_help=True)


class ScopeName(StrEnum):
    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"
    GATEWAY = "gateway"


KeyId = Annotated[str, typer.Argument(help="The key's id, as `mno keys list` shows it.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[
        list[ScopeName] | None,
        typer.Option(help="What it may do; repeat for several. `ingest`, unless permissions are named."),
    ] = None,
    permission: Annotated[
        list[str] | None, typer.Option(help="A single permission, such as audit.read; repeat for several.")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="The project it is for, as prj_…; yours if none is named.")
    ] = None,
    agent: Annotated[str, typer.Option(help="The one agent it is for; it may do nothing outside of it.")] = "",
    until: Annotated[datetime | None, typer.Option(help="When it ends, in this machine's time zone.")] = None,
    address: Annotated[
        list[str] | None, typer.Option(help="An address or network it works from; repeat for several.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Create a key and print it. It cannot be shown again."""
    scopes = [str(one) for one in scope or ([] if permission else [ScopeName.INGEST])]
    wish: dict[str, Any] = {
        "name": name,
        "scopes": scopes or None,
        "permissions": permission or [],
        "project": project,
        "agent": agent,
        "expires_at": until.astimezone().isoformat() if until else None,
        "allowed_addresses": address or [],
    }
    with server() as hub:
        _print_new(hub.post("/api/keys", wish), as_json=as_json)


@app.command("rotate")
def rotate(
    key_id: KeyId,
    overlap: Annotated[int, typer.Option(min=0, help="For how many hours the old key goes on working.")] = 24,
    as_json: JsonFlag = False,
) -> None:
    """Create a key in the place of another and print it; the old one ends after the overlap."""
    with server() as hub:
        _print_new(hub.post(f"/api/keys/{key_id}/rotate", {"overlap_s": overlap * 3600}), as_json=as_json)


def _print_new(key: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(key)
    else:
        typer.echo(key["key"])


@app.command("list")
def list_keys(as_json: JsonFlag = False) -> None:
    """List the keys, without their secrets."""
    with server() as hub:
        keys = hub.get("/api/keys")
    if as_json:
        print_json(keys)
        return
    rows = [
        (
            key["id"],
            key["name"],
            f"{key['prefix']}…",
            ", ".join([*key["scopes"], *key["permissions"]]),
            key["agent"],
            ", ".join(key["allowed_addresses"]),
            key["last_used_at"],
            key["expires_at"],
            key["revoked_at"],
        )
        for key in keys["items"]
    ]
    columns = ("id", "name", "key", "may", "agent", "from", "last used", "ends", "revoked")
    print_table(columns, rows, empty="There are no keys yet.")


@app.command("revoke")
def revoke(key_id: KeyId, as_json: JsonFlag = False) -> None:
    """End a key at once."""
    with server() as hub:
        hub.delete(f"/api/keys/{key_id}")
    if as_json:
        print_json({"id": key_id, "revoked": True})
    else:
        typer.echo(f"{key_id} is revoked.")


def link(as_json: JsonFlag = False) -> None:
    """Print a sign-in link that works once."""
    with server() as hub:
        created = hub.post("/api/auth/link", {})
    if as_json:
        print_json(created)
    else:
        typer.echo(created["url"])
