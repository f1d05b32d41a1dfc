"""From the parts of one span, as any wire format gives them, to the one `Span` of the product.

The wire decoders (otlp.py, otlp_json.py) call `span_of` once per span; the resource's and scope's share is
prepared once per batch as an `Origin`. Pure and fast: no I/O, one pass over the attributes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from mno.observability.ingest import messages as message_schema
from mno.observability.ingest.conventions import (
    TAG_PREFIX,
    Plan,
    ai_sdk,
    genai,
    langfuse,
    openinference,
    openllmetry,
    plan_of,
)
from mno.observability.ingest.model import (
    MAX_NAME_CHARACTERS,
    MAX_TAG_CHARACTERS,
    MAX_TAGS,
)
from mno.observability.ingest.plausibility import cost_nano, tokens
from mno.observability.ingest.providers import normalised, of_model
from mno.observability.ingest.usage import Figures, Meaning, buckets
from mno.observability.spans.model import Span, UsageKind

#: (time in nanoseconds, name, attributes)
Event = tuple[int, str, dict[str, Any]]

_KINDS = ("internal", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")
#: OpenInference, AI SDK, OpenLLMetry.
_FIRST_TOKEN_EVENTS = frozenset({"First Token Stream Event", "ai.stream.firstChunk", "gen_ai.content.completion.chunk"})


@dataclass(frozen=True, slots=True)
class Origin:
    """What all spans of one resource and scope share."""

    service: str = ""
    scope: str = ""
    environment: str = ""
    user_id: str = ""
    session_id: str = ""
    tags: tuple[str, ...] = ()
    resource: str = "{}"


def origin_of(resource: dict[str, Any], scope: str = "", scope_version: str = "") -> Origin:
    """The share of a resource (its attributes) and of a scope in every span."""
    remaining = dict(resource)
    service = _text(remaining.pop("service.name", ""))
    environment = _text(remaining.pop("deployment.environment.name", "") or remaining.pop("deployment.environment", ""))
    tags = [f"{key[len(TAG_PREFIX) :]}={remaining.pop(key)}" for key in resource if key.startswith(TAG_PREFIX)]
    user_id, session_id = _text(resource.get("user.id", "")), _text(resource.get("session.id", ""))
    if scope_version:
        remaining["otel.scope.version"] = scope_version
    text = message_schema.dumped(remaining)
    return Origin(service, _text(scope), environment, user_id, session_id, cleaned_tags(tags), text)


def span_of(
    trace_id: bytes,
    span_id: bytes,
    parent_span_id: bytes,
    start_ns: int,
    end_ns: int,
    name: str,
    kind: int,
    status_code: int,
    status_message: str,
    attributes: dict[str, Any],
    events: list[Event],
    links: str,
    origin: Origin,
) -> Span:
    """One span in the product's terms. `Refused` names what in it cannot be true (figures, cost)."""
    plan = plan_of(tuple(attributes))
    lifted: dict[str, Any] = {}
    for key, slot in plan.lifts:
        value = attributes[key]
        if value is not None and value != "":
            lifted[slot] = value
    rest = {key: attributes[key] for key in plan.rest}
    span = Span(trace_id, span_id, start_ns, end_ns - start_ns, name[:MAX_NAME_CHARACTERS], parent_span_id)
    span.kind = _KINDS[kind] if 0 <= kind < 6 else "internal"
    span.convention = plan.convention
    _place(span, plan, lifted, attributes, origin)
    if plan.convention == openinference.NAME and "model" not in lifted and "request_model" not in lifted:
        lifted["request_model"] = openinference.asked_model(attributes)
    span.request_model, span.model = _models(lifted)
    span.provider = _provider(lifted, span.model, rest)
    has_figures = _count(span, plan, lifted)
    span.reported_cost = _cost(lifted)
    span.metered = has_figures or span.reported_cost is not None
    span.operation = _operation(lifted, span.model, metered=span.metered)
    if span.operation in genai.CALLS:
        span.usage_kind = UsageKind.CALL
        if "gen_ai.response.id" in rest:
            span.response_id = _text(rest["gen_ai.response.id"])
    elif span.metered:
        span.usage_kind = UsageKind.AGGREGATE
    try:
        span.input_messages, span.output_messages, events = _messages(plan, lifted, attributes, rest, events)
    except (TypeError, ValueError, RecursionError):
        # Deeper or stranger than JSON goes; what was said stays readable where it was.
        rest.update(attributes)
    span.status = _STATUSES[status_code] if 0 <= status_code < 3 else "unset"
    span.status_message = status_message
    if "level" in lifted or span.status == "error":
        span.status, span.status_message = _status(span.status, status_message, lifted, events)
    if events:
        span.events = _events(events, start_ns)
    if events or plan.timed:
        span.time_to_first_token_ns = _first_token(lifted, events, start_ns)
    span.links = links
    if rest:
        span.attributes = orjson.dumps(rest).decode()
    return span


