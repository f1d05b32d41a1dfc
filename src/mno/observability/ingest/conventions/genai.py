"""OTel GenAI semantic conventions: the present names and the older ones that are still sent.

Sources: open-telemetry/semantic-conventions-genai (gen-ai-spans, gen-ai-events; the attributes moved there
in 2026), `opentelemetry-util-genai` 1.3b0 (modality and `cache_write` figures), pydantic-ai 2 (`details.*`,
`aggregated_usage.*`), and the de-facto `gen_ai.usage.cost`.
"""

NAME = "genai"

#: attribute → slot. An earlier line wins where a span carries several of one slot.
KEYS = (
    ("gen_ai.response.model", "model"),
    ("gen_ai.request.model", "request_model"),
    ("gen_ai.provider.name", "provider"),
    ("gen_ai.system", "provider"),
    ("gen_ai.operation.name", "operation"),
    ("gen_ai.agent.name", "agent"),
    ("gen_ai.tool.name", "tool"),
    ("gen_ai.conversation.id", "session"),
    ("gen_ai.response.finish_reasons", "finish_reason"),
    ("gen_ai.response.finish_reason", "finish_reason"),
    ("openai.response.service_tier", "service_tier"),
    ("gen_ai.openai.response.service_tier", "service_tier"),
    ("gen_ai.response.service_tier", "service_tier"),
    ("openai.request.service_tier", "service_tier"),
    ("gen_ai.openai.request.service_tier", "service_tier"),
    ("gen_ai.request.service_tier", "service_tier"),
    ("gen_ai.response.time_to_first_chunk", "first_token_s"),
    ("gen_ai.client.operation.time_to_first_chunk", "first_token_s"),
    ("gen_ai.server.time_to_first_token", "first_token_s"),
    ("gen_ai.usage.input_tokens", "input"),
    ("gen_ai.usage.prompt_tokens", "input"),
    ("gen_ai.aggregated_usage.input_tokens", "input"),
    ("gen_ai.usage.output_tokens", "output"),
    ("gen_ai.usage.completion_tokens", "output"),
    ("gen_ai.aggregated_usage.output_tokens", "output"),
    ("gen_ai.usage.total_tokens", "total"),
    ("gen_ai.usage.cache_read.input_tokens", "cache_read"),
    ("gen_ai.usage.cache_read_input_tokens", "cache_read"),
    ("gen_ai.usage.input_tokens.cached", "cache_read"),
    ("gen_ai.usage.details.cache_read_tokens", "cache_read"),
    ("gen_ai.usage.details.cache_read_input_tokens", "cache_read"),
    ("gen_ai.aggregated_usage.cache_read.input_tokens", "cache_read"),
    ("gen_ai.usage.cache_creation.input_tokens", "cache_write"),
    ("gen_ai.usage.cache_write.input_tokens", "cache_write"),
    ("gen_ai.usage.cache_creation_input_tokens", "cache_write"),
    ("gen_ai.usage.input_tokens.cache_write", "cache_write"),
    ("gen_ai.usage.details.cache_write_tokens", "cache_write"),
    ("gen_ai.usage.details.cache_creation_input_tokens", "cache_write"),
    ("gen_ai.aggregated_usage.cache_creation.input_tokens", "cache_write"),
    ("gen_ai.usage.details.cache_write_1h_tokens", "cache_write_1h"),
    ("gen_ai.usage.cache_creation.ephemeral_5m_input_tokens", "cache_write_5m"),
    ("gen_ai.usage.cache_creation.ephemeral_1h_input_tokens", "cache_write_1h"),
    ("gen_ai.usage.reasoning.output_tokens", "reasoning"),
    ("gen_ai.usage.reasoning_tokens", "reasoning"),
    ("gen_ai.usage.output_tokens.reasoning", "reasoning"),
    ("gen_ai.usage.details.reasoning_tokens", "reasoning"),
    ("gen_ai.usage.details.thoughts_tokens", "reasoning"),
    ("gen_ai.usage.audio.input_tokens", "input_audio"),
    ("gen_ai.usage.details.input_audio_tokens", "input_audio"),
    ("gen_ai.usage.audio.output_tokens", "output_audio"),
    ("gen_ai.usage.details.output_audio_tokens", "output_audio"),
    ("gen_ai.usage.cost", "cost"),
    ("gen_ai.usage.total_cost", "cost"),
    ("gen_ai.input.messages", "input_messages"),
    ("gen_ai.output.messages", "output_messages"),
    ("gen_ai.system_instructions", "system"),
    ("gen_ai.prompt", "input_value"),
    ("gen_ai.completion", "output_value"),
)

#: Span events that carry messages: the name → the role of what they hold ("" for a choice of the output).
MESSAGE_EVENTS = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "",
    "gen_ai.content.prompt": "user",
    "gen_ai.content.completion": "",
    "gen_ai.client.inference.operation.details": "details",
}

#: operation → one call of a model
CALLS = frozenset(
    {
        "chat",
        "text_completion",
        "completion",
        "generate_content",
        "embeddings",
        "embedding",
        "rerank",
        "reranking",
        "responses",
        "interactions.create",
        "image_generation",
        "generate_image",
        "speech",
        "text_to_speech",
        "transcription",
        "translation",
        "moderation",
        "decide",
        "ai.generateSpeech",
        "ai.transcribe",
        "ai.streamTranscribe",
    }
)
