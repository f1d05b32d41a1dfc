"""Bad input at every way in over HTTP: a clear 4xx or a partial success, the rest of the batch kept, the hub up.

Each test sends something good beside or after the bad, so a batch that is lost or an engine that died shows.
"""

import asyncio
import gzip
import json
import os
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from mno.bootstrap import Services
from mno.observability.ingest.model import MAX_BODY_BYTES, MAX_DECOMPRESSED_BYTES, MEBIBYTE
from mno.platform.clock import now_ns
from support import otlp

SPANS = "/otlp/v1/traces"
EVENTS = "/api/usage-events"
SECOND = otlp.SECOND
PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
}
CALL = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}


@dataclass
class Hub:
    """The whole application seen by a sender: what it answers, and what it then has."""

    client: httpx.AsyncClient
    services: Services
    media_types: Mapping[str, str] = field(
        default_factory=lambda: {"protobuf": "application/x-protobuf", "json": "application/json"}
    )

    async def send(self, path: str, body: bytes, kind: str, encoding: str = "") -> httpx.Response:
        headers = {"content-type": self.media_types.get(kind, kind)}
        if encoding:
            headers["content-encoding"] = encoding
        return await self.client.post(path, content=body, headers=headers)

    async def export(self, kind: str, *spans: Mapping[str, Any], **shared: Any) -> tuple[int, str]:
        """Sends spans as OTLP; the number of rejected ones and the text of the partial success."""
        message = otlp.request(*spans, **shared)
        body = message.SerializeToString() if kind == "protobuf" else json.dumps(otlp.as_json(message)).encode()
        return partial_success(await self.send(SPANS, body, kind))

    async def events(self, *events: Any) -> dict[str, Any]:
        answer = await self.send(EVENTS, json.dumps(events).encode(), "json")
        assert answer.status_code == 200, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def key(self, scope: str) -> dict[str, Any]:
        """A new API key with this scope, and its secret under `key`."""
        made: dict[str, Any] = (await self.client.post("/api/keys", json={"name": scope, "scopes": [scope]})).json()
        return made

    async def stored(self) -> list[str]:
        """The names of all spans that can be queried, sorted."""
        while self.services.observability.pipeline.backlog_spans:
            await asyncio.sleep(0.005)
        found = (await self.client.get("/api/traces", params={"from": "-400d", "limit": 200})).json()["items"]
        names = []
        for item in found:
            trace = (await self.client.get(f"/api/traces/{item['trace_id']}")).json()
            names += [span["name"] for span in trace["spans"]]
        return sorted(names)


def partial_success(answer: httpx.Response) -> tuple[int, str]:
    assert answer.status_code == 200, answer.text
    if answer.headers["content-type"] == "application/json":
        partial = answer.json().get("partialSuccess", {})
        return int(partial.get("rejectedSpans", 0)), partial.get("errorMessage", "")
    message = ExportTraceServiceResponse.FromString(answer.content).partial_success
    return message.rejected_spans, message.error_message


@pytest.fixture
async def hub(client: httpx.AsyncClient, services: Services) -> AsyncIterator[Hub]:
    hub = Hub(client, services)
    yield hub
    assert await hub.export("protobuf", {"name": "after", "span_id": b"\xff" * 8}) == (0, "")
    assert "after" in await hub.stored(), "the hub takes no spans any more"


def call(**figures: Any) -> dict[str, Any]:
    return {"attributes": {**CALL, **{f"gen_ai.usage.{name}": figure for name, figure in figures.items()}}}


IMPOSSIBLE_SPANS: list[tuple[dict[str, Any], str]] = [
    ({"trace_id": b""}, "no trace id"),
    ({"span_id": b""}, "no span id"),
    ({"span_id": bytes(8)}, "span id is all zeros"),
    ({"start_time_unix_nano": SECOND, "end_time_unix_nano": 2 * SECOND}, "1970"),
    ({"start_time_unix_nano": 4102444800 * SECOND, "end_time_unix_nano": 4102444801 * SECOND}, "2100-01-01"),
    (call(input_tokens=-1), "negative"),
    (call(input_tokens=float("nan")), "nan"),
    (call(output_tokens=float("inf")), "inf"),
    (call(input_tokens=10**15), "1,000,000,000,000"),
    (call(input_tokens="many"), "not a number"),
    (call(cost="-1e999999"), "cost is negative"),
    (call(cost=float("nan")), "not an amount"),
    ({"attributes": {f"a{number}": number for number in range(100_000)}}, "100,000 attributes"),
    ({"events": [("note", {f"a{number}": 1 for number in range(2_000)})]}, "2,000 attributes"),
]


@pytest.mark.parametrize("kind", ["protobuf", "json"])
async def test_an_impossible_span_is_named_and_its_batch_is_kept(hub: Hub, kind: str) -> None:
    for number, (fields, reason) in enumerate(IMPOSSIBLE_SPANS):
        bad = {"span_id": bytes([0xAA, number] * 4), **fields}
        trace = os.urandom(16)
        good = {"name": "good", "span_id": bytes([0xBB, number] * 4), "trace_id": trace}
        rejected, message = await hub.export(kind, good, {"name": "bad", **bad}, {**good, "span_id": b"\x01" * 8})
        assert rejected == 1, reason
        assert reason in message
        assert len(message) < 500
        assert bad["span_id"].hex() in message or "span number 1" in message
    assert await hub.stored() == ["good"] * 2 * len(IMPOSSIBLE_SPANS)


