"""How verbs speak: tables and progress for people on a terminal, JSON for scripts."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

#: Columns of a table that goes to a file or another program: no line is broken.
_UNBROKEN = 1000

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str) -> None:
    """A table on the terminal; `empty` stands for no rows."""
    from rich.console import Console
    from rich.table import Table

    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=_UNBROKEN)
    console.print(table)