def _place(span: Span, plan: Plan, lifted: dict[str, Any], attributes: dict[str, Any], origin: Origin) -> None:
    """Where the span belongs: its program's share, then what it says of itself."""
    span.service, span.scope, span.resource = origin.service, origin.scope, origin.resource
    span.user_id, span.session_id, span.environment = origin.user_id, origin.session_id, origin.environment
    span.tags = _tags(plan, lifted.get("tags"), attributes, origin) if plan.tags or "tags" in lifted else origin.tags
    for slot, field in plan.texts:
        if slot in lifted:
            setattr(span, field, _text(lifted[slot]))


def _text(value: Any) -> str:
    """A name: text, cut to its limit; a list (finish reasons) is joined by commas."""
    if type(value) is str:
        return value if len(value) <= MAX_NAME_CHARACTERS else value[:MAX_NAME_CHARACTERS]
    if type(value) is list:
        return ",".join(str(item) for item in value if item is not None)[:MAX_NAME_CHARACTERS]
    return str(value)[:MAX_NAME_CHARACTERS]


def _models(lifted: dict[str, Any]) -> tuple[str, str]:
    """The requested model and the one that answered; Gemini's `models/` is not part of a name."""
    requested = _text(lifted.get("request_model", "")).removeprefix("models/")
    answered = _text(lifted.get("model", "")).removeprefix("models/")
    return requested, answered or requested


def _provider(lifted: dict[str, Any], model: str, rest: dict[str, Any]) -> str:
    emitted = lifted.get("provider")
    if emitted is None:
        return of_model(model) if model else ""
    name = _text(emitted)
    provider = normalised(name)
    if provider != name:
        rest["gen_ai.provider.name"] = name
    return provider


def _count(span: Span, plan: Plan, lifted: dict[str, Any]) -> bool:
    """Fills the token buckets; whether the emitter reported any figure."""
    details = lifted.get("usage_details")
    if not plan.tokens and details is None and "provider_metadata" not in lifted:
        return False
    figures = Figures()
    if details is None:
        for slot in plan.tokens:
            if slot in lifted:
                setattr(figures, slot, tokens(lifted[slot], slot))
    else:
        slots, figures.cache_meaning, figures.reasoning_meaning = langfuse.usage_of(details)
        for slot, value in slots.items():
            setattr(figures, slot, tokens(value, slot))
    if plan.convention == ai_sdk.NAME:
        ai_sdk.refine(figures, lifted)
    elif plan.convention == openinference.NAME:
        openinference.refine(figures, lifted)
    if lifted.get("operation") == "interactions.create":
        # Gemini's Interactions API reports thoughts beside its output (total_thought_tokens).
        figures.reasoning_meaning = Meaning.EXCLUDES
    if not figures.said_anything():
        return False
    (
        span.input_tokens,
        span.cache_read_tokens,
        span.cache_write_5m_tokens,
        span.cache_write_1h_tokens,
        span.input_audio_tokens,
        span.output_tokens,
        span.reasoning_tokens,
        span.output_audio_tokens,
    ) = buckets(figures, provider=span.provider)
    return True


