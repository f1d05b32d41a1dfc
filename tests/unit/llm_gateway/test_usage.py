"""Providers' figures come to the one meaning, and it is the same that ingest gives them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.llm_gateway.model import Usage
from mno.llm_gateway.providers import anthropic, gemini, openai
from mno.llm_gateway.usage import estimated_tokens, fitted
from mno.observability.ingest.usage import Figures, Meaning, buckets

counts = st.integers(0, 100_000)


@given(counts, counts, counts, counts, counts, counts)
def test_openai_s_figures_mean_what_ingest_takes_them_for(
    prompt: int, cached: int, audio: int, completion: int, reasoning: int, spoken: int
) -> None:
    cached, reasoning = min(cached, prompt), min(reasoning, completion)
    told = openai.usage_of(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": audio},
            "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": spoken},
        }
    )
    figures = Figures(
        input=prompt,
        output=completion,
        cache_read=cached,
        input_audio=audio,
        reasoning=reasoning,
        output_audio=spoken,
        cache_meaning=Meaning.INCLUDES,
        reasoning_meaning=Meaning.INCLUDES,
    )
    assert told is not None
    assert told._asdict() == buckets(figures)._asdict()


@given(counts, counts, counts, counts, counts)
def test_anthropic_s_figures_mean_what_ingest_takes_them_for(
    plain: int, read: int, five: int, hour: int, output: int
) -> None:
    told = anthropic.usage_of(
        {
            "input_tokens": plain,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": five + hour,
            "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
            "output_tokens": output,
        }
    )
    figures = Figures(
        input=plain,
        output=output,
        cache_read=read,
        cache_write_5m=five,
        cache_write_1h=hour,
        cache_meaning=Meaning.EXCLUDES,
    )
    assert told is not None
    assert told._asdict() == buckets(figures, provider="anthropic")._asdict()


@given(counts, counts, counts, counts, counts)
def test_gemini_s_figures_mean_what_ingest_takes_them_for(
    prompt: int, cached: int, candidates: int, thoughts: int, tools: int
) -> None:
    cached = min(cached, prompt)
    told = gemini.usage_of(
        {
            "promptTokenCount": prompt,
            "cachedContentTokenCount": cached,
            "candidatesTokenCount": candidates,
            "thoughtsTokenCount": thoughts,
            "toolUsePromptTokenCount": tools,
            "totalTokenCount": prompt + candidates + thoughts + tools,
        }
    )
    figures = Figures(
        input=prompt,
        output=candidates,
        cache_read=cached,
        reasoning=thoughts,
        tool_input=tools,
        cache_meaning=Meaning.INCLUDES,
        reasoning_meaning=Meaning.EXCLUDES,
    )
    assert told is not None
    assert told._asdict() == buckets(figures, provider="google")._asdict()


def test_the_responses_api_uses_other_words() -> None:
    told = openai.usage_of(
        {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 40},
            "output_tokens": 30,
            "output_tokens_details": {"reasoning_tokens": 20},
        }
    )
    assert told == Usage(input_tokens=100, cache_read_tokens=40, output_tokens=30, reasoning_tokens=20)


def test_reasoning_beside_the_output_is_added_where_the_total_proves_it() -> None:
    told = openai.usage_of(
        {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 22,
            "completion_tokens_details": {"reasoning_tokens": 7},
        }
    )
    assert told == Usage(input_tokens=10, output_tokens=12, reasoning_tokens=7)


def test_modalities_of_gemini_are_split() -> None:
    told = gemini.usage_of(
        {
            "promptTokenCount": 100,
            "promptTokensDetails": [
                {"modality": "TEXT", "tokenCount": 60},
                {"modality": "AUDIO", "tokenCount": 40},
            ],
            "candidatesTokenCount": 9,
        }
    )
    assert told == Usage(input_tokens=100, input_audio_tokens=40, output_tokens=9)


@pytest.mark.parametrize(
    "figures", [None, "12", [], {}, {"prompt_tokens": -1}, {"prompt_tokens": True}, {"prompt_tokens": 10**15}, {"x": 1}]
)
def test_figures_that_cannot_be_are_none(figures: Any) -> None:
    assert openai.usage_of(figures) is None
    assert anthropic.usage_of(figures) is None
    assert gemini.usage_of(figures) is None


@given(st.builds(Usage, *([counts] * 8)))
def test_parts_stay_within_their_wholes(usage: Usage) -> None:
    kept = fitted(usage)
    cached = kept.cache_read_tokens + kept.cache_write_5m_tokens + kept.cache_write_1h_tokens
    assert cached + kept.input_audio_tokens <= kept.input_tokens == usage.input_tokens
    assert kept.reasoning_tokens + kept.output_audio_tokens <= kept.output_tokens == usage.output_tokens
    assert fitted(kept) == kept


def test_the_end_of_an_anthropic_stream_keeps_how_long_caches_live() -> None:
    start = anthropic.usage_of(
        {
            "input_tokens": 5,
            "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "output_tokens": 1,
        }
    )
    assert start is not None
    end = {"input_tokens": 5, "cache_creation_input_tokens": 30, "output_tokens": 44}
    assert anthropic.merged(start, end) == start._replace(output_tokens=44)
    assert anthropic.merged(start, {"output_tokens": 44}) == start._replace(output_tokens=44)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("a", 1), ("word", 1), ("words", 2), ("你好", 2), ("hi 你好", 3)]
)
def test_generated_text_is_estimated(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens
