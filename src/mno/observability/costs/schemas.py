"""Wire shapes of prices, currencies and usage. Money is a string, times are RFC 3339 in UTC."""

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from mno.observability.costs.model import (
    MAX_CURRENCIES,
    MAX_PRICE_PER_MILLION,
    BucketPrices,
    CurrencyRate,
    CurrencySettings,
    CustomPrice,
    ListedPrice,
    PriceData,
    Rerate,
)
from mno.observability.costs.prices import PriceList, PriceWish, utc
from mno.observability.costs.queries import Unpriced
from mno.observability.costs.usage import Dimensions
from mno.platform import clock
from mno.platform.ids import shown
from mno.platform.time_range import from_microseconds
from mno.platform.time_range import shown as shown_time

Currency = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Za-z]{3}$")]
Amount = Annotated[
    Decimal, Field(ge=0, le=MAX_PRICE_PER_MILLION, decimal_places=12, max_digits=24, allow_inf_nan=False)
]
#: Rates far outside of any currency's are a mistyped number.
Rate = Annotated[Decimal, Field(gt=0, le=Decimal(10_000_000), decimal_places=9, max_digits=24, allow_inf_nan=False)]


class UsageRow(BaseModel):
    """Sums over the counted calls of one group. The dimensions asked for stand in it by their names."""

    model_config = ConfigDict(extra="allow")

    bucket: str | None = Field(default=None, description="Start of the interval; absent for interval=none.")
    provider: str | None = None
    model: str | None = None
    project: str | None = None
    user: str | None = None
    session: str | None = None
    agent: str | None = None
    api_key: str | None = None
    environment: str | None = None
    calls: int
    errors: int
    unpriced_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost: str
    cost_input: str
    cost_cache_read: str
    cost_cache_write: str
    cost_output: str
    latency_ms_p50: float | None
    latency_ms_p95: float | None


class UsageSummary(BaseModel):
    """`rate` units of `currency` for one USD, where it is not USD."""

    model_config = ConfigDict(populate_by_name=True)

    currency: str
    rate: str | None
    rate_date: str | None
    from_: str = Field(alias="from")
    to: str
    interval: str
    unpriced_calls: int = Field(description="Of the whole answer, truncated or not.")
    truncated: bool
    rows: list[UsageRow]


class UnpricedModel(BaseModel):
    provider: str
    model: str
    reason: str = Field(description="unknown_model, no_usage or over_limit.")
    calls: int
    input_tokens: int
    output_tokens: int
    first_seen: str
    last_seen: str

    @classmethod
    def of(cls, unpriced: Unpriced) -> "UnpricedModel":
        return cls(
            provider=unpriced.provider,
            model=unpriced.model,
            reason=unpriced.reason,
            calls=unpriced.calls,
            input_tokens=unpriced.input_tokens,
            output_tokens=unpriced.output_tokens,
            first_seen=shown_time(from_microseconds(unpriced.first_us)),
            last_seen=shown_time(from_microseconds(unpriced.last_us)),
        )


class UnpricedList(BaseModel):
    items: list[UnpricedModel]


class NamedKey(BaseModel):
    id: str
    name: str


class DimensionValues(BaseModel):
    """What occurs in the range, the most used first; up to 200 of each."""

    models: list[str]
    providers: list[str]
    users: list[str]
    agents: list[str]
    environments: list[str]
    api_keys: list[NamedKey]
    tags: list[str]

    @classmethod
    def of(cls, found: Dimensions) -> "DimensionValues":
        return cls(
            models=found.models,
            providers=found.providers,
            users=found.users,
            agents=found.agents,
            environments=found.environments,
            api_keys=[NamedKey(id=id_, name=name) for id_, name in found.api_keys],
            tags=found.tags,
        )


class PriceDataShape(BaseModel):
    source: str
    version: str
    date: str
    age_days: int
    imported: bool

    @classmethod
    def of(cls, data: PriceData) -> "PriceDataShape":
        return cls(
            source=data.source,
            version=data.version,
            date=data.dated.isoformat(),
            age_days=data.age_days(clock.now().date()),
            imported=data.imported,
        )


class PriceItem(BaseModel):
    """A list price: USD for a million tokens; null where the bucket has no price of its own."""

    provider: str
    model: str
    name: str
    input: str | None
    cache_read: str | None
    cache_write: str | None
    cache_write_1h: str | None
    output: str | None
    input_audio: str | None
    output_audio: str | None
    tiered: bool = Field(description="Calls with a long input cost more than this.")
    context_window: int | None

    @classmethod
    def of(cls, listed: ListedPrice) -> "PriceItem":
        tariff = listed.tariff
        return cls(
            provider=listed.provider,
            model=listed.model,
            name=listed.name,
            input=_price(tariff.input),
            cache_read=_price(tariff.cache_read),
            cache_write=_price(tariff.cache_write),
            cache_write_1h=_price(tariff.cache_write_1h),
            output=_price(tariff.output),
            input_audio=_price(tariff.input_audio),
            output_audio=_price(tariff.output_audio),
            tiered=listed.tiered,
            context_window=listed.context_window,
        )


