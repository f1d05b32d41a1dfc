"""One request that says two things about one span.

A span that stands twice in a request with one content is an exporter's repetition, and admission drops it.
With two contents only one can be true; the first is kept, and the sender hears which others are not.
"""

from mno.observability.ingest.model import Decoded, Rejection
from mno.observability.spans.model import Span

_REASON = "its id stands twice in this request with different content; the first is kept"


def settle(decoded: Decoded) -> None:
    """Moves spans that contradict an earlier one of the same request to the rejections, in place."""
    spans = decoded.spans
    if len({(span.trace_id, span.span_id) for span in spans}) == len(spans):
        return
    first: dict[tuple[bytes, bytes], Span] = {}
    kept: list[Span] = []
    for place, span in zip(_places(decoded), spans, strict=True):
        if first.setdefault((span.trace_id, span.span_id), span) == span:
            kept.append(span)
        else:
            decoded.rejections.append(Rejection(place, span.span_id.hex(), _REASON))
    decoded.spans = kept
    decoded.rejections.sort(key=lambda rejection: rejection.index)


def _places(decoded: Decoded) -> list[int]:
    """Where each span stood in the request: the places that no rejection has."""
    refused = {rejection.index for rejection in decoded.rejections}
    return [place for place in range(len(decoded.spans) + len(refused)) if place not in refused]
