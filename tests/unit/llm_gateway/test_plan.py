"""What a request means, who may answer it, and within which bounds."""

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from mno.llm_gateway.model import (
    DEFAULT_OUTPUT_TOKENS,
    MAX_REFERENCED_TOKENS,
    Alias,
    Caller,
    KeyPolicy,
    ProjectRules,
    Provider,
    ProviderKind,
    Sticky,
    Target,
)
from mno.llm_gateway.plan import Plan, planned, upstream_of
from mno.llm_gateway.providers import DIALECTS
from mno.llm_gateway.setup.service import Setup, Upstream
from mno.platform import clock
from mno.platform.errors import Denied, Invalid, NotFound
from mno.platform.upstream.pool import Origin

PROJECT, TEAM, KEY = uuid4(), uuid4(), uuid4()


def upstream(name: str, kind: ProviderKind = ProviderKind.OPENAI, **fields: Any) -> Upstream:
    provider = Provider(uuid4(), TEAM, name, kind, "https://example.com", "openai", clock.now(), **fields)
    return Upstream(provider, DIALECTS[kind], Origin(True, "example.com", 443), "example.com", "", {}, "")


def setup(*upstreams: Upstream, targets: tuple[Target, ...] = (), policy: KeyPolicy | None = None) -> Setup:
    alias = Alias(uuid4(), TEAM, "fast", targets, Sticky.USER, clock.now())
    return Setup(
        {one.provider.name: one for one in upstreams},
        {"fast": alias} if targets else {},
        {KEY: policy} if policy else {},
    )


def plan(held: Setup, body: dict[str, Any], *, name: str = "a", path: str = "/v1/chat/completions", **how: Any) -> Plan:
    caller = Caller(TEAM, how.get("project", PROJECT), "key_1", "key", user=how.get("user", ""))
    policy = held.policies.get(KEY)
    rules = how.get("rules", ProjectRules())
    chosen = upstream_of(held, name, caller.project_id, policy, rules)
    asked = chosen.dialect.asked("POST", path, orjson.dumps(body))
    return planned(held, chosen, asked, caller, KEY, "POST", how.get("chance", 0.0), rules)


def test_a_model_goes_to_the_provider_in_the_address() -> None:
    found = plan(setup(upstream("a"), upstream("b")), {"model": "m"})
    assert [(route.upstream.provider.name, route.model) for route in found.routes] == [("a", "m")]


def test_a_name_leaves_out_targets_that_this_call_may_not_use() -> None:
    held = setup(
        upstream("a"),
        upstream("closed", projects=(uuid4(),)),
        upstream("claude", ProviderKind.ANTHROPIC),
        upstream("compatible", ProviderKind.COMPATIBLE),
        targets=tuple(Target(name, "m") for name in ("claude", "closed", "gone", "compatible", "a")),
        policy=KeyPolicy(KEY, providers=("a", "compatible")),
    )
    assert [route.upstream.provider.name for route in plan(held, {"model": "fast"}).routes] == ["compatible", "a"]


def test_a_key_that_may_ask_for_a_name_gets_what_stands_behind_it() -> None:
    held = setup(upstream("a"), targets=(Target("a", "dear"),), policy=KeyPolicy(KEY, models=("fast",)))
    assert plan(held, {"model": "fast"}).routes[0].model == "dear"
    with pytest.raises(Denied, match="may ask for fast"):
        plan(held, {"model": "dear"})


def test_a_provider_s_own_models_hold_for_every_key() -> None:
    held = setup(upstream("a", models=("gpt-*",)))
    assert plan(held, {"model": "gpt-5"}).routes
    with pytest.raises(NotFound, match="'other' is not among the models"):
        plan(held, {"model": "other"})


def test_a_user_sticks_to_its_target() -> None:
    held = setup(upstream("a"), upstream("b"), targets=(Target("a", "m", 50), Target("b", "m", 50)))
    for user in ("ada", "bob", "eve"):
        first = {plan(held, {"model": "fast"}, user=user, chance=n / 10).routes[0].breaker for n in range(10)}
        assert len(first) == 1
    without = {plan(held, {"model": "fast"}, chance=n / 10).routes[0].breaker for n in range(10)}
    assert len(without) == 2


