"""Token figures of any emitter, brought to the one meaning that `Span` has.

Total input contains its cache reads, cache writes (five minutes, one hour) and audio; total output
contains its reasoning and audio. The parts of one whole never overlap and never exceed it. Emitters
disagree, between providers and between their own versions, so what they mean is decided in this order:

1. the convention says so (`Meaning`), e.g. Langfuse's `usage_details` are disjoint by definition;
2. arithmetic: a part larger than its whole, or a stated total that equals whole plus parts, proves
   that the whole was reported without them;
3. otherwise the OTel GenAI convention holds: `gen_ai.usage.input_tokens` SHOULD contain cached tokens,
   `gen_ai.usage.output_tokens` contains reasoning.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Meaning(Enum):
    """How a whole relates to its parts."""

    INCLUDES = "includes"
    EXCLUDES = "excludes"
    #: The convention says "includes", but emitters are known that do not; arithmetic may overrule.
    ASSUMED = "assumed"


@dataclass(slots=True)
class Figures:
    """What the emitter said; None where it said nothing. All are counts of tokens, never negative.

    `cache_write` is a total over both lifetimes; `uncached_input` and `text_output` are what remains of
    a whole after its parts, where an emitter states it (the AI SDK does).
    """

    input: int | None = None
    output: int | None = None
    total: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None
    reasoning: int | None = None
    uncached_input: int | None = None
    text_output: int | None = None
    tool_input: int | None = None
    cache_meaning: Meaning = Meaning.ASSUMED
    reasoning_meaning: Meaning = Meaning.ASSUMED

    def said_anything(self) -> bool:
        return not (
            self.input is None
            and self.output is None
            and self.total is None
            and self.cache_read is None
            and self.cache_write is None
            and self.cache_write_5m is None
            and self.cache_write_1h is None
            and self.reasoning is None
            and self.input_audio is None
            and self.output_audio is None
            and self.uncached_input is None
        )


class Buckets(NamedTuple):
    """The one meaning: `input_tokens` and `output_tokens` are wholes, the others their disjoint parts."""

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0


def buckets(figures: Figures, *, provider: str = "") -> Buckets:
    """The figures in our meaning. Pure; the result keeps every invariant whatever the input."""
    write_5m, write_1h = _cache_writes(figures)
    read = figures.cache_read or 0
    cached = read + write_5m + write_1h
    output, reasoning = _output(figures, cached, provider)
    whole_input = _input(figures, cached, output, provider)
    # Cached audio is reported as cached and as audio; it is billed as cached.
    input_audio = min(figures.input_audio or 0, whole_input - cached)
    output_audio = min(figures.output_audio or 0, output - reasoning)
    return Buckets(whole_input, read, write_5m, write_1h, input_audio, output, reasoning, output_audio)


def _cache_writes(figures: Figures) -> tuple[int, int]:
    """Five-minute and one-hour writes; an undivided total is billed as five minutes, Anthropic's default."""
    five, hour = figures.cache_write_5m, figures.cache_write_1h
    if figures.cache_write is None:
        return five or 0, hour or 0
    hour = min(hour or 0, figures.cache_write)
    return figures.cache_write - hour, hour


def _input(figures: Figures, cached: int, output: int, provider: str) -> int:
    whole = figures.input
    if figures.uncached_input is not None:
        return max(whole or 0, figures.uncached_input + cached)
    if whole is None:
        audio = figures.input_audio or 0
        if figures.total is None:
            return cached + audio
        return max(figures.total - output, cached)
    whole += figures.tool_input or 0
    if not cached:
        return whole
    if figures.cache_meaning is Meaning.EXCLUDES or cached > whole:
        return whole + cached
    # Gemini's prompt count always contains its cached content; its total may be larger for thoughts.
    if figures.cache_meaning is Meaning.ASSUMED and figures.total is not None and provider != "google":
        without_cache = whole + (figures.output or 0)
        if figures.total in (without_cache + cached, whole + output + cached):
            return whole + cached
    return whole


def _output(figures: Figures, cached: int, provider: str) -> tuple[int, int]:
    """The whole output and the reasoning in it."""
    reasoning = figures.reasoning or 0
    whole = figures.output
    if whole is None:
        return reasoning, reasoning
    if figures.text_output is not None and reasoning:
        return max(whole, figures.text_output + reasoning), reasoning
    if reasoning and (figures.reasoning_meaning is Meaning.EXCLUDES or reasoning > whole):
        return whole + reasoning, reasoning
    if figures.reasoning_meaning is Meaning.INCLUDES or figures.total is None or figures.input is None:
        return whole, reasoning
    unexplained = figures.total - figures.input - whole - (figures.tool_input or 0)
    if reasoning and unexplained in (reasoning, reasoning + cached):
        # xAI's and Gemini's own figures: completion tokens do not contain reasoning, the total does.
        return whole + reasoning, reasoning
    if provider == "google" and not reasoning and unexplained > 0:
        # Gemini's `candidates_token_count` copied as output (OpenLLMetry): the rest of the total is thought.
        return whole + unexplained, unexplained
    return whole, reasoning
