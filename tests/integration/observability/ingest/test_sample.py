"""One click on the sample puts 8,819 real requests on screen, exactly."""

import asyncio
import csv
import gzip
from decimal import Decimal
from typing import Any

import httpx
import pytest

from mno.bootstrap import Services
from mno.identity.model import Home
from mno.identity.service import owner_of
from mno.observability.ingest.sample.service import Sample
from mno.platform.clickhouse import ClickHouse
from mno.platform.errors import LimitExceeded, Unavailable
from mno.platform.paths import packaged
from mno.platform.principal import Principal
from support.promises import PATIENCE_S

#: gpt-4o's list price, USD per million tokens.
INPUT_PRICE, OUTPUT_PRICE = Decimal("2.50"), Decimal("10.00")


async def finished(client: httpx.AsyncClient) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            state: dict[str, Any] = (await client.get("/api/sample")).json()
            if state["state"] != "running":
                return state
            await asyncio.sleep(0.1)


def file_sums() -> tuple[int, int, int]:
    """Requests, input and output tokens of the file, by hand."""
    file = packaged("observability", "ingest", "sample", "data", "azure-llm-code-2023.csv.gz")
    rows = list(csv.DictReader(gzip.decompress(file.read_bytes()).decode().splitlines()))
    return len(rows), sum(int(row["ContextTokens"]) for row in rows), sum(int(row["GeneratedTokens"]) for row in rows)


async def stored_totals(clickhouse: ClickHouse, home: Home, *, calls: int) -> dict[str, Any]:
    """What the rollups say once they hold so many calls; what is acknowledged is visible a moment later."""
    async with asyncio.timeout(PATIENCE_S):
        while (row := await totals(clickhouse, home))["calls"] < calls:
            await asyncio.sleep(0.05)
    return row


async def totals(clickhouse: ClickHouse, home: Home) -> dict[str, Any]:
    (row,) = await clickhouse.rows_of_all(
        "SELECT sum(calls) AS calls, sum(input_tokens) AS input, sum(output_tokens) AS output, sum(cost) AS cost,"
        " sum(unpriced_calls) AS unpriced, uniqExact(user_id) AS users"
        " FROM usage_minute WHERE team_id = {team:String}",
        {"team": str(home.team.id)},
    )
    return row


@pytest.mark.usefixtures("in_one_day")
async def test_the_samples_spend_is_the_files_token_sums_at_the_list_price_however_often_it_is_clicked(
    client: httpx.AsyncClient, clickhouse: ClickHouse, home: Home
) -> None:
    assert (await client.get("/api/sample")).json()["state"] == "idle"
    clicked = [await client.post("/api/sample") for _ in range(2)]
    assert {one.status_code for one in clicked} == {202}
    # a click while it runs joins the load
    assert len({one.json()["id"] for one in clicked}) == 1
    state = await finished(client)
    calls, input_tokens, output_tokens = file_sums()
    assert (state["state"], state["sent"], state["total"]) == ("done", calls, calls)
    assert state["synthetic"] == ["time", "provider", "model", "user", "session", "duration_ms"]
    assert "Splitwise" in state["attribution"]
    # one of the same day loads it again, and counts nothing twice
    again = (await client.post("/api/sample")).json()
    assert again["id"] != state["id"]
    assert (await finished(client))["state"] == "done"
    stored = await stored_totals(clickhouse, home, calls=8819)
    assert (stored["calls"], stored["input"], stored["output"]) == (8819, input_tokens, output_tokens)
    assert stored["cost"] == (input_tokens * INPUT_PRICE + output_tokens * OUTPUT_PRICE) / 1_000_000
    assert (stored["unpriced"], stored["users"]) == (0, 40)


async def test_a_busy_ingest_is_asked_again(services: Services, home: Home) -> None:
    principal = owner_of(home, "test")
    refusals = iter([LimitExceeded("busy", retry_after_s=0), Unavailable("down", retry_after_s=0)])
    taken = 0

    async def submit(_: Principal, events: list[dict[str, Any]]) -> None:
        nonlocal taken
        for refusal in refusals:
            raise refusal
        taken += len(events)

    sample = Sample(submit)
    await sample.load(principal)
    while sample.state(principal).state == "running":
        await asyncio.sleep(0.01)
    assert (sample.state(principal).state, taken) == ("done", 8819)


@pytest.mark.parametrize(("error", "says"), [(LimitExceeded("full"), ""), (ValueError("x"), "its log says more")])
async def test_a_load_that_fails_says_so(home: Home, error: Exception, says: str) -> None:
    principal = owner_of(home, "test")

    async def submit(_: Principal, __: list[dict[str, Any]]) -> None:
        raise error

    sample = Sample(submit)
    async with sample.running():
        await sample.load(principal)
        while says and sample.state(principal).state == "running":
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)
    state = sample.state(principal)
    assert state.state == "failed"
    assert says in state.error