@pytest.mark.parametrize(
    ("kind", "path", "body", "bound", "path_after", "set_to"),
    [
        (ProviderKind.OPENAI, "/v1/chat/completions", {"model": "m"}, 50, None, {"max_completion_tokens": 50}),
        (ProviderKind.OPENAI, "/v1/chat/completions", {"model": "m", "n": 2}, 50, None, {"max_completion_tokens": 25}),
        (ProviderKind.OPENAI, "/v1/responses", {"model": "m"}, 50, None, {"max_output_tokens": 50}),
        (ProviderKind.ANTHROPIC, "/v1/messages", {"model": "m"}, 50, None, {"max_tokens": 50}),
        (
            ProviderKind.GEMINI,
            "/v1beta/models/m:generateContent",
            {"generationConfig": {"topK": 1}},
            50,
            None,
            {"generationConfig": {"topK": 1, "maxOutputTokens": 50}},
        ),
        (ProviderKind.OPENAI, "/v1/embeddings", {"model": "m"}, 50, None, {}),
    ],
)
def test_a_bound_is_set_in_the_words_of_the_provider(
    kind: ProviderKind, path: str, body: dict[str, Any], bound: int, path_after: str | None, set_to: dict[str, Any]
) -> None:
    found = plan(setup(upstream("a", kind), policy=KeyPolicy(KEY, output_tokens=bound)), body, path=path)
    after, sent = found.dialect.rewritten(found.asked, found.routes[0].model, found.output_tokens)
    assert after == (path_after or path)
    assert orjson.loads(sent) == {**body, **set_to}


@pytest.mark.parametrize(
    ("of_key", "of_project", "asked", "set_to"),
    [(None, 50, None, 50), (40, 50, None, 40), (60, 50, None, 50), (None, 50, 70, None), (80, 50, 70, None)],
)
def test_a_project_s_bound_is_for_requests_that_name_none(
    of_key: int | None, of_project: int, asked: int | None, set_to: int | None
) -> None:
    held = setup(upstream("a"), policy=KeyPolicy(KEY, output_tokens=of_key))
    body = {"model": "m"} if asked is None else {"model": "m", "max_tokens": asked}
    assert plan(held, body, rules=ProjectRules(output_tokens=of_project)).output_tokens == set_to


def test_what_a_bound_cannot_be_told_is_reserved_without_one() -> None:
    held = setup(upstream("a"), policy=KeyPolicy(KEY, output_tokens=50))
    found = plan(held, {"model": "m"}, path="/v1/images/generations")
    assert (found.output_tokens, found.output_bound()) == (None, DEFAULT_OUTPUT_TOKENS)


def test_a_request_without_a_model_gets_the_project_s() -> None:
    held = setup(upstream("a"), upstream("b"), targets=(Target("b", "n"),))
    for name, provider, model in (("m", "a", "m"), ("fast", "b", "n")):
        found = plan(held, {"messages": []}, rules=ProjectRules(model=name))
        assert [(route.upstream.provider.name, route.model) for route in found.routes] == [(provider, model)]
        _, sent = found.dialect.rewritten(found.asked, found.routes[0].model, None)
        assert orjson.loads(sent) == {"messages": [], "model": model}
    assert plan(held, {"model": "own"}, rules=ProjectRules(model="m")).routes[0].model == "own"
    assert plan(held, {"messages": []}).routes[0].model == ""


def test_a_default_model_is_no_way_around_what_a_key_may_ask_for() -> None:
    held = setup(upstream("a"), policy=KeyPolicy(KEY, models=("m*",)))
    assert plan(held, {}, rules=ProjectRules(model="m-1")).routes[0].model == "m-1"
    with pytest.raises(Denied, match="'other'"):
        plan(held, {}, rules=ProjectRules(model="other"))


def test_a_project_calls_only_the_kinds_of_providers_that_are_set() -> None:
    held = setup(upstream("a"), upstream("c", ProviderKind.COMPATIBLE), targets=(Target("a", "m"), Target("c", "n", 9)))
    rules = ProjectRules(kinds=("openai", "gemini"))
    with pytest.raises(Denied, match=r"openai-compatible \(setting llm.providers\)"):
        plan(held, {"model": "m"}, name="c", rules=rules)
    found = plan(held, {"model": "fast"}, chance=0.99, rules=rules)
    assert [route.upstream.provider.name for route in found.routes] == ["a"]


