"""Which attribute means what, over all conventions at once.

Spans mix conventions: the AI SDK adds `gen_ai.*`, Langfuse's exporter adds its keys to everybody's spans.
So there is one table of attribute → slot, ordered by precedence, and no "detect, then parse". What a set of
keys means is worked out once and kept as a `Plan`, because a program sends the same keys again and again.
"""

from dataclasses import dataclass

from mno.observability.ingest.conventions import ai_sdk, genai, langfuse, openinference, openllmetry

#: Of no convention in particular: OTel's general attributes, and tags of our own (`mno.tag.team` = `search`).
COMMON = (
    ("user.id", "user"),
    ("enduser.id", "user"),
    ("session.id", "session"),
    ("deployment.environment.name", "environment"),
    ("deployment.environment", "environment"),
    ("mno.tags", "tags"),
)
TAG_PREFIX = "mno.tag."

_ORDER = (*COMMON, *genai.KEYS, *openinference.KEYS, *ai_sdk.KEYS, *openllmetry.KEYS, *langfuse.KEYS)
_SLOTS = {key: (rank, slot) for rank, (key, slot) in reversed(list(enumerate(_ORDER)))}

TOKEN_SLOTS = frozenset(
    {
        "input",
        "output",
        "total",
        "cache_read",
        "cache_write",
        "cache_write_5m",
        "cache_write_1h",
        "input_audio",
        "output_audio",
        "reasoning",
        "uncached_input",
        "text_output",
        "tool_input",
    }
)
TIMING_SLOTS = frozenset({"first_token_s", "first_token_ms", "first_token_at"})
#: Lifted, but told in fewer words by the column: the attribute stays as well.
_KEPT = frozenset({"openinference_kind", "traceloop_kind", "ai_operation", "langfuse_type", "provider_metadata"})
#: Texts that serve as messages only where no better ones are there.
_VALUES = {"input_value": "input", "output_value": "output"}

#: Slots whose text goes to a column of the span as it is: the slot → the field of `Span`.
TEXT_FIELDS = {
    "agent": "agent",
    "tool": "tool",
    "user": "user_id",
    "session": "session_id",
    "environment": "environment",
    "finish_reason": "finish_reason",
    "service_tier": "service_tier",
}

_FLATTENED = (
    (openinference.INPUT_PREFIX, "input"),
    (openinference.OUTPUT_PREFIX, "output"),
    (openllmetry.PROMPT_PREFIX, "input"),
    (openllmetry.COMPLETION_PREFIX, "output"),
)
_FLATTENED_PREFIXES = tuple(prefix for prefix, _ in _FLATTENED)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with one set of attribute keys.

    `lifts` go from the least to the most trusted key of a slot, so that the last one written wins.
    """

    convention: str
    lifts: tuple[tuple[str, str], ...]
    tokens: tuple[str, ...]
    #: Whether a key may tell of the first token.
    timed: bool
    #: Slots with text for a column, and that column.
    texts: tuple[tuple[str, str], ...]
    rest: tuple[str, ...]
    tags: tuple[str, ...]
    input_values: tuple[str, ...]
    output_values: tuple[str, ...]
    #: Flattened messages: the prefix and its keys.
    input_prefix: str
    input_keys: tuple[str, ...]
    output_prefix: str
    output_keys: tuple[str, ...]


_MAX_PLANS = 4096
#: Longer sets of keys are planned anew each time, so that strange input cannot fill the memory.
_MAX_REMEMBERED_CHARACTERS = 8192
_plans: dict[tuple[str, ...], Plan] = {}


def plan_of(keys: tuple[str, ...]) -> Plan:
    """The plan for these keys, from memory where they were seen before. Safe to call from many threads."""
    plan = _plans.get(keys)
    if plan is None:
        plan = _made(keys)
        if sum(map(len, keys)) <= _MAX_REMEMBERED_CHARACTERS:
            if len(_plans) >= _MAX_PLANS:
                _plans.clear()
            _plans[keys] = plan
    return plan


def _made(keys: tuple[str, ...]) -> Plan:
    lifts: list[tuple[int, str, str]] = []
    rest: list[str] = []
    tags: list[str] = []
    values: dict[str, list[str]] = {"input": [], "output": []}
    flattened: dict[str, tuple[str, list[str]]] = {"input": ("", []), "output": ("", [])}
    for key in keys:
        found = _SLOTS.get(key)
        if found is not None:
            rank, slot = found
            lifts.append((rank, key, slot))
            if slot in _KEPT:
                rest.append(key)
            elif slot in _VALUES:
                values[_VALUES[slot]].append(key)
        elif key.startswith(TAG_PREFIX):
            tags.append(key)
        elif not (key.startswith(_FLATTENED_PREFIXES) and _flatten(key, flattened)):
            rest.append(key)
    lifts.sort(reverse=True)
    slots = dict.fromkeys(slot for _, _, slot in lifts)
    return Plan(
        convention=_convention(keys, slots),
        lifts=tuple((key, slot) for _, key, slot in lifts),
        tokens=tuple(slot for slot in slots if slot in TOKEN_SLOTS),
        timed=not TIMING_SLOTS.isdisjoint(slots),
        texts=tuple((slot, TEXT_FIELDS[slot]) for slot in slots if slot in TEXT_FIELDS),
        rest=tuple(rest),
        tags=tuple(tags),
        input_values=tuple(values["input"]),
        output_values=tuple(values["output"]),
        input_prefix=flattened["input"][0],
        input_keys=tuple(flattened["input"][1]),
        output_prefix=flattened["output"][0],
        output_keys=tuple(flattened["output"][1]),
    )


def _flatten(key: str, flattened: dict[str, tuple[str, list[str]]]) -> bool:
    """Puts a numbered key to its list; False where the key has no number or another prefix came first."""
    for prefix, side in _FLATTENED:
        if key.startswith(prefix) and key[len(prefix) : len(prefix) + 1].isdecimal():
            taken, keys = flattened[side]
            if taken in ("", prefix):
                keys.append(key)
                flattened[side] = (prefix, keys)
                return True
    return False


def _convention(keys: tuple[str, ...], slots: dict[str, None]) -> str:
    """The convention's name, for people who ask where a row came from."""
    if "openinference_kind" in slots:
        return openinference.NAME
    if "ai_operation" in slots:
        return ai_sdk.NAME
    if "langfuse_type" in slots:
        return langfuse.NAME
    if "traceloop_kind" in slots or "request_type" in slots:
        return openllmetry.NAME
    for beginning, name in (
        ("traceloop.", openllmetry.NAME),
        ("gen_ai.prompt.0.", openllmetry.NAME),
        ("gen_ai.", genai.NAME),
        ("llm.token_count.", openinference.NAME),
        ("ai.", ai_sdk.NAME),
        ("langfuse.observation.", langfuse.NAME),
    ):
        if any(key.startswith(beginning) for key in keys):
            return name
    return ""
