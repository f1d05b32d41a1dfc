"""`mno prices`: what models cost, newer price data, and pricing a range again."""

import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mno.entry.cli.connection import server
from mno.entry.cli.output import JsonFlag, print_json, print_table

if TYPE_CHECKING:
    from mno.entry.cli.connection import Server

app = typer.Typer(help="Prices: list, add, remove, import, rerate.", no_args_is_help=True)

BUCKETS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "input_audio", "output_audio")
_POLL_S = 0.5


@app.command("list")
def list_prices(
    query: Annotated[str, typer.Argument(help="Part of a model's name.")] = "",
    provider: Annotated[str | None, typer.Option(help="Of one provider only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Lines to show.")] = 50,
    as_json: JsonFlag = False,
) -> None:
    """List prices in USD per million tokens: custom ones first, then the price data's."""
    with server() as hub:
        prices = hub.get("/api/prices", q=query or None, provider=provider, limit=limit)
    if as_json:
        print_json(prices)
        return
    data = prices["data"]
    rows = [
        (one["provider"] or "any", one["model"], one["prices"].get("input"), one["prices"].get("cache_read"),
         one["prices"].get("output"), f"custom since {one['valid_from'][:10]}, {one['currency']}")
        for one in prices["custom"]
    ]  # fmt: skip
    rows += [
        (
            one["provider"],
            one["model"],
            one["input"],
            one["cache_read"],
            one["output"],
            "tiered" if one["tiered"] else "",
        )
        for one in prices["items"]
    ]
    print_table(("provider", "model", "input", "cache read", "output", ""), rows, empty="No price fits.")
    typer.echo(
        f"{data['source']} {data['version']}, {data['age_days']} days old; {prices['total']} models fit.", err=True
    )


@app.command("add")
def add(
    model: Annotated[str, typer.Argument(help="Model, or a pattern with *.")],
    input_price: Annotated[str, typer.Option("--input", help="Per million input tokens.")],
    output_price: Annotated[str, typer.Option("--output", help="Per million output tokens.")],
    cache_read: Annotated[str | None, typer.Option(help="Per million tokens read from the cache.")] = None,
    cache_write_5m: Annotated[str | None, typer.Option("--cache-write-5m", help="… written for 5 minutes.")] = None,
    cache_write_1h: Annotated[str | None, typer.Option("--cache-write-1h", help="… written for an hour.")] = None,
    provider: Annotated[str, typer.Option(help="Of one provider only.")] = "",
    currency: Annotated[str, typer.Option(help="ISO 4217.")] = "USD",
    valid_from: Annotated[str | None, typer.Option(help="RFC 3339; default: always.")] = None,
    note: Annotated[str, typer.Option(help="Why, for those who look later.")] = "",
    as_json: JsonFlag = False,
) -> None:
    """Add a custom price; it wins over the price data."""
    given = {
        "input": input_price,
        "output": output_price,
        "cache_read": cache_read,
        "cache_write_5m": cache_write_5m,
        "cache_write_1h": cache_write_1h,
    }
    body = {
        "provider": provider,
        "model": model,
        "currency": currency,
        "valid_from": valid_from or "1970-01-01T00:00:00Z",
        "prices": {bucket: price for bucket, price in given.items() if price is not None},
        "note": note,
    }
    with server() as hub:
        created = hub.post("/api/prices", body)
    if as_json:
        print_json(created)
    else:
        typer.echo(
            f"{created['id']} is added. Calls from now on use it; `mno prices rerate` prices earlier ones again."
        )


@app.command("remove")
def remove(
    price_id: Annotated[str, typer.Argument(help="The price's id, as `mno prices list --json` shows it.")],
    as_json: JsonFlag = False,
) -> None:
    """Remove a custom price."""
    with server() as hub:
        hub.delete(f"/api/prices/{price_id}")
    if as_json:
        print_json({"id": price_id, "removed": True})
    else:
        typer.echo(f"{price_id} is removed.")


@app.command("import")
def import_prices(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="genai-prices data as JSON.")],
    as_json: JsonFlag = False,
) -> None:
    """Bring newer price data where there is no network."""
    with server() as hub:
        data = hub.send("/api/prices/import", file.read_bytes())
    if as_json:
        print_json(data)
    else:
        typer.echo("The price data is imported; calls from now on use it.")


@app.command("rerate")
def rerate(
    since: Annotated[str, typer.Option("--from", help="RFC 3339, or relative such as -30d.")],
    until: Annotated[str, typer.Option("--to", help="The end, exclusive.")] = "now",
    as_json: JsonFlag = False,
) -> None:
    """Price the calls of a range again, rollups included."""
    with server() as hub:
        job = hub.post("/api/prices/rerate", {"from": _moment(since), "to": _moment(until)})
        job = _followed(hub, job, quiet=as_json)
    if as_json:
        print_json(job)
    elif job["state"] == "done":
        typer.echo(f"{job['done']} calls looked at, {job['changed']} changed.")
    if job["state"] == "failed":
        typer.secho(f"mno: pricing failed: {job.get('error')}", err=True, fg="red")
        raise typer.Exit(1)


def _moment(text: str) -> str:
    """A bare date stands for its first moment in UTC; everything else is the server's to read."""
    try:
        return f"{date.fromisoformat(text).isoformat()}T00:00:00Z"
    except ValueError:
        return text


def _followed(hub: "Server", job: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("Pricing", total=job["total"] or None)
        while job["state"] == "running":
            time.sleep(_POLL_S)
            job = hub.get(f"/api/prices/rerate/{job['id']}")
            progress.update(task, completed=job["done"], total=job["total"] or None)
    return job
