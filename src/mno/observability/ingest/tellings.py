"""Tellings: two instrumentations that tell of one call side by side, neither beneath the other.

OpenLLMetry's span of an Anthropic call is a sibling of the span that Anthropic's own SDK writes (and of
another trace where nothing is above them), with the same figures; only the provider's id of the answer ties
them. Ids alone prove little, so two spans are one call when they have the same id and overlap in time. A short id
proves less: Ollama draws `chatcmpl-123` from a thousand, so that agents side by side have one soon, and it ties only
spans of one trace. Of two tellings the one that began later is nearer to the wire and counts.

The hub's own gateway is the wire itself: its telling counts whatever the others' clocks say, which are those of
other machines. Each of its tellings is a call of its own, also with an id that was drawn twice.
"""

from typing import NamedTuple

from mno.observability.spans.model import TraceKey

#: Spans remembered for one answer; when more come with its id, the first are forgotten: they go on as they are.
MAX_TELLINGS = 8
#: An id with fewer characters is drawn from few.
MIN_TELLING_ID_CHARACTERS = 16
#: How far the clock of another machine may be from that of the gateway.
MAX_CLOCK_OFFSET_US = 5_000_000
#: The source of spans that the gateway wrote.
GATEWAY = "gateway"


class Telling(NamedTuple):
    """A span that has the usage of a call; times in microseconds."""

    trace: TraceKey
    span_id: bytes
    start_us: int
    end_us: int
    #: Whether the gateway tells it.
    is_wire: bool = False
    #: Whether the answer's id is short.
    is_vague: bool = False

    def yields_to(self, other: "Telling") -> bool:
        """Whether the other, of an answer with the same id, is the same call and nearer to the wire."""
        if self.is_wire:
            return False
        if other.is_wire:
            apart_us = max(self.start_us - other.end_us, other.start_us - self.end_us)
            return apart_us <= MAX_CLOCK_OFFSET_US
        if self.is_vague and self.trace != other.trace:
            return False
        overlap = self.start_us <= other.end_us and other.start_us <= self.end_us
        return overlap and (self.start_us, self.span_id) < (other.start_us, other.span_id)


class Tellings:
    """Who counts among the spans that are in memory: a telling counts unless it yields to another."""

    def __init__(self) -> None:
        self._by_answer: dict[tuple[str, str, str], list[Telling]] = {}

    def add(self, response_id: str, telling: Telling) -> tuple[bool, list[Telling]]:
        """Whether it counts, and which others count no longer because of it."""
        answer = _answer(response_id, telling)
        told = self._by_answer.get(answer)
        if told is None:
            self._by_answer[answer] = [telling]
            return True, []
        beaten = [other for other in told if other.yields_to(telling) and _counts(other, told)]
        told.append(telling)
        if len(told) > MAX_TELLINGS:
            del told[0]
        return _counts(telling, told), beaten

    def remove(self, response_id: str, telling: Telling) -> tuple[bool, list[Telling]]:
        """Whether it counted (so far as is remembered), and which others count again without it."""
        answer = _answer(response_id, telling)
        told = self._by_answer.get(answer, [])
        if telling not in told:
            return True, []
        counted = _counts(telling, told)
        told.remove(telling)
        if not told:
            del self._by_answer[answer]
        return counted, [other for other in told if other.yields_to(telling) and _counts(other, told)]


def is_vague(response_id: str) -> bool:
    """Whether another answer may well have this id at the same time."""
    return len(response_id) < MIN_TELLING_ID_CHARACTERS


def _counts(telling: Telling, told: list[Telling]) -> bool:
    return not any(telling.yields_to(other) for other in told)


def _answer(response_id: str, telling: Telling) -> tuple[str, str, str]:
    trace = telling.trace
    return trace.team_id, trace.project_id, response_id
