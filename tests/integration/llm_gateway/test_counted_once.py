"""A call that the client's own instrumentation reports as well counts once: the gateway's span, in either order."""

import asyncio
from typing import Any

import pytest

from integration.llm_gateway.conftest import CHAT, Team
from mno.platform import clock
from support.promises import PATIENCE_S
from support.upstream import Upstream

TRACE, PARENT = "0f" * 16, "1e" * 8


#: The gateway is called at the moment of its telling, however long this machine takes until then.
pytestmark = pytest.mark.usefixtures("still_clock")


def telling(*, trace: str, span: str, began_ns: int) -> dict[str, Any]:
    """What an instrumentation sends of the call: other figures, so that it shows whose are counted."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.id": "chatcmpl-1",
    }
    told: list[dict[str, Any]] = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    for name, count in (("input_tokens", "999"), ("output_tokens", "999")):
        told.append({"key": f"gen_ai.usage.{name}", "value": {"intValue": count}})
    sent = {
        "traceId": trace,
        "spanId": span,
        "name": "chat gpt-4o-mini",
        "kind": 3,
        "startTimeUnixNano": str(began_ns),
        "endTimeUnixNano": str(began_ns + 40_000_000),
        "attributes": told,
    }
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "client"}, "spans": [sent]}]}]}


async def call(team: Team, *, with_trace: bool) -> None:
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"} if with_trace else {}
    assert (await team.caller.post("/llm/up/v1/chat/completions", json=CHAT, headers=headers)).status_code == 200


async def tell(team: Team, sent: dict[str, Any]) -> None:
    assert (await team.admin.post("/otlp/v1/traces", json=sent)).status_code == 200


async def totals(team: Team) -> tuple[int, int]:
    summary = (await team.admin.get("/api/usage/summary", params={"from": "-1h"})).json()
    rows = summary["rows"]
    return sum(row["calls"] for row in rows), sum(row["input_tokens"] for row in rows)


@pytest.mark.parametrize("gateway_first", [True, False])
@pytest.mark.parametrize(
    ("with_trace", "offset_ms"), [(True, -20), (False, -20), (False, 300), (False, -1500)],
)  # fmt: skip
async def test_the_gateway_s_span_counts_whichever_comes_first(
    ready: Team, upstream: Upstream, gateway_first: bool, with_trace: bool, offset_ms: int
) -> None:
    began_ns = clock.now_ns() + offset_ms * 1_000_000
    sent = telling(trace=TRACE if with_trace else "77" * 16, span=PARENT, began_ns=began_ns)
    if gateway_first:
        await call(ready, with_trace=with_trace)
        await ready.spans(1)
        await tell(ready, sent)
    else:
        await tell(ready, sent)
        await ready.spans(1)
        await call(ready, with_trace=with_trace)
    spans = await ready.spans(2)
    async with asyncio.timeout(PATIENCE_S):
        while sum(span["counted"] for span in spans) != 1:
            await asyncio.sleep(0.05)
            spans = await ready.spans(2)
    (counted,) = [span for span in spans if span["counted"]]
    assert counted["source"] == "gateway"
    async with asyncio.timeout(PATIENCE_S):
        while await totals(ready) != (1, 11):
            await asyncio.sleep(0.05)


async def test_another_call_with_the_same_id_at_another_time_counts_too(ready: Team, upstream: Upstream) -> None:
    await tell(ready, telling(trace="77" * 16, span=PARENT, began_ns=clock.now_ns() - 60 * 10**9))
    await call(ready, with_trace=False)
    async with asyncio.timeout(PATIENCE_S):
        while await totals(ready) != (2, 1010):
            await asyncio.sleep(0.05)
