"""What a provider would put on its invoice: the token buckets of each call and their exact cost.

The list prices are written here by hand, from the providers' public price pages, and not taken from the
package that the hub uses: the two must agree, or one of them is wrong.
"""

import json
import threading
import uuid
from dataclasses import asdict, dataclass, field
from decimal import Decimal

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class ListPrice:
    """USD per million tokens of each disjoint bucket."""

    input: Decimal
    output: Decimal
    cache_read: Decimal = Decimal(0)
    cache_write_5m: Decimal = Decimal(0)
    cache_write_1h: Decimal = Decimal(0)


LIST_PRICES = {
    "gpt-4o-mini": ListPrice(Decimal("0.15"), Decimal("0.60"), cache_read=Decimal("0.075")),
    "gpt-5-mini": ListPrice(Decimal("0.25"), Decimal("2.00"), cache_read=Decimal("0.025")),
    "text-embedding-3-small": ListPrice(Decimal("0.02"), Decimal(0)),
    "claude-sonnet-4-5": ListPrice(
        Decimal("3.00"),
        Decimal("15.00"),
        cache_read=Decimal("0.30"),
        cache_write_5m=Decimal("3.75"),
        cache_write_1h=Decimal("6.00"),
    ),
    "gemini-2.5-flash": ListPrice(Decimal("0.30"), Decimal("2.50"), cache_read=Decimal("0.03")),
}


@dataclass(frozen=True, slots=True)
class Billed:
    """One call as the provider counts it.

    `input_tokens` is the whole input and contains the cache buckets; `output_tokens` is the whole output
    and contains `reasoning_tokens`. `usage_sent` is false when the answer's wire format carried no usage
    (an OpenAI stream without `include_usage`): no client can know the cost of such a call.
    """

    provider: str
    operation: str
    request_model: str
    model: str
    stream: bool
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    response_id: str = ""
    text: str = ""
    tool_calls: int = 0
    error: bool = False
    usage_sent: bool = True

    @property
    def cost(self) -> Decimal:
        """USD, exact; nothing for a call that failed."""
        price = LIST_PRICES[self.request_model]
        cached = self.cache_read_tokens + self.cache_write_5m_tokens + self.cache_write_1h_tokens
        return (
            (self.input_tokens - cached) * price.input
            + self.cache_read_tokens * price.cache_read
            + self.cache_write_5m_tokens * price.cache_write_5m
            + self.cache_write_1h_tokens * price.cache_write_1h
            + self.output_tokens * price.output
        ) / MILLION


@dataclass(slots=True)
class Bill:
    """The calls of one run, in the order in which they were answered."""

    calls: list[Billed] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def next_number(self) -> int:
        with self._lock:
            return len(self.calls) + 1

    def add(self, billed: Billed) -> None:
        with self._lock:
            self.calls.append(billed)

    @property
    def cost(self) -> Decimal:
        return sum((call.cost for call in self.calls), Decimal(0))

    def as_json(self) -> str:
        """Readable, for the fixtures: every call with its cost as a string."""
        return json.dumps([{**asdict(call), "cost": f"{call.cost:f}"} for call in self.calls], indent=1)


def drawn_id(prefix: str) -> str:
    """The id of an answer, as providers draw it: no other answer has it, in whatever run (two spans of one id that
    overlap in time are one call to the hub).
    """
    return prefix + uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer on the wire: a JSON body, or the events of a stream as (event name, JSON body)."""

    billed: Billed
    status: int = 200
    body: dict[str, object] | None = None
    events: list[tuple[str, object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Figures:
    """Token figures that belong to call number `n` of a run alone."""

    n: int

    @property
    def input(self) -> int:
        return 2000 + 17 * self.n

    @property
    def cached(self) -> int:
        return 1024 + self.n

    @property
    def written(self) -> int:
        return 301 + self.n

    @property
    def output(self) -> int:
        return 100 + 7 * self.n

    @property
    def reasoning(self) -> int:
        return 64 + self.n

    @property
    def text(self) -> str:
        return f"Answer number {self.n}: 四十二."
