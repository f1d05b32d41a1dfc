"""What a reader asks of spans: the filters of the trace list and of the live stream.

Values of one name are alternatives, different names must all hold, and they hold of one and the same span:
"errors of gpt-4o" means a failed call of that model. Only columns that no correction changes are filtered,
so that a trace cannot change its place in a list while it is being read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from mno.observability.spans.model import Span
from mno.platform.errors import Invalid

#: Names and values that one question may carry; more is a mistake of the caller.
MAX_FILTER_VALUES = 200
#: The free text of a search.
MAX_TEXT_CHARACTERS = 500


class Status(StrEnum):
    """`error`: the span failed. `ok`: nothing in the whole trace failed."""

    ERROR = "error"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class SpanFilter:
    """An empty field asks nothing. `tags` are (name, accepted values)."""

    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    status: Status | None = None
    min_duration_ms: float = 0
    text: str = ""

    def __post_init__(self) -> None:
        values = (self.providers, self.models, self.users, self.sessions, self.agents, self.environments)
        if (
            sum(map(len, (*values, self.operations, self.tools))) + sum(len(accepted) for _, accepted in self.tags)
            > MAX_FILTER_VALUES
        ):
            raise Invalid(f"A question may carry at most {MAX_FILTER_VALUES} filter values.")
        if len(self.text) > MAX_TEXT_CHARACTERS:
            raise Invalid(f"The search text may have at most {MAX_TEXT_CHARACTERS} characters.")


def tag_filters(parameters: Iterable[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """`tag:team=search&tag:team=ads` from a query string, as (name, accepted values)."""
    accepted: dict[str, list[str]] = {}
    for name, value in parameters:
        if name.startswith("tag:"):
            accepted.setdefault(name.removeprefix("tag:"), []).append(value)
    return tuple((name, tuple(values)) for name, values in sorted(accepted.items()))


@dataclass(frozen=True, slots=True)
class StreamFilter:
    """The same for spans that pass by, without the store."""

    providers: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    status: Status | None = None

    def asks_nothing(self) -> bool:
        return not (self.providers or self.models or self.environments or self.status)

    def matches(self, span: Span) -> bool:
        return (
            (not self.providers or span.provider in self.providers)
            and (not self.models or span.model in self.models)
            and (not self.environments or span.environment in self.environments)
            and (self.status is None or (span.status == "error") is (self.status is Status.ERROR))
        )
