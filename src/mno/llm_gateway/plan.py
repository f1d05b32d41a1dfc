"""What shall become of a request: which model it means, who may answer it, and within which bounds. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from mno.llm_gateway.model import DEFAULT_OUTPUT_TOKENS, Alias, Caller, KeyPolicy, ProjectRules, Sticky, Target
from mno.llm_gateway.providers.asked import Asked, Dialect
from mno.llm_gateway.routing import matches, order, sticky_share
from mno.llm_gateway.setup.service import Setup, Upstream
from mno.platform.errors import Denied, Invalid, NotFound

#: What changes nothing at a provider and costs nothing, besides reading.
_FREE = frozenset({"moderation"})
#: What has a bound of its output that a request can name.
_BOUNDED = frozenset({"chat", "text_completion", "generate_content"})
_COUNTING = ("/count_tokens", "/input_tokens", ":countTokens")


class Route(NamedTuple):
    """One target, ready to be called."""

    upstream: Upstream
    model: str

    @property
    def breaker(self) -> tuple[str, str]:
        return self.upstream.provider.id.hex, self.model


@dataclass(frozen=True, slots=True)
class Plan:
    """`routes` in the order of their turn; `output_tokens` where the request is to get a bound that it lacks."""

    asked: Asked
    dialect: Dialect
    routes: Sequence[Route]
    policy: KeyPolicy | None
    alias: str = ""
    output_tokens: int | None = None

    def output_bound(self) -> int:
        """The largest output that can come of it, in tokens."""
        if not self.asked.operation.metered:
            return 0
        one = self.asked.output_tokens
        if one is None:
            one = DEFAULT_OUTPUT_TOKENS if self.output_tokens is None else self.output_tokens
        return one * self.asked.answers


def upstream_of(setup: Setup, name: str, project_id: UUID, policy: KeyPolicy | None, rules: ProjectRules) -> Upstream:
    """`NotFound` where the team has none of that name for this project, `Denied` where the key or the project may not
    use it.
    """
    upstream = setup.upstreams.get(name)
    if upstream is None or not _serves(upstream, project_id):
        raise NotFound(f"There is no model provider '{name[:80]}' for this project. Set one up under Gateway.")
    if policy is not None and policy.providers and name not in policy.providers:
        raise Denied(f"This key may not use the provider '{name[:80]}'; it may use {', '.join(policy.providers)}.")
    if upstream.provider.kind not in rules.kinds:
        raise Denied(
            f"This project may not call providers of the kind {upstream.provider.kind} (setting llm.providers)."
        )
    return upstream


def planned(
    setup: Setup,
    upstream: Upstream,
    asked: Asked,
    caller: Caller,
    key_id: UUID,
    method: str,
    chance: float,
    rules: ProjectRules,
) -> Plan:
    """`Denied` for a model that the key may not ask for, `Invalid` for more output than it may have.

    `chance` in [0, 1) chooses among weighted targets, unless the caller sticks to one.
    """
    policy = setup.policies.get(key_id)
    model = asked.model
    if not model and asked.operation.metered and asked.document is not None:
        model = rules.model
    alias = setup.aliases.get(model) if model else None
    if alias is None:
        routes = [Route(upstream, model)]
    else:
        share = _share(alias, caller, chance)
        routes = [
            Route(setup.upstreams[target.provider], target.model)
            for target in order(_possible(setup, alias, upstream.dialect, caller.project_id, policy, rules), share)
        ]
    _check_models(routes, asked, model, alias, policy, method)
    routes = [route for route in routes if matches(route.model, route.upstream.provider.models)]
    if not routes:
        raise NotFound(f"'{model}' is not among the models of the provider '{upstream.provider.name}' here.")
    return Plan(asked, upstream.dialect, routes, policy, alias.name if alias else "", _bound(asked, policy, rules))


def _share(alias: Alias, caller: Caller, chance: float) -> float:
    value = {Sticky.USER: caller.user, Sticky.SESSION: caller.session, Sticky.KEY: caller.key}.get(alias.sticky, "")
    return sticky_share(alias.name, value) if value else chance


def _possible(
    setup: Setup, alias: Alias, dialect: Dialect, project_id: UUID, policy: KeyPolicy | None, rules: ProjectRules
) -> list[Target]:
    found = []
    for target in alias.targets:
        upstream = setup.upstreams.get(target.provider)
        if upstream is None or upstream.dialect is not dialect or not _serves(upstream, project_id):
            continue
        if upstream.provider.kind not in rules.kinds:
            continue
        if policy is None or not policy.providers or target.provider in policy.providers:
            found.append(target)
    if not found:
        raise NotFound(f"None of the models behind '{alias.name}' can be asked in this way here.")
    return found


def _check_models(
    routes: list[Route], asked: Asked, model: str, alias: Alias | None, policy: KeyPolicy | None, method: str
) -> None:
    """What a key may ask for names either what the client asks for or what stands behind it."""
    allowed = policy.models if policy is not None else ()
    restricted = bool(allowed) or any(route.upstream.provider.models for route in routes)
    if not restricted:
        return
    if not model:
        harmless = method == "GET" or asked.operation.name in _FREE or asked.path.endswith(_COUNTING)
        if asked.operation.metered or not harmless:
            raise Denied("Which model this is for cannot be seen, and this key or provider is for certain models only.")
        return
    if alias is not None and matches(alias.name, allowed):
        return
    routes[:] = [route for route in routes if matches(route.model, allowed)]
    if not routes:
        raise Denied(f"This key may not ask for '{model}'; it may ask for {', '.join(allowed)}.")


def _bound(asked: Asked, policy: KeyPolicy | None, rules: ProjectRules) -> int | None:
    if asked.operation.name not in _BOUNDED or asked.document is None:
        return None
    limit = policy.output_tokens if policy is not None else None
    if asked.output_tokens is None:
        wanted = [one for one in (limit, rules.output_tokens) if one is not None]
        return max(1, min(wanted) // max(1, asked.answers)) if wanted else None
    if limit is not None and asked.output_tokens * asked.answers > limit:
        raise Invalid(f"This key may have {limit} tokens of output in one call; the request asks for more.")
    return None


def _serves(upstream: Upstream, project_id: UUID) -> bool:
    return not upstream.provider.projects or project_id in upstream.provider.projects
