"""What costs are made of: tariffs, custom prices, rates of exchange, the price data and its age.

A tariff is what one million tokens of each bucket cost, in USD and exact. Where it comes from (the
`genai-prices` data, or a team's own price) is no concern of the arithmetic in `pricing.py`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

#: A project may hold this many custom prices; they are all kept in memory.
MAX_CUSTOM_PRICES = 2_000
#: The largest price of a million tokens that we believe, in any currency.
MAX_PRICE_PER_MILLION = Decimal(10_000_000)
#: The largest price file that an import takes; today's is 3 MB.
MAX_PRICE_FILE_BYTES = 32_000_000
#: The ends of time, in nanoseconds since the epoch.
BEGINNING_NS = -(2**63)
END_NS = 2**63
#: Display currencies that a team may keep a rate for.
MAX_CURRENCIES = 200


class PriceSource(StrEnum):
    """Who said what a span costs, or why nobody could."""

    NOT_BILLED = ""
    REPORTED = "reported"
    CUSTOM = "custom"
    GENAI_PRICES = "genai-prices"
    UNKNOWN_MODEL = "unknown_model"
    NO_USAGE = "no_usage"
    #: The amount exceeds what one span may carry: a mistake of the emitter, never a bill.
    OVER_LIMIT = "over_limit"


@dataclass(frozen=True, slots=True)
class Tariff:
    """USD for a million tokens of each bucket; None where the bucket has no price of its own.

    A bucket without a price is charged as the one that contains it: a cache read as input, a one-hour
    cache write as a cache write, audio as text. Where even `input` or `output` has none, tokens on that
    side cannot be priced. `per_request` is USD for one call, whatever its size.
    """

    input: Fraction | None = None
    cache_read: Fraction | None = None
    cache_write: Fraction | None = None
    cache_write_5m: Fraction | None = None
    cache_write_1h: Fraction | None = None
    input_audio: Fraction | None = None
    cache_audio_read: Fraction | None = None
    output: Fraction | None = None
    output_audio: Fraction | None = None
    reasoning: Fraction | None = None
    per_request: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Quote:
    """What is charged for a model, and who says so.

    `tiers` are (threshold, tariff) in rising order: a call whose whole input is *above* the threshold is
    charged by that tariff altogether.
    """

    base: Tariff
    source: PriceSource
    version: str
    tiers: tuple[tuple[int, Tariff], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A quote, or None for a model that is not known, and the period for which that answer stands.

    It covers calls that start from `from_ns` to before `until_ns`, nanoseconds since the epoch.
    """

    quote: Quote | None
    from_ns: int
    until_ns: int


@dataclass(frozen=True, slots=True)
class BucketPrices:
    """A custom price: units of its currency for a million tokens; None as in `Tariff`."""

    input: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    output: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CustomPrice:
    """A team's own price. It wins over the price data from `valid_from` on.

    `provider` is empty for any; `model` may hold `*`. Of several that match, the one that names the
    provider wins, then the one with more literal characters, then the later `valid_from`.
    A price in another currency is turned into USD by the team's rate on the day of the call.
    """

    id: UUID
    team_id: UUID
    project_id: UUID
    provider: str
    model: str
    valid_from: datetime
    currency: str
    prices: BucketPrices
    note: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class PriceData:
    """Which price list is active, and how old it is."""

    source: str
    version: str
    dated: date
    imported: bool

    @property
    def label(self) -> str:
        """How spans name it: `genai-prices 0.2.3 (2026-11-04)`."""
        return f"{self.source} {self.version} ({self.dated.isoformat()})"

    def age_days(self, today: date) -> int:
        return max(0, (today - self.dated).days)


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """One line of the price list: today's base tariff of a model, USD for a million tokens."""

    provider: str
    model: str
    name: str
    tariff: Tariff
    tiered: bool
    context_window: int | None


@dataclass(frozen=True, slots=True)
class CurrencyRate:
    """`rate` units of `currency` were one USD from the day `dated` until the next rate of that currency."""

    currency: str
    rate: Decimal
    dated: date


@dataclass(frozen=True, slots=True)
class CurrencySettings:
    """What amounts are shown in, and every dated rate; `display` is USD or a currency that has a rate."""

    display: str = "USD"
    rates: tuple[CurrencyRate, ...] = ()

    def rate_on(self, currency: str, day: date) -> CurrencyRate | None:
        """The newest rate that is not younger than the day, else the oldest; None for a currency without."""
        of_currency = sorted((rate for rate in self.rates if rate.currency == currency), key=lambda rate: rate.dated)
        known = [rate for rate in of_currency if rate.dated <= day]
        return known[-1] if known else next(iter(of_currency), None)


class RerateState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rerate:
    """A job that prices a range of stored spans again. `total`, `done` and `changed` count spans.

    Everything that starts before `reached` is done, so an interrupted job goes on from there.
    """

    id: UUID
    team_id: UUID
    project_id: UUID
    start: datetime
    end: datetime
    reached: datetime
    state: RerateState
    total: int
    done: int
    changed: int
    error: str
    created_at: datetime
