"""The wire shapes of the gateway's setup."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from mno.llm_gateway.model import (
    DEFAULT_PROVIDER_TIMEOUT_S,
    MAX_CACHE_S,
    MAX_CREDENTIAL_CHARACTERS,
    MAX_MODEL_CHARACTERS,
    MAX_MODELS_NAMED,
    MAX_PROVIDER_TIMEOUT_S,
    MAX_RETRIES,
    MAX_TARGETS_PER_ALIAS,
    Alias,
    KeyPolicy,
    Provider,
    ProviderKind,
    Sticky,
    Target,
)
from mno.llm_gateway.rules import MAX_ADDRESS_CHARACTERS, MAX_KEY_LIMIT, MAX_WEIGHT
from mno.llm_gateway.service import ProviderWish
from mno.platform.ids import parsed, shown

Model = Annotated[str, Field(min_length=1, max_length=MAX_MODEL_CHARACTERS)]
Models = Annotated[
    list[Model], Field(max_length=MAX_MODELS_NAMED, description="Names, or patterns with `*`; empty: every model.")
]
Limit = Annotated[int, Field(gt=0, le=MAX_KEY_LIMIT)] | None


class GatewayProviderShape(BaseModel):
    """A provider without its credential, which nobody is shown."""

    id: str
    name: str = Field(description="Stands in the address: `/llm/<name>/…`.")
    kind: ProviderKind
    base_url: str
    priced_as: str = Field(description="By whose prices its calls are charged.")
    models: list[str] = Field(description="Empty: every model.")
    projects: list[str] = Field(description="Empty: every project of the team.")
    retries: int
    timeout_s: int
    cache_s: int
    has_credential: bool
    created_at: datetime

    @classmethod
    def of(cls, provider: Provider) -> "GatewayProviderShape":
        return cls(
            id=shown("gwp", provider.id),
            name=provider.name,
            kind=provider.kind,
            base_url=provider.base_url,
            priced_as=provider.priced_as,
            models=list(provider.models),
            projects=[shown("prj", project) for project in provider.projects],
            retries=provider.retries,
            timeout_s=provider.timeout_s,
            cache_s=provider.cache_s,
            has_credential=provider.has_credential,
            created_at=provider.created_at,
        )


class GatewayProviderList(BaseModel):
    items: list[GatewayProviderShape]


class ProviderWishShape(BaseModel, extra="forbid"):
    name: Annotated[str, Field(min_length=1, max_length=40)]
    kind: ProviderKind
    base_url: Annotated[str, Field(max_length=MAX_ADDRESS_CHARACTERS, description="Empty: the provider's own.")] = ""
    priced_as: Annotated[str, Field(max_length=80, description="Empty: by its kind, else by its name.")] = ""
    credential: Annotated[
        str | None,
        Field(max_length=MAX_CREDENTIAL_CHARACTERS, description="Null leaves the old one, empty takes it away."),
    ] = None
    models: Models = []
    projects: Annotated[list[str], Field(max_length=MAX_MODELS_NAMED, description="Empty: every project.")] = []
    retries: Annotated[int, Field(ge=0, le=MAX_RETRIES, description="How often a call is tried again here.")] = 1
    timeout_s: Annotated[
        int, Field(ge=1, le=MAX_PROVIDER_TIMEOUT_S, description="How long an answer's beginning is awaited.")
    ] = DEFAULT_PROVIDER_TIMEOUT_S
    cache_s: Annotated[
        int, Field(ge=0, le=MAX_CACHE_S, description="Equal deterministic requests are answered alike for so long.")
    ] = 0

    def wish(self) -> ProviderWish:
        return ProviderWish(
            self.name,
            self.kind,
            self.base_url,
            self.priced_as,
            self.credential,
            self.models,
            [parsed("prj", project) for project in self.projects],
            self.retries,
            self.timeout_s,
            self.cache_s,
        )


class TargetShape(BaseModel, extra="forbid"):
    provider: Annotated[str, Field(min_length=1, max_length=40)]
    model: Model
    weight: Annotated[int, Field(ge=0, le=MAX_WEIGHT, description="0: only when those before it fail.")] = 1


class AliasWishShape(BaseModel, extra="forbid"):
    targets: Annotated[
        list[TargetShape],
        Field(min_length=1, max_length=MAX_TARGETS_PER_ALIAS, description="In the order of failover."),
    ]
    sticky: Annotated[Sticky, Field(description="By what a caller keeps its target.")] = Sticky.NOTHING

    def chosen(self) -> list[Target]:
        return [Target(one.provider, one.model, one.weight) for one in self.targets]


class AliasShape(BaseModel):
    id: str
    name: str
    targets: list[TargetShape]
    sticky: Sticky

    @classmethod
    def of(cls, alias: Alias) -> "AliasShape":
        targets = [TargetShape(provider=one.provider, model=one.model, weight=one.weight) for one in alias.targets]
        return cls(id=shown("gwa", alias.id), name=alias.name, targets=targets, sticky=alias.sticky)


class AliasList(BaseModel):
    items: list[AliasShape]


class PolicyWishShape(BaseModel, extra="forbid"):
    """What a key may ask; what is empty or null is not limited."""

    providers: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=MAX_MODELS_NAMED)] = []
    models: Models = []
    requests_per_minute: Limit = None
    tokens_per_minute: Limit = None
    concurrent_calls: Limit = None
    output_tokens: Annotated[
        Limit, Field(description="The largest output of one call, also where the request names none.")
    ] = None

    def policy(self, key_id: str) -> KeyPolicy:
        return KeyPolicy(
            parsed("key", key_id),
            tuple(self.providers),
            tuple(self.models),
            self.requests_per_minute,
            self.tokens_per_minute,
            self.concurrent_calls,
            self.output_tokens,
        )


class PolicyShape(PolicyWishShape):
    key: str

    @classmethod
    def of(cls, policy: KeyPolicy) -> "PolicyShape":
        return cls(
            key=shown("key", policy.key_id),
            providers=list(policy.providers),
            models=list(policy.models),
            requests_per_minute=policy.requests_per_minute,
            tokens_per_minute=policy.tokens_per_minute,
            concurrent_calls=policy.concurrent_calls,
            output_tokens=policy.output_tokens,
        )


class PolicyList(BaseModel):
    items: list[PolicyShape]


class TargetHealth(BaseModel):
    """A target that fails; `open` and `half-open` are those of its breaker."""

    provider: str
    model: str
    state: str


class GatewayHealth(BaseModel):
    """Of the process that answers; empty when everything works."""

    failing: list[TargetHealth]
