"""`mno forecast`: how good forecasts would have been."""

from pathlib import Path
from typing import Annotated

import typer

from mno.entry.cli.output import JsonFlag, print_json

app = typer.Typer(help="Forecasts: backtest.", no_args_is_help=True)


@app.callback()
def forecast() -> None:
    """Forecasts: backtest."""


@app.command("backtest")
def backtest(
    csv: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Real series: columns timestamp, value, perhaps scope."),
    ] = None,
    timezone: Annotated[str, typer.Option(help="IANA name of the zone whose days and weeks the CSV follows.")] = "UTC",
    country: Annotated[str, typer.Option(help="Whose public holidays it follows: two letters, empty for none.")] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of the synthetic series that stand in without a CSV.")] = 1,
    as_json: JsonFlag = False,
) -> None:
    """Forecast the past and compare: MASE against seasonal-naive, coverage of the intervals, the library used."""
    from dataclasses import asdict

    from mno.observability.costs.question import zone
    from mno.observability.forecast.backtest import outcomes, verdict
    from mno.observability.forecast.calendar import Calendar
    from mno.observability.forecast.projection import library
    from mno.observability.forecast.recorded import read_csv
    from mno.observability.forecast.synthetic import Synthetic, scopes
    from mno.platform.errors import Invalid

    calendar = Calendar(zone(timezone), country.upper())
    series = [Synthetic(one, calendar) for one in read_csv(csv)] if csv else scopes(seed, count=10)
    found = verdict(row for one in series for row in outcomes(one.series, one.calendar))
    if found is None:
        raise Invalid("No series is long enough for a backtest: four weeks and a day are the least.")
    of = str(csv) if csv else f"synthetic series, seed {seed}"
    if as_json:
        print_json({"series": of, "library": library(), **asdict(found)})
        return
    typer.echo(f"{found.forecasts} forecasts of 1 to 14 days over {len(series)} series ({of})")
    typer.echo(f"library                       {library()}")
    typer.echo(f"MASE (seasonal-naive)         {found.mase:.3f}")
    typer.echo(f"error against seasonal-naive  {found.against_naive:.3f}")
    typer.echo(f"hours within 80 % and 95 %    {found.hours_80:.1f} % and {found.hours_95:.1f} %")
    typer.echo(f"sums within 80 % and 95 %     {found.total_80:.1f} % and {found.total_95:.1f} %")
