"""The ways in over HTTP share one budget for bodies, from the first byte until what they brought is stored."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import httpx
import pytest

from mno.observability.ingest import routes
from mno.observability.ingest.body import BodyBudget
from mno.observability.ingest.decoding import Sent
from mno.observability.ingest.service import Ingest, Receipt
from mno.observability.spans.model import Owner
from mno.observability.spans.queries import Tenant
from mno.platform.http.app import add_routes, bare_app
from support.gatekeeper import Gatekeeper, a_reader
from support.promises import PATIENCE_S

EVENT = b'[{"model": "gpt-4o"}]'
WAYS_IN = ["/otlp/v1/traces", "/otlp/v1/logs", "/otlp/v1/metrics", "/api/usage-events"]


class SlowIngest:
    """Stores nothing, and answers when it is told that storing is done."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.stored = asyncio.Event()

    async def take(self, owner: Owner, sent: Sent) -> Receipt:  # noqa: ARG002 (the port's names)
        self.taken.set()
        await self.stored.wait()
        return Receipt(0, [], [])

    async def take_signals(self, owner: Owner, table: str, decode: Callable[[], Any]) -> int:  # noqa: ARG002
        self.taken.set()
        await self.stored.wait()
        return 0


@pytest.fixture
def ingest() -> SlowIngest:
    return SlowIngest()


@pytest.fixture
async def client(ingest: SlowIngest) -> AsyncIterator[httpx.AsyncClient]:
    tenant = Tenant("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002")
    app = bare_app(version="test", authenticator=Gatekeeper({"mno_sender": a_reader(tenant, "spans.write")}))
    add_routes(app, routes.router(cast(Ingest, ingest), BodyBudget(len(EVENT))))
    headers = {"authorization": "Bearer mno_sender", "content-type": "application/json"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mno", headers=headers) as client:
        yield client


@pytest.mark.parametrize("path", WAYS_IN)
async def test_a_body_without_room_is_sent_again_later_and_taken_then(
    client: httpx.AsyncClient, ingest: SlowIngest, path: str
) -> None:
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
        first = group.create_task(client.post(path, content=EVENT))
        await ingest.taken.wait()
        for other in WAYS_IN:
            refused = await client.post(other, content=EVENT)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        ingest.stored.set()
    assert first.result().status_code == 200
    assert (await client.post(path, content=EVENT)).status_code == 200