IMPOSSIBLE_EVENTS: list[tuple[Any, str]] = [
    (None, "not a JSON object"),
    ("text", "not a JSON object"),
    ({}, "names no model"),
    ({"model": "m", "input_tokens": -1}, "negative"),
    ({"model": "m", "input_tokens": 0.5}, "not a whole number"),
    ({"model": "m", "input_tokens": True}, "not a whole number"),
    ({"model": "m", "input_tokens": float("nan")}, "nan"),
    ({"model": "m", "output_tokens": 10**13}, "1,000,000,000,000"),
    ({"model": "m", "time": "1970-01-01T00:00:01Z"}, "1970"),
    ({"model": "m", "time": "2100-01-01T00:00:00Z"}, "2100"),
    ({"model": "m", "time": 5}, "RFC 3339"),
    ({"model": "m", "cost": "-1e999999"}, "cost is negative"),
    ({"model": "m", "cost": "NaN"}, "not an amount"),
    ({"model": "m", "tags": 1}, "tags"),
    ({"model": "m", "trace_id": "xyz"}, "trace_id"),
    ({"model": "m", "span_id": "00" * 8, "time": "2026-11-01T00:00:00Z"}, "span id is all zeros"),
    ({"model": "m", "tokens": 5}, "unknown field 'tokens'"),
]


async def test_an_impossible_event_is_named_and_its_batch_is_kept(hub: Hub) -> None:
    good = {"model": "gpt-4o", "input_tokens": 1}
    sent: list[Any] = []
    for event, _ in IMPOSSIBLE_EVENTS:
        sent += [event, good]
    receipt = await hub.events(*sent)
    assert [item["index"] for item in receipt["rejected"]] == list(range(0, len(sent), 2))
    for item, (_, reason) in zip(receipt["rejected"], IMPOSSIBLE_EVENTS, strict=True):
        assert reason in item["reason"]
        assert len(item["reason"]) < 500
    assert receipt["accepted"] == len(IMPOSSIBLE_EVENTS)
    assert await hub.stored() == ["chat gpt-4o"] * len(IMPOSSIBLE_EVENTS)


@pytest.mark.parametrize("kind", ["protobuf", "json"])
async def test_one_id_with_two_contents_is_told_and_with_one_content_is_a_retry(hub: Hub, kind: str) -> None:
    began = now_ns() - 10 * SECOND
    first = {"name": "first", "span_id": b"\x07" * 8, "start_time_unix_nano": began, "end_time_unix_nano": began + 5}
    other = {**first, "name": "other"}
    rejected, message = await hub.export(kind, {"name": "no id", "span_id": b""}, first, first, other, {"name": "more"})
    assert rejected == 2
    assert "span 0707070707070707: its id stands twice in this request with different content" in message
    assert await hub.stored() == ["first", "more"]


async def test_one_event_id_with_two_contents_is_told_by_its_place(hub: Hub) -> None:
    event = {"id": "a", "time": "2026-11-20T00:00:00Z", "model": "gpt-4o", "input_tokens": 1}
    receipt = await hub.events({"bad": 1}, event, event, {**event, "input_tokens": 2})
    assert [(item["index"], item["reason"][:13]) for item in receipt["rejected"]] == [
        (0, "unknown field"),
        (3, "its id stands"),
    ]
    assert await hub.stored() == ["chat gpt-4o"]


async def test_something_that_is_no_span_among_spans_costs_only_itself(hub: Hub) -> None:
    body = otlp.as_json(otlp.request({"name": "good"}))
    body["resourceSpans"][0]["scopeSpans"][0]["spans"] += [None, "text", 5]
    rejected, message = partial_success(await hub.send(SPANS, json.dumps(body).encode(), "json"))
    assert (rejected, message.count("it is not an object")) == (3, 3)
    assert await hub.stored() == ["good"]


async def test_text_that_is_not_utf8_is_repaired_and_nothing_is_lost(hub: Hub) -> None:
    body = otlp.body({"name": "XX"}, {"name": "good"})
    rejected, message = partial_success(await hub.send(SPANS, body.replace(b"XX", b"\xff\xfe"), "protobuf"))
    assert (rejected, "UTF-8" in message) == (0, True)
    answer = await hub.send(EVENTS, b'[{"model":"\xff"},{"model":"gpt-4o"}]', "json")
    assert answer.json()["accepted"] == 2
    assert await hub.stored() == ["chat gpt-4o", "chat \ufffd", "good", "\ufffd\ufffd"]


