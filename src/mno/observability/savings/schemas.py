"""Wire shapes of savings. Money is a string, times are RFC 3339 in UTC."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from mno.observability.savings.model import Saving, Way
from mno.observability.savings.service import SavingsFound
from mno.platform.money import usd
from mno.platform.time_range import shown as shown_time


class SavingShape(BaseModel):
    """One way for one model."""

    way: Way
    provider: str
    model: str
    to_provider: str = Field(description="Of the cheaper model; empty for the other ways.")
    to_model: str
    calls: int
    cost: str = Field(description="What the model's calls were charged.")
    priced: str = Field(description="What they cost by today's base prices; the saving is reckoned from it.")
    saved: str

    @classmethod
    def of(cls, saving: Saving, factor: Decimal) -> "SavingShape":
        return cls(
            way=saving.way,
            provider=saving.of.provider,
            model=saving.of.model,
            to_provider=saving.to_provider,
            to_model=saving.to_model,
            calls=saving.of.calls,
            cost=_shown(saving.of.cost * factor),
            priced=_shown(usd(saving.priced) * factor),
            saved=_shown(usd(saving.saved) * factor),
        )


class SavingsShape(BaseModel):
    """The greatest saving first. Savings of one model exclude each other: they do not add up."""

    model_config = ConfigDict(populate_by_name=True)

    currency: str
    from_: str = Field(alias="from")
    to: str
    share_percent: str
    reads_per_write: int
    cost: str = Field(description="What all models that were looked at were charged.")
    items: list[SavingShape]

    @classmethod
    def of(cls, found: SavingsFound) -> "SavingsShape":
        factor = Decimal(1) if found.rate is None else found.rate.rate
        return cls.model_validate(
            {
                "currency": found.currency,
                "from": shown_time(found.period.start),
                "to": shown_time(found.period.end),
                "share_percent": f"{found.assumed.share * 100:f}",
                "reads_per_write": found.assumed.reads_per_write,
                "cost": _shown(found.cost * factor),
                "items": [SavingShape.of(saving, factor) for saving in found.savings],
            }
        )


def _shown(amount: Decimal) -> str:
    return f"{amount:.9f}"