@pytest.mark.parametrize(
    ("kind", "path", "body"),
    [
        (ProviderKind.OPENAI, "/v1/chat/completions", {"model": "m", "max_tokens": 51}),
        (ProviderKind.OPENAI, "/v1/chat/completions", {"model": "m", "max_completion_tokens": 26, "n": 2}),
        (ProviderKind.OPENAI, "/v1/responses", {"model": "m", "max_output_tokens": 51}),
        (ProviderKind.ANTHROPIC, "/v1/messages", {"model": "m", "max_tokens": 51}),
        (ProviderKind.GEMINI, "/v1beta/models/m:streamGenerateContent", {"generationConfig": {"maxOutputTokens": 51}}),
    ],
)
def test_more_output_than_a_key_may_have_is_refused(kind: ProviderKind, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="50 tokens of output"):
        plan(setup(upstream("a", kind), policy=KeyPolicy(KEY, output_tokens=50)), body, path=path)


def test_a_name_in_gemini_s_path_is_exchanged_there() -> None:
    held = setup(upstream("a", ProviderKind.GEMINI), targets=(Target("a", "gemini-2.5-flash"),))
    found = plan(held, {"contents": []}, path="/v1beta/models/fast:streamGenerateContent")
    path, sent = found.dialect.rewritten(found.asked, found.routes[0].model, None)
    assert path == "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    assert sent == found.asked.body


def test_bounds_are_above_anything_that_can_be_charged() -> None:
    found = plan(setup(upstream("a")), {"model": "m", "messages": [{"image_url": "https://x"}], "n": 3})
    assert found.output_bound() == 3 * DEFAULT_OUTPUT_TOKENS
    assert found.asked.input_bound() > len(found.asked.body) + MAX_REFERENCED_TOKENS
    free = plan(setup(upstream("a")), {"model": "m"}, path="/v1/moderations")
    assert free.output_bound() == 0


def test_what_is_no_json_cannot_be_renamed() -> None:
    held = setup(upstream("a"), targets=(Target("a", "whisper-1"),))
    chosen = upstream_of(held, "a", PROJECT, None, ProjectRules())
    form = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\nfast\r\n--x--'
    asked = chosen.dialect.asked("POST", "/v1/audio/transcriptions", form)
    found = planned(held, chosen, asked, Caller(TEAM, PROJECT, "k", "k"), KEY, "POST", 0.0, ProjectRules())
    with pytest.raises(Invalid, match="JSON bodies only"):
        found.dialect.rewritten(asked, found.routes[0].model, None)
    twice = form.replace(b"--x--", form)
    with pytest.raises(Invalid, match="twice"):
        chosen.dialect.asked("POST", "/v1/audio/transcriptions", twice)


@pytest.mark.parametrize(
    ("kind", "path", "operation"),
    [
        (ProviderKind.OPENAI, "/v1/chat/completions", "chat"),
        (ProviderKind.OPENAI, "/chat/completions/", "chat"),
        (ProviderKind.OPENAI, "/v1/%63hat/Completions", "chat"),
        (ProviderKind.COMPATIBLE, "/api/v3/chat/completions", "chat"),
        (ProviderKind.OPENAI, "/v1/responses", "chat"),
        (ProviderKind.OPENAI, "/v1/responses/resp_1/cancel", ""),
        (ProviderKind.OPENAI, "/v1/batches", ""),
        (ProviderKind.ANTHROPIC, "/v1/messages", "chat"),
        (ProviderKind.ANTHROPIC, "/v1/messages/count_tokens", ""),
        (ProviderKind.ANTHROPIC, "/v1/messages/batches", ""),
        (ProviderKind.GEMINI, "/v1beta/models/m:generateContent", "generate_content"),
        (ProviderKind.GEMINI, "/v1beta/models/m:generate%43ontent", "generate_content"),
        (ProviderKind.GEMINI, "/v1beta/models/m:countTokens", ""),
    ],
)
def test_what_calls_a_model_is_known_in_any_disguise(kind: ProviderKind, path: str, operation: str) -> None:
    assert DIALECTS[kind].asked("POST", path, b"{}").operation.name == operation
    assert not DIALECTS[kind].asked("GET", path, b"").operation.metered


@pytest.mark.parametrize("body", [b"", b"[]", b'\xef\xbb\xbf{"model":"m"}', b'"text"'])
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (ProviderKind.OPENAI, "/v1/chat/completions"),
        (ProviderKind.ANTHROPIC, "/v1/messages"),
        (ProviderKind.GEMINI, "/v1beta/models/m:generateContent"),
    ],
)
def test_a_call_whose_body_cannot_be_judged_is_refused(kind: ProviderKind, path: str, body: bytes) -> None:
    with pytest.raises(Invalid, match="not"):
        DIALECTS[kind].asked("POST", path, body)


def test_ids_are_of_this_test() -> None:
    assert isinstance(KEY, UUID)