def _cost(lifted: dict[str, Any]) -> int | None:
    """The cost that the emitter reports. Zero is no report.

    Emitters write 0 for models whose price they do not know (OpenLIT) and for failed calls (Langfuse).
    """
    value = lifted.get("cost")
    if value is None and "cost_details" in lifted:
        value = langfuse.cost_of(lifted["cost_details"])
    return (cost_nano(value) or None) if value is not None else None


def _operation(lifted: dict[str, Any], model: str, *, metered: bool) -> str:
    """`gen_ai.operation.name`, or what the other conventions' kinds mean in its words."""
    stated = lifted.get("operation")
    if stated is not None:
        return _text(stated)
    for slot, meanings in _OPERATIONS:
        value = lifted.get(slot)
        if value is not None:
            found = meanings.get(value) if type(value) is str else None
            if found is not None:
                return found
    # Before operations had names: a model and figures, and nothing that says agent or chain.
    return "chat" if metered and model and "ai_operation" not in lifted else ""


_OPERATIONS = (
    ("ai_operation", ai_sdk.OPERATIONS),
    ("openinference_kind", openinference.OPERATIONS),
    ("request_type", openllmetry.REQUEST_TYPES),
    ("langfuse_type", langfuse.OPERATIONS),
    ("traceloop_kind", openllmetry.KINDS),
)


def _status(status: str, text: str, lifted: dict[str, Any], events: list[Event]) -> tuple[str, str]:
    if lifted.get("level") == "ERROR":
        status = "error"
    if not text:
        text = _text(lifted.get("status_message", ""))
    if not text and status == "error":
        for _, name, attributes in events:
            if name == "exception":
                text = str(attributes.get("exception.message") or attributes.get("exception.type") or "")
    return status, text


def _messages(
    plan: Plan, lifted: dict[str, Any], attributes: dict[str, Any], rest: dict[str, Any], events: list[Event]
) -> tuple[str, str, list[Event]]:
    """Input and output messages as JSON text, and the events that carried none."""
    read = ""
    written = ""
    if "input_messages" in lifted:
        read = message_schema.in_schema(lifted["input_messages"], "user")
    elif plan.input_keys:
        read = _flattened(plan.input_prefix, plan.input_keys, attributes, "user")
    if "output_messages" in lifted:
        written = message_schema.in_schema(lifted["output_messages"], "assistant")
    elif plan.output_keys:
        written = _flattened(plan.output_prefix, plan.output_keys, attributes, "assistant")
    elif plan.convention == ai_sdk.NAME and (answer := ai_sdk.output_message(lifted)) is not None:
        written = message_schema.dumped([message_schema.message(answer, "assistant")])
    if events:
        said, answered, events = _from_events(events)
        read = read or said
        written = written or answered
    read = _or_value(read, lifted.get("input_value"), plan.input_values, attributes, rest, "user")
    written = _or_value(written, lifted.get("output_value"), plan.output_values, attributes, rest, "assistant")
    if "system" in lifted:
        read = _with_system(read, lifted["system"])
    return read, written, events


def _or_value(
    found: str, value: Any, keys: tuple[str, ...], attributes: dict[str, Any], rest: dict[str, Any], role: str
) -> str:
    """The found messages, else a general input or output as one; a value that was not needed stays an attribute."""
    if not keys:
        return found
    if found:
        rest.update((key, attributes[key]) for key in keys)
        return found
    return message_schema.in_schema(value, role)


def _flattened(prefix: str, keys: tuple[str, ...], attributes: dict[str, Any], role: str) -> str:
    items = message_schema.unflattened(attributes, keys, prefix)
    if prefix in (openinference.INPUT_PREFIX, openinference.OUTPUT_PREFIX):
        items = [openinference.plain(item) for item in items]
    else:
        items = [openllmetry.plain(item) for item in items]
    return message_schema.dumped([message_schema.message(item, role) for item in items])


