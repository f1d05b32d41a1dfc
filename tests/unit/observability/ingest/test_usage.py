"""Token figures of every emitter come out in one meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.usage import Buckets, Figures, Meaning, buckets

EXAMPLES = [
    pytest.param(
        Figures(input=2017, output=107, total=2124, cache_read=1024),
        "openai",
        Buckets(2017, 1024, 0, 0, 0, 107),
        id="OpenAI: the prompt contains its cached tokens",
    ),
    pytest.param(
        Figures(input=945, output=226, cache_read=1042, cache_write=319, cache_meaning=Meaning.EXCLUDES),
        "anthropic",
        Buckets(2306, 1042, 319, 0, 0, 226),
        id="Anthropic raw: input leaves the cache out, and the convention says so",
    ),
    pytest.param(
        Figures(input=21, output=226, cache_read=1042),
        "anthropic",
        Buckets(1063, 1042, 0, 0, 0, 226),
        id="a part larger than its whole was not in it",
    ),
    pytest.param(
        Figures(input=1500, output=226, total=2768, cache_read=1042),
        "anthropic",
        Buckets(2542, 1042, 0, 0, 0, 226),
        id="a total that adds the cache proves that the input leaves it out",
    ),
    pytest.param(
        Figures(input=2542, output=226, total=2768, cache_read=1042, cache_write=300, cache_write_1h=100),
        "anthropic",
        Buckets(2542, 1042, 200, 100, 0, 226),
        id="cache writes by lifetime are parts of the stated total of writes",
    ),
    pytest.param(
        Figures(input=100, output=310, total=500),
        "google",
        Buckets(100, 0, 0, 0, 0, 400, 90),
        id="Gemini's candidates without thoughts: the rest of the total is thought",
    ),
    pytest.param(
        Figures(input=100, output=310, total=500, reasoning=90),
        "google",
        Buckets(100, 0, 0, 0, 0, 400, 90),
        id="Gemini raw with its thoughts beside the candidates",
    ),
    pytest.param(
        Figures(input=100, output=400, total=500, reasoning=90),
        "google",
        Buckets(100, 0, 0, 0, 0, 400, 90),
        id="Gemini through OTel: the output contains the thoughts",
    ),
    pytest.param(
        Figures(input=100, output=400, total=500, cache_read=90, reasoning=90),
        "google",
        Buckets(100, 90, 0, 0, 0, 400, 90),
        id="Gemini's prompt contains its cached content whatever else adds up",
    ),
    pytest.param(
        Figures(input=32, output=9, total=240, reasoning=199),
        "x-ai",
        Buckets(32, 0, 0, 0, 0, 208, 199),
        id="xAI: completion tokens leave reasoning out, the total does not",
    ),
    pytest.param(
        Figures(input=100, output=20, reasoning=50),
        "openai",
        Buckets(100, 0, 0, 0, 0, 70, 50),
        id="more reasoning than output: it was not in it",
    ),
    pytest.param(
        Figures(input=100, output=20, cache_read=80, input_audio=60, output_audio=30, reasoning=5),
        "openai",
        Buckets(100, 80, 0, 0, 20, 20, 5, 15),
        id="cached audio is counted as cached, audio never overlaps",
    ),
    pytest.param(Figures(total=2289), "openai", Buckets(2289), id="embeddings that state a total only"),
    pytest.param(Figures(output=20, total=120), "", Buckets(100, output_tokens=20), id="an input that is left out"),
    pytest.param(Figures(cache_read=7), "", Buckets(7, 7), id="parts without a whole"),
    pytest.param(
        Figures(input=10, output=5, uncached_input=10, cache_read=80, cache_write=20),
        "anthropic",
        Buckets(110, 80, 20, 0, 0, 5),
        id="AI SDK: the uncached part is stated",
    ),
    pytest.param(
        Figures(input=10, output=5, tool_input=3), "google", Buckets(13, output_tokens=5), id="Gemini's tool prompts"
    ),
    pytest.param(
        Figures(input=10, output=30, text_output=10, reasoning=30),
        "",
        Buckets(10, output_tokens=40, reasoning_tokens=30),
        id="AI SDK: the text part is stated",
    ),
    pytest.param(Figures(), "openai", Buckets(), id="nothing said"),
]


@pytest.mark.parametrize(("figures", "provider", "expected"), EXAMPLES)
def test_figures_come_out_in_one_meaning(figures: Figures, provider: str, expected: Buckets) -> None:
    assert buckets(figures, provider=provider) == expected


COUNTS = st.none() | st.integers(0, 10**12)
FIGURES = st.builds(
    Figures,
    *[COUNTS] * 13,
    cache_meaning=st.sampled_from(Meaning),
    reasoning_meaning=st.sampled_from(Meaning),
)


@given(FIGURES, st.sampled_from(["", "openai", "anthropic", "google"]))
def test_parts_are_disjoint_and_never_exceed_their_whole(figures: Figures, provider: str) -> None:
    found = buckets(figures, provider=provider)
    assert min(found) >= 0
    cached = found.cache_read_tokens + found.cache_write_5m_tokens + found.cache_write_1h_tokens
    assert cached + found.input_audio_tokens <= found.input_tokens
    assert found.reasoning_tokens + found.output_audio_tokens <= found.output_tokens


@given(FIGURES, st.sampled_from(["", "openai", "anthropic", "google"]))
def test_no_reported_part_is_lost(figures: Figures, provider: str) -> None:
    found = buckets(figures, provider=provider)
    assert found.cache_read_tokens == (figures.cache_read or 0)
    assert found.reasoning_tokens >= (figures.reasoning or 0)
    assert found.input_tokens >= (figures.input or 0)
    assert found.output_tokens >= (figures.output or 0)


@given(
    st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)
)
def test_the_same_call_reads_the_same_whether_its_emitter_includes_or_excludes_the_cache(
    fresh: int, read: int, written: int, text: int, reasoning: int
) -> None:
    including = Figures(fresh + read + written, text + reasoning, None, read, written, reasoning=reasoning)
    excluding = Figures(fresh, text, None, read, written, reasoning=reasoning)
    including.cache_meaning = including.reasoning_meaning = Meaning.INCLUDES
    excluding.cache_meaning = excluding.reasoning_meaning = Meaning.EXCLUDES
    assert buckets(including) == buckets(excluding)
