"""What the gateway knows: providers, names for models, what a key may ask, and what became of one call."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

#: Model providers of one team.
MAX_PROVIDERS_PER_TEAM = 50
#: Names that a team gives to models.
MAX_ALIASES_PER_TEAM = 200
#: Targets of one such name.
MAX_TARGETS_PER_ALIAS = 16
#: Models (or patterns) that a provider or a key names.
MAX_MODELS_NAMED = 200
#: The name of a model.
MAX_MODEL_CHARACTERS = 200
#: A credential of a provider.
MAX_CREDENTIAL_CHARACTERS = 10_000
#: How often a call is tried again at one target.
MAX_RETRIES = 5
#: How long an answer may be remembered for equal requests, in seconds.
MAX_CACHE_S = 86_400
#: How long the beginning of an answer may be awaited, in seconds.
MAX_PROVIDER_TIMEOUT_S = 3_600
#: And how long it is unless the provider says otherwise.
DEFAULT_PROVIDER_TIMEOUT_S = 600
#: One request's body, prompt, images and files included.
MAX_REQUEST_BYTES = 64 * 1024 * 1024
#: Bodies of all requests that wait or are answered at one moment.
MAX_REQUESTS_IN_FLIGHT_BYTES = 512 * 1024 * 1024
#: The output that is reserved for a request that names no bound of its own, in tokens.
DEFAULT_OUTPUT_TOKENS = 32_768
#: What is reserved for each image, file or earlier conversation that a request only refers to, in tokens.
MAX_REFERENCED_TOKENS = 16_384
#: Values of `x-mno-user`, `x-mno-session` and the like.
MAX_DIMENSION_CHARACTERS = 200
#: Tags in `x-mno-tags`.
MAX_CALL_TAGS = 20
#: Tokens in one bucket of one call; a larger figure is a mistake of the provider.
MAX_BUCKET_TOKENS = 10**12


class ProviderKind(StrEnum):
    """How a provider speaks."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    #: Anybody who speaks as OpenAI does.
    COMPATIBLE = "openai-compatible"


#: Where the providers themselves are.
BASE_URLS = {
    ProviderKind.OPENAI: "https://api.openai.com",
    ProviderKind.ANTHROPIC: "https://api.anthropic.com",
    ProviderKind.GEMINI: "https://generativelanguage.googleapis.com",
}


class Sticky(StrEnum):
    """By what a caller keeps the target that it was given once."""

    NOTHING = ""
    USER = "user"
    SESSION = "session"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Provider:
    """One upstream. `models` may hold `*`; empty means every model, as empty `projects` means every project."""

    id: UUID
    team_id: UUID
    name: str
    kind: ProviderKind
    base_url: str
    priced_as: str
    created_at: datetime
    models: tuple[str, ...] = ()
    projects: tuple[UUID, ...] = ()
    retries: int = 1
    timeout_s: int = DEFAULT_PROVIDER_TIMEOUT_S
    cache_s: int = 0
    has_credential: bool = False


class ProjectRules(NamedTuple):
    """What is set for all calls of a project: kinds of providers that they may go to, and what a request gets that
    names no model (empty: nothing) or no bound of its output (None: nothing).
    """

    kinds: tuple[str, ...] = tuple(ProviderKind)
    model: str = ""
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A model of a provider. Weight 0: only when those before it fail."""

    provider: str
    model: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Alias:
    """A name that clients ask for, and what stands behind it, in the order of failover."""

    id: UUID
    team_id: UUID
    name: str
    targets: tuple[Target, ...]
    sticky: Sticky
    created_at: datetime


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """What holds for one API key; empty and None mean no limit."""

    key_id: UUID
    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent_calls: int | None = None
    #: The largest output of one call, in tokens; also what is asked for where the request names none.
    output_tokens: int | None = None


class Amounts(NamedTuple):
    """What a call takes from a budget; `cost_nano` is None where nobody knows the price."""

    cost_nano: int | None
    tokens: int
    calls: int


class Usage(NamedTuple):
    """Tokens of one call, in the meaning of spans: input and output are wholes, the others their disjoint parts."""

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as budgets and spans tell them apart."""

    team_id: UUID
    project_id: UUID
    #: `key_…`, and how its owner calls it.
    key: str
    key_name: str
    user: str = ""
    session: str = ""
    agent: str = ""
    environment: str = ""
    tags: tuple[str, ...] = ()


@dataclass(slots=True)
class Call:
    """One call of a model, complete once it is over. Times in nanoseconds; `usage` None where nobody knows."""

    caller: Caller
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    start_ns: int
    operation: str
    #: Whether tokens are charged for it: a list of models or a file is not.
    metered: bool
    provider: str = ""
    request_model: str = ""
    model: str = ""
    duration_ns: int = 0
    time_to_first_token_ns: int = 0
    failed: bool = False
    status_message: str = ""
    finish_reason: str = ""
    service_tier: str = ""
    response_id: str = ""
    usage: Usage | None = None
    #: Answered from memory: nothing is charged.
    cached: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)
    #: What a call of a tool has here.
    tool: str = ""
