"""The gRPC door of the whole program: a span that came in by it is in the store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import grpc.aio
import httpx
import pytest

from mno.bootstrap import Services
from mno.bootstrap.observability import build_grpc
from mno.identity.keys.model import KeyScope, KeyWish
from mno.identity.model import Home
from mno.identity.service import owner_of
from mno.observability.ingest.grpc import address_of
from mno.platform.http.door import Network, NoRules
from support.engines import ADMIN_KEY
from support.otlp import TRACE_ID, body
from support.ports import free_port
from support.promises import PATIENCE_S

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@asynccontextmanager
async def door(services: Services, *rules: Any) -> AsyncIterator[grpc.aio.Channel]:
    """The way through it."""
    config = replace(services.config, otlp_grpc_port=free_port())
    opened = build_grpc(config, services.identity, services.observability, *rules)
    async with opened.running(), grpc.aio.insecure_channel(f"127.0.0.1:{opened.port}") as channel:
        yield channel


async def test_a_span_sent_by_grpc_is_found_over_http(services: Services, client: httpx.AsyncClient) -> None:
    async with door(services) as channel:
        export = channel.unary_unary(EXPORT)
        assert await export(body({"name": "by grpc"}), metadata=(("authorization", f"Bearer {ADMIN_KEY}"),)) == b""
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await export(body({}))
    assert refusal.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert await names_in_trace(client) == ["by grpc"]


class OpenTo(NoRules):
    """Address rules of a hub and of every team in it."""

    def __init__(self, hub: str, team: str) -> None:
        self._hub, self._team = [ip_network(hub)], [ip_network(team)]

    def allowed_networks(self, team_id: UUID | None) -> Sequence[Network]:
        return self._hub if team_id is None else self._team


@pytest.mark.parametrize(
    ("hub", "team", "code"),
    [
        ("127.0.0.0/8", "127.0.0.1/32", None),
        ("10.0.0.0/8", "127.0.0.0/8", grpc.StatusCode.PERMISSION_DENIED),
        ("127.0.0.0/8", "10.0.0.0/8", grpc.StatusCode.PERMISSION_DENIED),
    ],
)
async def test_address_lists_hold_at_this_door_as_well(
    services: Services, home: Home, hub: str, team: str, code: grpc.StatusCode | None
) -> None:
    audit = services.audit.audit
    metadata = (("authorization", f"Bearer {ADMIN_KEY}"),)
    async with door(services, OpenTo(hub, team), audit) as channel:
        try:
            await channel.unary_unary(EXPORT)(body({}), metadata=metadata)
            answered = None
        except grpc.aio.AioRpcError as refusal:
            answered = refusal.code()
    assert answered is code
    await audit._refusals.flush(everything=True)
    async with services.engines.database.across_teams() as tx:
        cursor = await tx.execute("SELECT action FROM audit_entries WHERE resource = 'OTLP/gRPC'")
        written = [row["action"] for row in await cursor.fetchall()]
    assert written == ([] if code is None else ["access.deny"])


async def test_a_key_s_addresses_hold_at_this_door_as_well(services: Services, home: Home) -> None:
    answered = []
    async with door(services) as channel:
        for ranges in (("127.0.0.1",), ("10.0.0.0/8",)):
            wish = KeyWish("sender", (KeyScope.INGEST,), allowed_addresses=ranges)
            _, secret = await services.access.keys.create(owner_of(home, "test"), wish)
            try:
                await channel.unary_unary(EXPORT)(body({}), metadata=(("x-api-key", secret),))
                answered.append(grpc.StatusCode.OK)
            except grpc.aio.AioRpcError as refusal:
                answered.append(refusal.code())
    assert answered == [grpc.StatusCode.OK, grpc.StatusCode.PERMISSION_DENIED]


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.1:5000", "192.0.2.1"),
        ("ipv6:%5B2001:db8::1%5D:5000", "2001:db8::1"),
        ("ipv6:[::1]:5000", "::1"),
        ("unix:/tmp/socket", ""),
        ("", ""),
    ],
)
def test_a_peer_s_address_is_read_in_every_form(peer: str, address: str) -> None:
    assert address_of(peer) == address


async def names_in_trace(client: httpx.AsyncClient) -> list[str]:
    """The trace's spans; acknowledged ones are visible a moment later (docs/decisions/0005)."""
    async with asyncio.timeout(PATIENCE_S):
        while (trace := await client.get(f"/api/traces/{TRACE_ID.hex()}")).status_code == 404:
            await asyncio.sleep(0.02)
    return [span["name"] for span in trace.json()["spans"]]
