"""What a decoder hands on: the spans it understood, and what it refused and why.

Also every limit of the ingest in one place. A batch is never lost for one bad span: the span becomes a
`Rejection`, which the caller answers as OTLP's partial success or in `rejected` of the native API.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mno.observability.spans.model import Span
from mno.platform.errors import Invalid, Unavailable

MEBIBYTE = 1024 * 1024
#: A request's body as it travels.
MAX_BODY_BYTES = 16 * MEBIBYTE
#: The same body after decompression.
MAX_DECOMPRESSED_BYTES = 64 * MEBIBYTE
#: Bodies of all requests that are being received, decoded or stored at one moment, as they travel.
MAX_BODIES_IN_FLIGHT_BYTES = 256 * MEBIBYTE
#: Gzip members or zstd frames in a row that one body may be; each costs time, even an empty one.
MAX_COMPRESSED_MEMBERS = 1_000
#: Spans, log records or metric points in one OTLP request.
MAX_SPANS_PER_REQUEST = 100_000
#: A span with more attributes is refused, also on one of its events or links; and so with more events or links.
MAX_ATTRIBUTES_PER_SPAN = 1_000
#: Events of one span.
MAX_EVENTS_PER_SPAN = 1_000
#: Links of one span.
MAX_LINKS_PER_SPAN = 1_000
#: The resource's attributes as JSON text, once for each span of a request that has the resource.
MAX_RESOURCE_CHARACTERS = 64 * MEBIBYTE
#: A longer text value is cut there and says so at its end; the span is kept.
MAX_VALUE_CHARACTERS = MEBIBYTE
#: Names, models, users, sessions and the like are cut here without a note.
MAX_NAME_CHARACTERS = 512
#: Lists and maps inside attributes; what is deeper becomes the text "…".
MAX_VALUE_DEPTH = 32
#: Tokens in one bucket of one call; a larger figure is a mistake of its emitter.
MAX_TOKENS = 10**12
#: Tags of one span; further ones are left out.
MAX_TAGS = 32
#: One tag, name and value together; the rest is cut.
MAX_TAG_CHARACTERS = 200
#: How far a clock may be ahead of ours.
MAX_FUTURE_NS = 3_600 * 10**9
#: How long ago a span may have started.
MAX_AGE_NS = 5 * 366 * 86_400 * 10**9
#: Token events in one request of the native API.
MAX_EVENTS_PER_REQUEST = 100_000
#: How many rejections an answer spells out; the rest are counted.
MAX_REASONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Rejection:
    """One item that was not taken: its place in the request, its span id in hex where known, and why."""

    index: int
    span_id: str
    reason: str

    def __str__(self) -> str:
        return f"span {self.span_id or f'number {self.index}'}: {self.reason}"


@dataclass(slots=True)
class Decoded:
    """The spans of one request in the order of arrival, what was refused, and what was repaired (`notes`)."""

    spans: list[Span] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Refused(Invalid):
    """Raised inside a decoder for one span or event; the message is the rejection's reason."""


def summary(rejections: Sequence[Rejection]) -> str:
    """The text of OTLP's partial success: the first reasons in full, the number of the others."""
    shown = "; ".join(str(rejection) for rejection in rejections[:MAX_REASONS_SHOWN])
    hidden = len(rejections) - MAX_REASONS_SHOWN
    return f"{shown}; and {hidden} more" if hidden > 0 else shown


def stopping() -> Unavailable:
    """What a delivery hears that comes too late to be kept."""
    return Unavailable("The hub is stopping; send the same again in a moment.", retry_after_s=5)
