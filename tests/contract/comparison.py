"""What must arrive, said once for both comparisons: over recorded payloads, and through a running hub.

The bill is the truth. An emitter that cannot say something has its gap named here, beside the run that
has it; a gap changes what is expected, so an emitter that mends its ways fails the test and loses the gap.
"""

from collections.abc import Callable, Sequence
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


#: What an emitter loses of a call: the call as it can be known, or None where no span tells of it.
Gap = Callable[[Billed], Billed | None]


def function_calls_within_the_sdk(billed: Billed) -> Billed | None:
    """google-genai runs the function itself: one span stands for both calls, with the last one's figures."""
    return None if billed.provider == "google" and billed.tool_calls else billed


def no_reasoning(billed: Billed) -> Billed:
    """Reasoning is inside the output, but not told apart."""
    return replace(billed, reasoning_tokens=0)


def no_reasoning_in_chat_streams(billed: Billed) -> Billed:
    is_chat_stream = billed.provider == "openai" and billed.operation == "chat" and billed.stream
    return no_reasoning(billed) if is_chat_stream else billed


def request_model_in_streams(billed: Billed) -> Billed:
    return replace(billed, model=billed.request_model) if billed.stream else billed


GAPS: dict[str, tuple[Gap, ...]] = {
    "otel-genai": (function_calls_within_the_sdk,),
    "openinference": (function_calls_within_the_sdk,),
    "openinference-langchain": (request_model_in_streams,),
    "openllmetry": (function_calls_within_the_sdk, no_reasoning_in_chat_streams),
    "vercel-ai": (no_reasoning,),
}


def knowable(run: str, bill: Sequence[Billed]) -> list[Billed]:
    """The calls of a bill as this run's emitter can report them."""
    known: list[Billed] = []
    for billed in bill:
        left: Billed | None = billed
        for gap in GAPS.get(run, ()):
            left = gap(left) if left else None
        if left:
            known.append(left)
    return known


def expected_calls(run: str, bill: Sequence[Billed]) -> list[Call]:
    return sorted(expected_call(billed) for billed in knowable(run, bill))
