"""What must arrive, said once for both comparisons: over recorded payloads, and through a running hub.

The bill is the truth. An emitter that cannot say something has its gap named here, beside the run that
has it; a gap changes what is expected, so an emitter that mends its ways fails the test and loses the gap.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from support.providers.bill import Billed


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One counted call, as it must stand in the hub; `cost` is text with nine places, or "unpriced"."""

    provider: str
    model: str
    input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    error: bool
    cost: str


def shown(cost: Decimal) -> str:
    return f"{cost:.9f}"


def expected_call(billed: Billed) -> Call:
    if billed.error:
        return Call(billed.provider, billed.model, 0, 0, 0, 0, 0, 0, error=True, cost=shown(Decimal(0)))
    if not billed.usage_sent:
        return Call(billed.provider, billed.model, 0, 0, 0, 0, 0, 0, error=False, cost="unpriced")
    return Call(
        billed.provider,
        billed.model,
        billed.input_tokens,
        billed.cache_read_tokens,
        billed.cache_write_5m_tokens,
        billed.cache_write_1h_tokens,
        billed.output_tokens,
        billed.reasoning_tokens,
        error=False,
        cost=shown(billed.cost),
    )


#: What an emitter makes of a call: the call as it can be known, nothing where no span tells of it.
Gap = Callable[[Billed], list[Billed]]


def function_calls_within_the_sdk(billed: Billed) -> list[Billed]:
    """google-genai runs the function itself: one span stands for both calls, with the last one's figures."""
    return [] if billed.provider == "google" and billed.tool_calls else [billed]


def no_reasoning(billed: Billed) -> list[Billed]:
    """Reasoning is inside the output, but not told apart."""
    return [replace(billed, reasoning_tokens=0)]


def no_reasoning_in_chat_streams(billed: Billed) -> list[Billed]:
    is_chat_stream = billed.provider == "openai" and billed.operation == "chat" and billed.stream
    return no_reasoning(billed) if is_chat_stream else [billed]


def request_model_in_streams(billed: Billed) -> list[Billed]:
    return [replace(billed, model=billed.request_model)] if billed.stream else [billed]


def failures_told_twice(billed: Billed) -> list[Billed]:
    """OpenLLMetry and Anthropic's SDK tell of a call side by side; one that failed has no id to match them."""
    return [billed, billed] if billed.error and billed.provider == "anthropic" else [billed]


GAPS: dict[str, tuple[Gap, ...]] = {
    "otel-genai": (function_calls_within_the_sdk,),
    "openinference": (function_calls_within_the_sdk,),
    "openinference-langchain": (request_model_in_streams,),
    "openllmetry": (function_calls_within_the_sdk, no_reasoning_in_chat_streams, failures_told_twice),
    "vercel-ai": (no_reasoning,),
}


#: Runs whose figures the hub does not get right yet, and why.
UNSOLVED: dict[str, str] = {}


def knowable(run: str, bill: Iterable[Billed]) -> list[Billed]:
    """The calls of a bill as this run's emitter can report them."""
    known = list(bill)
    for gap in GAPS.get(run, ()):
        known = [left for billed in known for left in gap(billed)]
    return known


def expected_calls(run: str, bill: Iterable[Billed]) -> list[Call]:
    return sorted(expected_call(billed) for billed in knowable(run, bill))
