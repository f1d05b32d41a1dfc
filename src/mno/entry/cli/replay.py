"""`mno replay`: sends a file of past calls, as fast as it goes or in its own rhythm."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mno.entry.cli.connection import server
from mno.entry.cli.output import JsonFlag, print_json
from mno.platform.errors import Invalid

if TYPE_CHECKING:
    from mno.entry.cli.connection import Server
    from mno.observability.ingest.replay import Call, Replay

BATCH = 500
#: In its own rhythm, calls are sent together that are due within this time.
_RHYTHM_S = 0.2


def replay(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or JSON lines, also gzipped.")],
    provider: Annotated[str, typer.Option(help="Provider of calls that name none.")],
    model: Annotated[str, typer.Option(help="Model of calls that name none.")],
    speed: Annotated[str, typer.Option(help="Times its own speed, or max.")] = "max",
    users: Annotated[int, typer.Option(min=0, max=100_000, help="Invent that many users; 0 for none.")] = 0,
    keep_times: Annotated[bool, typer.Option("--keep-times", help="Leave the times as they are.")] = False,
    weeks: Annotated[int, typer.Option(min=0, help="Rehearse: let the file fill that many weeks.")] = 0,
    fault: Annotated[bool, typer.Option("--fault", help="And let one agent run away in the last whole hour.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Send a file of past calls as token events.

    Times are shifted so that the last call is now. Columns that the file does not have are synthetic and
    called so, here and in a tag of every event.
    """
    from mno.observability.ingest.replay import Replay, read_file

    factor = _factor(speed)
    calls, invented = _rehearsed(read_file(file), weeks, fault=fault)
    plan = Replay.of(
        calls,
        provider=provider,
        model=model,
        users=users,
        keep_times=keep_times or bool(weeks),
        speed=factor,
        source=file.name,
        invented=invented,
    )
    with server() as hub:
        result = _send(hub, plan, factor, quiet=as_json)
    result |= {"synthetic": list(plan.synthetic)}
    if as_json:
        print_json(result)
        return
    typer.echo(f"{result['accepted']} of {result['total']} calls sent.")
    if plan.synthetic:
        typer.echo(f"Synthetic, because the file does not say: {', '.join(plan.synthetic)}.")
    for refused in result["rejected"][:10]:
        typer.secho(f"refused: call {refused['index']}: {refused['reason']}", err=True, fg="yellow")


def _rehearsed(calls: "list[Call]", weeks: int, *, fault: bool) -> "tuple[list[Call], tuple[str, ...]]":
    """The calls over so many weeks, and the columns that were invented for it."""
    from mno.observability.ingest import rehearsal
    from mno.platform import clock

    if not weeks:
        if fault:
            raise Invalid("A fault shows beside what was usual before: give --weeks as well, such as --weeks 4.")
        return calls, ()
    end = clock.now()
    calls = rehearsal.stretched(calls, weeks, end)
    return (rehearsal.with_fault(calls, end) if fault else calls), rehearsal.INVENTED


def _factor(speed: str) -> float | None:
    """None for as fast as possible."""
    if speed == "max":
        return None
    try:
        factor = float(speed)
    except ValueError:
        factor = 0
    if not 0 < factor < 1e9:
        raise Invalid(f"--speed is '{speed}'; it may be max or a number above 0, such as 60.")
    return factor


def _send(hub: "Server", plan: "Replay", speed: float | None, *, quiet: bool) -> dict[str, Any]:
    import orjson
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    result: dict[str, Any] = {"total": len(plan), "accepted": 0, "rejected": []}
    columns = (TextColumn("Sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    began = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("calls", total=len(plan))
        for start, batch in plan.batches(BATCH, within_s=_RHYTHM_S * speed if speed else None):
            if speed:
                time.sleep(max(0.0, plan.offset_s(start) / speed - (time.monotonic() - began)))
            answer = hub.send("/api/usage-events", orjson.dumps(batch))
            result["accepted"] += answer["accepted"]
            result["rejected"] += [{**one, "index": start + one["index"]} for one in answer["rejected"]]
            progress.advance(task, len(batch))
    return result
