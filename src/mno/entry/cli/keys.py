"""`mno keys` and `mno link`: API keys, and a new way in for a person."""

from enum import StrEnum
from typing import Annotated

import typer

from mno.entry.cli.connection import server
from mno.entry.cli.output import JsonFlag, print_json, print_table

app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)


class ScopeName(StrEnum):
    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[ScopeName], typer.Option(help="What it may do; repeat for several.")] = [ScopeName.INGEST],  # noqa: B006 - read only
    as_json: JsonFlag = False,
) -> None:
    """Create a key and print it. It cannot be shown again."""
    with server() as hub:
        key = hub.post("/api/keys", {"name": name, "scopes": [str(one) for one in scope]})
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
        (key["id"], key["name"], f"{key['prefix']}…", ", ".join(key["scopes"]), key["last_used_at"], key["revoked_at"])
        for key in keys["items"]
    ]
    print_table(("id", "name", "key", "scopes", "last used", "revoked"), rows, empty="There are no keys yet.")


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, as `mno keys list` shows it.")], as_json: JsonFlag = False
) -> None:
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
