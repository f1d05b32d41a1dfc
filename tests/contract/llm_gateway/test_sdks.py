"""The official OpenAI, Anthropic and Google SDKs through the hub: only the address and the key are others, every
answer is the provider's, and what the hub wrote down is the provider's bill to the last decimal.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract.comparison import Call, expected_call
from contract.conftest import await_calls
from contract.hub import Hub
from contract.runs import Run, drive
from contract.test_clients import call_of
from mno.platform import clock
from support.providers.bill import Billed
from support.providers.server import Providers

MODELS = ["gpt-*", "text-embedding-*", "claude-sonnet-*", "gemini-*"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the SDKs saw, what the providers billed, and which spans count."""

    printed: str
    bill: tuple[Billed, ...]
    counted: list[dict[str, Any]]

    @property
    def seen(self) -> dict[str, Any]:
        # an SDK's warnings stand beside it
        found: dict[str, Any] = json.loads(next(line for line in self.printed.splitlines() if line.startswith("{")))
        return found


def set_up(hub: Hub, providers: Providers, name: str, models: list[str]) -> tuple[str, str]:
    """Lets the hub reach the stand-ins of this run, and makes a key; returns it and its id."""
    wish = {"level": "hub", "values": {"security.egress_allowed": ["127.0.0.0/8"]}}
    assert hub.api.put("/api/config/system", json=wish).status_code == 200
    known = {one["name"]: one for one in hub.get("/api/gateway/providers")["items"]}
    for kind in ("openai", "anthropic", "gemini"):
        provider = {
            "name": kind,
            "kind": kind,
            "base_url": f"{providers.base_url(name)}/{kind}",
            "credential": f"sk-of-the-provider-{kind}",
            "retries": 0,
        }
        if kind in known:
            done = hub.api.put(f"/api/gateway/providers/{known[kind]['id']}", json=provider)
        else:
            done = hub.api.post("/api/gateway/providers", json=provider)
        assert done.status_code < 300, done.text
    made = hub.api.post("/api/keys", json={"name": name, "scopes": ["gateway"]}).json()
    limited = hub.api.put(f"/api/gateway/keys/{made['id']}", json={"models": models})
    assert limited.status_code == 200, limited.text
    return made["key"], made["id"]


def run_through(
    hub: Hub,
    providers: Providers,
    loaded: Path,
    name: str,
    driver: str,
    *,
    models: list[str] = MODELS,
    beside: int = 0,
) -> Outcome:
    """A driver's run; so many calls `beside` those on the bill are charged."""
    began = clock.now().isoformat()
    key, key_id = set_up(hub, providers, name, models)
    target, ingest_key_id = hub.target(name)
    printed = drive(Run(name, driver, settings={"PROVIDERS_KEY": key}), target, f"{hub.url}/llm", loaded)
    bill = tuple(providers.bill(name).calls)
    await_calls(hub, key_id, len(bill) + beside)
    counted = hub.spans(only_counted=True, **{"from": began})
    return Outcome(printed, bill, [span for span in counted if span["api_key_id"] in (key_id, ingest_key_id)])


@pytest.fixture(scope="module")
def alone(hub: Hub, providers: Providers, loaded: Path) -> Outcome:
    """The SDKs by themselves."""
    return run_through(hub, providers, loaded, "gateway", "gateway_sdks.py")


@pytest.fixture(scope="module")
def instrumented(hub: Hub, providers: Providers, loaded: Path, alone: Outcome) -> Outcome:
    """The same under OpenTelemetry's instrumentations, which tell the hub of every call as well."""
    return run_through(hub, providers, loaded, "gateway-otel", "otel_genai.py")


def billed_calls(outcome: Outcome) -> list[Call]:
    return sorted(expected_call(billed) for billed in outcome.bill)


def test_every_call_is_the_provider_s_bill_to_the_last_decimal(alone: Outcome) -> None:
    assert len(alone.bill) > 30
    refused = [call_of(span) for span in alone.counted if span["model"] == "claude-forbidden"]
    assert not refused, "what was refused here never reached a provider"
    assert sorted(call_of(span) for span in alone.counted) == billed_calls(alone)
    assert {span["source"] for span in alone.counted} == {"gateway"}


def test_no_stream_goes_without_its_usage(alone: Outcome) -> None:
    assert all(billed.usage_sent for billed in alone.bill)
    assert not any(span["attributes"].get("mno.gateway.estimated") for span in alone.counted)


def test_the_client_sees_what_it_asked_for_and_no_more(alone: Outcome) -> None:
    seen = alone.seen
    texts = {billed.text for billed in alone.bill}
    assert not any(seen["usage_in_chunks"])
    assert seen["text"] in texts
    assert seen["picture"] in texts
    last = [billed for billed in alone.bill if billed.operation == "chat" and billed.provider == "openai"][-1]
    assert seen["usage"]["prompt_tokens"] == last.input_tokens


def test_an_sdk_understands_the_hub_s_refusals(alone: Outcome) -> None:
    assert "not known here" in alone.seen["unknown_key"]
    assert "claude-sonnet-*" in alone.seen["forbidden_model"]


def test_streams_say_when_their_first_token_came(alone: Outcome) -> None:
    streams = [billed for billed in alone.bill if billed.stream and not billed.error]
    timed = [span for span in alone.counted if span["time_to_first_token_ns"] > 0]
    assert len(timed) == len(streams)


def test_calls_that_an_instrumentation_tells_as_well_count_once(instrumented: Outcome) -> None:
    """Without the client's trace, the provider's id of the answer ties the two; embeddings and refusals have none."""
    worked = [billed for billed in instrumented.bill if billed.response_id]
    counted = [span for span in instrumented.counted if span["status"] != "error" and span["operation"] != "embeddings"]
    assert len(worked) > 30
    assert sorted(call_of(span) for span in counted) == sorted(expected_call(billed) for billed in worked)
    assert {span["source"] for span in counted} == {"gateway"}


def test_no_span_holds_a_credential(alone: Outcome, instrumented: Outcome) -> None:
    for span in (*alone.counted, *instrumented.counted):
        assert "sk-of-the-provider" not in json.dumps(span)
