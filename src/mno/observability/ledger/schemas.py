"""The wire shapes of the ledger. Amounts are text in USD with nine places."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from mno.observability.ledger.model import MAX_NOTE_CHARACTERS, Balance, Charge, Entry, LedgerKind
from mno.platform import money
from mno.platform.ids import shown


class LedgerEntryShape(BaseModel):
    """One line. `held` and `cost` are changes: of what calls under way hold, and of what is owed."""

    position: int
    project: str
    at: datetime
    kind: LedgerKind
    hour: datetime = Field(description="Of the use.")
    provider: str
    model: str
    agent: str
    environment: str
    api_key: str
    tags: list[str]
    held: str
    cost: str
    tokens: int
    calls: int
    reservation: str | None
    estimated: bool = Field(description="The provider told no usage; it was counted from what passed.")
    note: str
    by: str

    @classmethod
    def of(cls, entry: Entry) -> "LedgerEntryShape":
        key = entry.key
        return cls(
            position=entry.position,
            project=shown("prj", entry.project_id),
            at=entry.at,
            kind=entry.kind,
            hour=entry.hour,
            provider=key.provider,
            model=key.model,
            agent=key.agent,
            environment=key.environment,
            api_key=key.api_key,
            tags=list(key.tags),
            held=_amount(entry.held),
            cost=_amount(entry.sums.cost),
            tokens=entry.sums.tokens,
            calls=entry.sums.calls,
            reservation=shown("rsv", entry.reservation) if entry.reservation else None,
            estimated=entry.estimated,
            note=entry.note,
            by=entry.by,
        )


class LedgerEntryList(BaseModel):
    """The newest first."""

    items: list[LedgerEntryShape]
    next_cursor: str | None


class BalanceShape(BaseModel):
    """Over the whole hours of the range: `net` is `spent` less `credited`. `held` is of now."""

    spent: str
    credited: str
    net: str
    held: str
    tokens: int
    calls: int

    @classmethod
    def of(cls, balance: Balance) -> "BalanceShape":
        spent = balance.spent
        return cls(
            spent=_amount(spent.cost),
            credited=_amount(balance.credited),
            net=_amount(spent.cost - balance.credited),
            held=_amount(balance.held),
            tokens=spent.tokens,
            calls=spent.calls,
        )


class ChargeShape(BaseModel):
    value: str
    cost: str
    tokens: int
    calls: int

    @classmethod
    def of(cls, charge: Charge) -> "ChargeShape":
        sums = charge.sums
        return cls(value=charge.value, cost=_amount(sums.cost), tokens=sums.tokens, calls=sums.calls)


class ChargeList(BaseModel):
    """The dearest first; credits are left out."""

    items: list[ChargeShape]


class CreditWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: Annotated[Decimal, Field(gt=0, max_digits=28, decimal_places=9, description="USD.")]
    note: Annotated[str, Field(max_length=MAX_NOTE_CHARACTERS, description="Where it comes from.")]


def _amount(nano: int) -> str:
    return money.shown(money.usd(nano))
