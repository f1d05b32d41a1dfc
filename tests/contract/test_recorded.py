"""What the emitters sent, recorded in tests/fixtures/otlp, decoded and priced, against the provider's bill.

No environment and no hub is needed, so a change of the normaliser is judged in a second.
"""

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from contract.comparison import UNSOLVED, Call, expected_calls, knowable, shown
from mno.observability.costs.catalogue import bundled
from mno.observability.costs.pricing import PriceBook
from mno.observability.ingest.admission import Admission
from mno.observability.ingest.otlp import decode_json, decode_protobuf
from mno.observability.spans.model import Owner, Span
from mno.platform.money import usd
from support.providers.bill import Billed

FIXTURES = Path(__file__).parents[1] / "fixtures" / "otlp"
RUNS = sorted(path.stem for path in FIXTURES.glob("*.json"))
OWNER = Owner("team", "project", "otlp", "key")


def with_known_trouble(runs: list[str]) -> list[Any]:
    """The runs, those of `UNSOLVED` as expected failures: mending one fails until its line is gone."""
    mark = pytest.mark.xfail
    return [pytest.param(run, marks=mark(strict=True, reason=UNSOLVED[run]) if run in UNSOLVED else ()) for run in runs]


@cache
def recorded(run: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FIXTURES / f"{run}.json").read_text())
    return content


@cache
def bill(run: str) -> tuple[Billed, ...]:
    return tuple(Billed(**{k: v for k, v in call.items() if k != "cost"}) for call in recorded(run)["billed"])


@cache
def arrived(run: str) -> tuple[Span, ...]:
    """The run's spans as the committer would write them, priced and with their verdict of counting."""
    prices = PriceBook(bundled())
    admission = Admission(lambda _: (), horizon_us=0)
    spans: list[Span] = []
    for request in recorded(run)["requests"]:
        decoded = decode_json(json.dumps(request["body"]).encode())
        assert decoded.rejections == []
        for span in decoded.spans:
            prices.price(span)
        admission.admit([(OWNER, decoded.spans)])
        spans += decoded.spans
    return tuple(spans)


def call_of(span: Span) -> Call:
    return Call(
        span.provider,
        span.model,
        span.input_tokens,
        span.cache_read_tokens,
        span.cache_write_5m_tokens,
        span.cache_write_1h_tokens,
        span.output_tokens,
        span.reasoning_tokens,
        error=span.status == "error",
        cost="unpriced" if span.cost is None else shown(usd(span.cost)),
    )


@pytest.mark.parametrize("run", with_known_trouble(RUNS))
def test_every_billed_call_is_there_once_with_its_tokens_and_cost(run: str) -> None:
    assert sorted(call_of(span) for span in arrived(run) if span.counted) == expected_calls(run, bill(run))


@pytest.mark.parametrize("run", with_known_trouble(RUNS))
def test_the_sum_of_the_costs_is_the_bill(run: str) -> None:
    total = sum((usd(span.cost or 0) for span in arrived(run) if span.counted), Decimal(0))
    assert total == sum((call.cost for call in knowable(run, bill(run)) if call.usage_sent), Decimal(0))


@pytest.mark.parametrize("run", RUNS)
def test_protobuf_and_json_mean_the_same(run: str) -> None:
    first = json.dumps(recorded(run)["requests"][0]["body"]).encode()
    assert decode_protobuf((FIXTURES / f"{run}.bin").read_bytes()).spans == decode_json(first).spans