def _with_system(read: str, instructions: Any) -> str:
    """System instructions are a list of parts; they become the first message."""
    first = {"role": "system", "parts": message_schema.parts(message_schema.loaded(instructions))}
    return message_schema.dumped([first, *(orjson.loads(read) if read else [])])


def _from_events(events: list[Event]) -> tuple[str, str, list[Event]]:
    """Messages from span events of the older conventions, and the other events."""
    others: list[Event] = []
    said: list[Any] = []
    answered: list[Any] = []
    for event in events:
        role = genai.MESSAGE_EVENTS.get(event[1])
        if role is None:
            others.append(event)
        elif role == "details":
            said += message_schema.messages(event[2].get("gen_ai.input.messages"), "user")
            answered += message_schema.messages(event[2].get("gen_ai.output.messages"), "assistant")
        else:
            (said if role else answered).extend(_event_messages(event[2], role))
    if not said and not answered:
        return "", "", others
    return (
        message_schema.dumped(said) if said else "",
        message_schema.dumped(answered) if answered else "",
        others,
    )


def _event_messages(body: dict[str, Any], role: str) -> list[Any]:
    """One message event: attributes `content`, `role`, `message`; or one JSON text for all."""
    for name in ("gen_ai.event.content", "gen_ai.prompt", "gen_ai.completion"):
        if name in body:
            return message_schema.messages(body[name], role or "assistant")
    inner = message_schema.loaded(body.get("message"))
    item = {**body, **inner} if type(inner) is dict else dict(body)
    item["tool_calls"] = message_schema.loaded(item.get("tool_calls"))
    if "id" in item and role == "tool":
        item.setdefault("tool_call_id", item["id"])
    return [message_schema.message(item, role or "assistant")]


def _first_token(lifted: dict[str, Any], events: list[Event], start_ns: int) -> int:
    """Nanoseconds to the first token; 0 where nobody measured it."""
    seconds = lifted.get("first_token_s")
    if seconds is None and "first_token_ms" in lifted:
        milliseconds = lifted["first_token_ms"]
        seconds = milliseconds / 1000 if type(milliseconds) in (int, float) else None
    if isinstance(seconds, int | float) and 0 <= seconds < 86_400:
        return round(seconds * 10**9)
    at = lifted.get("first_token_at")
    if type(at) is str:
        return _elapsed(at.strip('"'), start_ns)
    for time_ns, name, _ in events:
        if name in _FIRST_TOKEN_EVENTS:
            return max(time_ns - start_ns, 0)
    return 0


def _elapsed(moment: str, start_ns: int) -> int:
    try:
        seconds = datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        return 0
    return max(round(seconds * 10**6) * 1000 - start_ns, 0)


def _tags(plan: Plan, bare: Any, attributes: dict[str, Any], origin: Origin) -> tuple[str, ...]:
    """Sorted `name=value`: Langfuse's and OpenInference's lists, `mno.tag.NAME`, and the resource's own."""
    found = [f"{key[len(TAG_PREFIX) :]}={attributes[key]}" for key in plan.tags]
    bare = message_schema.loaded(bare)
    if type(bare) is list:
        found += [str(tag) for tag in bare]
    elif type(bare) is str:
        found += bare.split(",")
    return cleaned_tags([*found, *origin.tags])


def cleaned_tags(tags: list[str]) -> tuple[str, ...]:
    """A bare tag `t` becomes `t=true`; at most 32, each at most 200 characters, sorted, each name and value once."""
    named = {tag.strip() if "=" in tag else f"{tag.strip()}=true" for tag in tags if tag.strip()}
    return tuple(sorted({tag[:MAX_TAG_CHARACTERS] for tag in named})[:MAX_TAGS])


def _events(events: list[Event], start_ns: int) -> str:
    return message_schema.dumped(
        [{"name": name, "offset_ns": time_ns - start_ns, "attributes": body} for time_ns, name, body in events]
    )
