"""Wire shapes of the ingest that are ours; OTLP's are the standard's."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class TokenEvent(BaseModel):
    """One call of a model, told without OpenTelemetry.

    It describes the request; `native.py` reads it, event by event, so that one bad event does not cost the others.
    """

    model_config = ConfigDict(extra="forbid")

    model: str = Field(description="The model that answered.")
    provider: str = Field("", description="openai, anthropic, google, …; found by the model where it is left out.")
    time: datetime | None = Field(None, description="When the call began, RFC 3339; now where it is left out.")
    id: str = Field("", description="Makes sending again safe; needs `time`.")
    input_tokens: int = Field(0, ge=0, description="The whole input, with cache and audio.")
    output_tokens: int = Field(0, ge=0, description="The whole output, with reasoning and audio.")
    cache_read_tokens: int = Field(0, ge=0, description="Part of the input.")
    cache_write_5m_tokens: int = Field(0, ge=0, description="Part of the input.")
    cache_write_1h_tokens: int = Field(0, ge=0, description="Part of the input.")
    input_audio_tokens: int = Field(0, ge=0, description="Part of the input.")
    reasoning_tokens: int = Field(0, ge=0, description="Part of the output.")
    output_audio_tokens: int = Field(0, ge=0, description="Part of the output.")
    input_excludes_cache: bool = Field(default=False, description="`input_tokens` leaves the cache out.")
    output_excludes_reasoning: bool = Field(default=False, description="`output_tokens` leaves the reasoning out.")
    cost: str | None = Field(None, description="USD, where the caller knows it; else the hub prices the call.")
    duration_ms: float = Field(0, ge=0)
    status: Literal["ok", "error", "unset"] = "ok"
    operation: str = Field("chat", description="chat, embeddings, … as in the OTel GenAI conventions.")
    service_tier: str = Field("", description="batch, flex, priority, …")
    user: str = ""
    session: str = ""
    agent: str = ""
    environment: str = ""
    tags: dict[str, str] | list[str] = Field(default_factory=dict)
    trace_id: str = Field("", description="32 hexadecimal digits.")
    span_id: str = Field("", description="16 hexadecimal digits; needs `time`.")
    parent_span_id: str = Field("", description="16 hexadecimal digits.")


def events_body() -> dict[str, Any]:
    """The request body of the native batch, for the OpenAPI description."""
    event = TokenEvent.model_json_schema()
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "array", "items": event}},
                "application/x-ndjson": {"schema": event},
            },
        }
    }


class RejectedEvent(BaseModel):
    """One event that was not taken."""

    index: int = Field(description="Its place in the request, from 0.")
    reason: str


class EventsReceipt(BaseModel):
    """What became of a batch of token events. An event sent again with the same `id` is accepted and counted once."""

    accepted: int
    rejected: list[RejectedEvent]
