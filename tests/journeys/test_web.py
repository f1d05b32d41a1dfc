"""The pages as their readers use them: journeys in a real browser, against a real hub.

The journeys themselves are written beside the pages, in web/journeys, and run under Node's own test runner. Each has a
hub whose database and team nobody used before. Two walk over the program in a process of its own, from what it prints:
what a newcomer does, and every way of signing in. The others find the application of the tests on a real port, because
to start a program takes longer than some of them.
"""

import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from journeys.test_serve import BOOTSTRAP_KEY, address, serving
from support.browser import in_a_browser, walked
from support.coverage import UNMEASURED
from support.served import served

pytestmark = in_a_browser

OVER_THE_PROGRAM = ["newcomer", "sign_in"]
OVER_THE_APPLICATION = [
    "alerts", "chat_hub", "first_team", "gateway", "integrations", "logs", "pages", "prices", "settings", "team",
    "trace",
]  # fmt: skip


@pytest.mark.parametrize("journey", OVER_THE_PROGRAM)
async def test_a_journey_over_the_started_program_ends_well(journey: str, tmp_path: Path) -> None:
    with serving(tmp_path / "data", MNO_BOOTSTRAP_API_KEY=BOOTSTRAP_KEY, **UNMEASURED) as (_, printed):
        link = re.search(r"Sign in \(works once\)\s+(\S+)", printed)
        assert link
        await walked(journey, address(printed), link[1], BOOTSTRAP_KEY)


@pytest.mark.parametrize("journey", OVER_THE_APPLICATION)
async def test_a_journey_ends_well(journey: str, app: FastAPI, client: httpx.AsyncClient) -> None:
    link = (await client.post("/api/auth/link")).json()["url"]
    async with served(app) as url:
        await walked(journey, url, link)
