import pytest

from mno.observability.spans.filters import MAX_FILTER_VALUES, SpanFilter, Status, StreamFilter, tag_filters
from mno.observability.spans.model import Span
from mno.platform.errors import Invalid


def span(**fields: object) -> Span:
    return Span(trace_id=bytes(16), span_id=bytes(8), start_ns=0, duration_ns=0, name="n", **fields)  # type: ignore[arg-type]


def test_values_of_one_tag_are_alternatives() -> None:
    query = [("tag:team", "search"), ("model", "gpt-4o"), ("tag:feature", "a:b=c"), ("tag:team", "ads")]
    assert tag_filters(query) == (("feature", ("a:b=c",)), ("team", ("search", "ads")))


def test_too_many_values_are_refused() -> None:
    with pytest.raises(Invalid, match="at most"):
        SpanFilter(models=tuple(map(str, range(MAX_FILTER_VALUES))), providers=("openai",))


def test_an_endless_search_text_is_refused() -> None:
    with pytest.raises(Invalid, match="at most"):
        SpanFilter(text="x" * 501)


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        (StreamFilter(), True),
        (StreamFilter(providers=frozenset({"openai", "google"})), True),
        (StreamFilter(providers=frozenset({"openai"}), models=frozenset({"gpt-4o-mini"})), False),
        (StreamFilter(environments=frozenset({"prod"})), False),
        (StreamFilter(status=Status.ERROR), False),
        (StreamFilter(status=Status.OK), True),
    ],
)
def test_all_names_must_hold(asked: StreamFilter, passes: bool) -> None:
    assert asked.matches(span(provider="openai", model="gpt-4o", environment="test")) is passes