class BucketPricesShape(BaseModel):
    """Units of the price's currency for a million tokens; null: charged as the bucket that contains it."""

    model_config = ConfigDict(extra="forbid")

    input: Amount | None = None
    cache_read: Amount | None = None
    cache_write_5m: Amount | None = None
    cache_write_1h: Amount | None = None
    output: Amount | None = None
    input_audio: Amount | None = None
    output_audio: Amount | None = None


class BucketPricesText(BaseModel):
    input: str | None
    cache_read: str | None
    cache_write_5m: str | None
    cache_write_1h: str | None
    output: str | None
    input_audio: str | None
    output_audio: str | None


class CustomPriceWish(BaseModel):
    """A price of one's own. `model` may hold `*`; an empty provider means any; it holds from now by default."""

    model_config = ConfigDict(extra="forbid")

    provider: Annotated[str, Field(max_length=100)] = ""
    model: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    valid_from: Annotated[datetime, AfterValidator(utc)] = Field(default_factory=clock.now)
    currency: Currency = "USD"
    prices: BucketPricesShape
    note: Annotated[str, Field(max_length=500)] = ""

    def wish(self) -> PriceWish:
        return PriceWish(
            provider=self.provider,
            model=self.model,
            valid_from=self.valid_from,
            currency=self.currency,
            prices=BucketPrices(**self.prices.model_dump()),
            note=self.note,
        )


class CustomPriceShape(BaseModel):
    id: str
    provider: str
    model: str
    valid_from: str
    currency: str
    prices: BucketPricesText
    note: str
    created_at: str
    created_by: str

    @classmethod
    def of(cls, price: CustomPrice) -> "CustomPriceShape":
        buckets = {name: _plain(getattr(price.prices, name)) for name in BucketPricesText.model_fields}
        return cls(
            id=shown("prc", price.id),
            provider=price.provider,
            model=price.model,
            valid_from=shown_time(price.valid_from),
            currency=price.currency,
            prices=BucketPricesText(**buckets),
            note=price.note,
            created_at=shown_time(price.created_at),
            created_by=price.created_by,
        )


class PriceListShape(BaseModel):
    data: PriceDataShape
    currencies: list[str] = Field(description="In which a custom price may stand.")
    custom: list[CustomPriceShape]
    items: list[PriceItem]
    total: int = Field(description="List prices that match, of which `items` is the beginning.")

    @classmethod
    def of(cls, listing: PriceList) -> "PriceListShape":
        return cls(
            data=PriceDataShape.of(listing.data),
            currencies=list(listing.currencies),
            custom=[CustomPriceShape.of(price) for price in listing.custom],
            items=[PriceItem.of(item) for item in listing.items],
            total=listing.total,
        )


class RateWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    currency: Currency
    rate: Rate = Field(description="Units of the currency for one USD.")
    date: date


class CurrencyWish(BaseModel):
    """The display currency and every dated rate; what is not named is removed."""

    model_config = ConfigDict(extra="forbid")

    display: Currency
    rates: Annotated[list[RateWish], Field(max_length=MAX_CURRENCIES)] = []

    def settings(self) -> CurrencySettings:
        rates = (CurrencyRate(rate.currency, rate.rate, rate.date) for rate in self.rates)
        return CurrencySettings(self.display, tuple(rates))


class RateShape(BaseModel):
    currency: str
    rate: str
    date: str


class CurrencyShape(BaseModel):
    display: str
    rates: list[RateShape]

    @classmethod
    def of(cls, settings: CurrencySettings) -> "CurrencyShape":
        rates = [
            RateShape(currency=rate.currency, rate=f"{rate.rate.normalize():f}", date=rate.dated.isoformat())
            for rate in settings.rates
        ]
        return cls(display=settings.display, rates=rates)


class RerateWish(BaseModel):
    """RFC 3339, or relative as in every other time range."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: Annotated[str, Field(alias="from", max_length=60)]
    to: Annotated[str, Field(max_length=60)] = "now"


class RerateShape(BaseModel):
    """`total`, `done` and `changed` count spans."""

    model_config = ConfigDict(populate_by_name=True)

    id: str
    state: str
    from_: str = Field(alias="from")
    to: str
    total: int
    done: int
    changed: int
    error: str | None
    created_at: str

    @classmethod
    def of(cls, job: Rerate) -> "RerateShape":
        fields: dict[str, Any] = {"from": shown_time(job.start)}
        return cls(
            id=shown("rer", job.id),
            state=str(job.state),
            to=shown_time(job.end),
            total=job.total,
            done=job.done,
            changed=job.changed,
            error=job.error or None,
            created_at=shown_time(job.created_at),
            **fields,
        )


class RerateList(BaseModel):
    items: list[RerateShape]


def _price(price: Fraction | None) -> str | None:
    return None if price is None else _plain(Decimal(price.numerator) / Decimal(price.denominator))


def _plain(amount: Decimal | None) -> str | None:
    """Digits without an exponent and without needless zeros."""
    return None if amount is None else f"{amount.normalize():f}"
