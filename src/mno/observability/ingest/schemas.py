"""Wire shapes of the ingest that are ours; OTLP's are the standard's."""

from pydantic import BaseModel, Field


class RejectedEvent(BaseModel):
    """One event that was not taken."""

    index: int = Field(description="Its place in the request, from 0.")
    reason: str


class EventsReceipt(BaseModel):
    """What became of a batch of token events. An event sent again with the same `id` is accepted and counted once."""

    accepted: int
    rejected: list[RejectedEvent]
