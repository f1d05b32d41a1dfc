"""One spelling per provider."""

import pytest

from mno.observability.ingest.providers import normalised, of_model


@pytest.mark.parametrize(
    ("emitted", "expected"),
    [
        ("openai", "openai"),
        ("OpenAI", "openai"),
        ("openai.chat", "openai"),
        ("openai.responses", "openai"),
        ("anthropic.messages", "anthropic"),
        ("gcp.gemini", "google"),
        ("gcp.gen_ai", "google"),
        ("gcp.vertex_ai", "google"),
        ("gemini", "google"),
        ("google.generative-ai", "google"),
        ("google.vertex.chat", "google"),
        ("az.ai.openai", "azure"),
        ("azure.ai.inference", "azure"),
        ("azure.chat", "azure"),
        ("aws.bedrock", "aws"),
        ("amazon-bedrock", "aws"),
        ("mistral_ai", "mistral"),
        ("x_ai", "x-ai"),
        ("xai.chat", "x-ai"),
        ("my.own.provider", "my.own.provider"),
        ("", ""),
    ],
)
def test_a_provider_has_one_spelling(emitted: str, expected: str) -> None:
    assert normalised(emitted) == expected


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4o-mini-2024-07-18", "openai"),
        ("o3-mini", "openai"),
        ("claude-sonnet-4-5", "anthropic"),
        ("models/gemini-2.5-flash", "google"),
        ("anthropic/claude-sonnet-4-5", "anthropic"),
        ("somebody/own-model", ""),
        ("llama-3", ""),
        ("", ""),
    ],
)
def test_a_model_gives_its_provider_away(model: str, expected: str) -> None:
    assert of_model(model) == expected
