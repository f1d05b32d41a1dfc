"""The table of verbs, and how an expected error is shown."""

import sys

import typer

from mno.entry.cli.audit import app as audit
from mno.entry.cli.doctor import doctor
from mno.entry.cli.forecast import app as forecast
from mno.entry.cli.keys import app as keys
from mno.entry.cli.keys import link
from mno.entry.cli.prices import app as prices
from mno.entry.cli.replay import replay
from mno.entry.cli.secrets import app as secrets
from mno.entry.cli.serve import serve
from mno.entry.cli.settings import app as settings

app = typer.Typer(
    name="mno",
    help="MachineNativeOps: see what your AI spends, live, from one command.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("serve")(serve)
app.command("link")(link)
app.command("replay")(replay)
app.command("doctor")(doctor)
app.add_typer(keys, name="keys")
app.add_typer(prices, name="prices")
app.add_typer(forecast, name="forecast")
app.add_typer(audit, name="audit")
app.add_typer(settings, name="settings")
app.add_typer(secrets, name="secrets")


@app.command("version")
def version() -> None:
    """Print the version."""
    import mno

    typer.echo(mno.__version__)


def run() -> None:
    from mno.platform.errors import MnoError

    try:
        app()
    except MnoError as error:
        typer.secho(f"mno: {error}", err=True, fg="red")
        sys.exit(1)