NOT_WHAT_THEY_SAY = [
    (SPANS, "protobuf", otlp.body({})[:-3]),
    (SPANS, "protobuf", b"\xff" * 100),
    (SPANS, "json", b'{"resourceSpans":'),
    (SPANS, "json", b"[]"),
    (SPANS, "json", b'{"resourceSpans":7}'),
    (SPANS, "json", b'{"resourceSpans":' + b"[" * 100_000),
    (EVENTS, "json", b""),
    (EVENTS, "json", b'"text"'),
    (EVENTS, "json", b'[{"model":'),
    (EVENTS, "json", b"[" * 100_000),
    ("/otlp/v1/logs", "protobuf", b"\xff" * 100),
    ("/otlp/v1/metrics", "json", b'{"resourceMetrics":7}'),
]


async def test_a_body_that_is_not_what_it_says_is_refused(hub: Hub) -> None:
    for path, kind, body in NOT_WHAT_THEY_SAY:
        answer = await hub.send(path, body, kind)
        assert answer.status_code == 400, (path, body[:20])
        assert b"The body" in answer.content or b"is not a list" in answer.content


async def test_another_media_type_is_told_which_are_read(hub: Hub) -> None:
    for path in (SPANS, EVENTS, "/otlp/v1/logs", "/otlp/v1/metrics"):
        for media_type in ("text/plain", ";", "multipart/form-data"):
            answer = await hub.send(path, b"{}", media_type)
            assert answer.status_code == 415
            assert "application/json" in answer.json()["detail"]


async def test_a_decompression_bomb_is_too_large(hub: Hub) -> None:
    for encoding, pack in PACKERS.items():
        bomb = pack(bytes(MAX_DECOMPRESSED_BYTES + 1))
        for path in (SPANS, EVENTS):
            answer = await hub.send(path, bomb, "json", encoding)
            assert answer.status_code == 413
            assert b"after decompression" in answer.content


async def test_a_resource_that_would_be_written_with_every_span_is_too_large(hub: Hub) -> None:
    body = otlp.body(*[{}] * 250, resource={"dump": "x" * 400_000})
    answer = await hub.send(SPANS, gzip.compress(body), "protobuf", "gzip")
    assert answer.status_code == 413
    assert b"resource attributes" in answer.content


async def test_a_gigabyte_is_refused_whether_it_is_announced_or_not(hub: Hub) -> None:
    sent = 0

    async def gigabyte() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1024):
            sent += MEBIBYTE
            yield bytes(MEBIBYTE)

    headers = {"content-type": "application/json"}
    for path in (SPANS, EVENTS, "/otlp/v1/logs"):
        for given in ({**headers, "content-length": str(1024 * MEBIBYTE)}, headers):
            sent = 0
            answer = await hub.client.post(path, content=gigabyte(), headers=given)
            assert answer.status_code == 413
            assert b"16 MiB" in answer.content
            assert sent <= MAX_BODY_BYTES + 2 * MEBIBYTE


WRONG_KEYS: list[dict[str, str]] = [
    {},
    {"authorization": "Bearer mno_" + "wrong0123" * 4},
    {"authorization": "Bearer "},
    {"authorization": "Basic !!!"},
    {"authorization": "Digest x"},
    {"x-api-key": "\u00e9" * 30},
]


async def test_without_a_known_key_nothing_is_taken(hub: Hub, anonymous: httpx.AsyncClient) -> None:
    for path in (SPANS, "/v1/traces", "/api/public/otel/v1/traces", EVENTS, "/otlp/v1/logs"):
        for wrong in WRONG_KEYS:
            headers = httpx.Headers({"content-type": "application/json", **wrong}, encoding="latin-1")
            answer = await anonymous.post(path, content=b"[]", headers=headers)
            assert answer.status_code == 401, (path, wrong)
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert await hub.stored() == []


async def test_a_key_does_only_what_it_is_for(hub: Hub, anonymous: httpx.AsyncClient) -> None:
    for scope, path, status in (
        ("read", SPANS, 403),
        ("read", EVENTS, 403),
        ("ingest", EVENTS, 200),
        ("ingest", "/api/traces", 403),
        ("ingest", "/api/usage/summary", 403),
        ("ingest", "/api/keys", 403),
    ):
        made = await hub.key(scope)
        method = "POST" if path in (SPANS, EVENTS) else "GET"
        headers = {"authorization": f"Bearer {made['key']}", "content-type": "application/json"}
        answer = await anonymous.request(method, path, content=b"[]", headers=headers)
        assert answer.status_code == status
        assert status == 200 or "permission" in answer.json()["detail"]


async def test_a_revoked_key_is_refused_at_once(hub: Hub, anonymous: httpx.AsyncClient) -> None:
    for path, body in ((SPANS, b"{}"), (EVENTS, b"[]")):
        made = await hub.key("ingest")
        headers = {"authorization": f"Bearer {made['key']}", "content-type": "application/json"}
        assert (await anonymous.post(path, content=body, headers=headers)).status_code == 200
        await hub.client.delete(f"/api/keys/{made['id']}")
        answer = await anonymous.post(path, content=body, headers=headers)
        assert answer.status_code == 401
        assert "revoked" in answer.json()["detail"]
        assert made["key"] not in answer.text
