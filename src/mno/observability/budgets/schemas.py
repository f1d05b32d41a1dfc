"""The wire shapes of budgets. Amounts are text: USD with nine places, or whole tokens and calls."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mno.observability.budgets.editing.ahead import AheadStep
from mno.observability.budgets.editing.service import BurnDown
from mno.observability.budgets.editing.wishes import Counted, Terms, shown_limit
from mno.observability.budgets.model import (
    MAX_BUDGET_CONDITIONS,
    MAX_ROLLING_S,
    MAX_THRESHOLDS,
    Budget,
    Cycle,
    Period,
    Standing,
    Unit,
    Unpriced,
)
from mno.platform import money
from mno.platform.ids import shown
from mno.platform.limits import MAX_NAME_CHARACTERS

Amount = Annotated[Decimal, Field(ge=0, max_digits=28, decimal_places=9)]


class TermsWish(BaseModel):
    """What may change while a budget counts."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]
    limit: Annotated[Amount, Field(description="USD, tokens or calls, as the unit says.")]
    hard: Annotated[bool, Field(description="Calls that do not fit are refused; else it only counts and tells.")] = True
    status: Annotated[Literal[402, 429], Field(description="What a refused call is answered with.")] = 429
    thresholds: Annotated[
        list[int], Field(max_length=MAX_THRESHOLDS, description="Percent of the limit; each is told once a period.")
    ] = [50, 80, 100]
    unpriced: Annotated[
        Unpriced, Field(description="Calls without a price: counted as nothing, refused, or at `fallback_price`.")
    ] = Unpriced.ALLOW
    fallback_price: Annotated[Amount, Field(description="USD for a million tokens of calls without a price.")] = (
        Decimal(0)
    )

    def terms(self) -> Terms:
        return Terms(self.name, self.limit, self.hard, self.status, self.thresholds, self.unpriced, self.fallback_price)


class BudgetWish(TermsWish):
    """And what it counts, which is fixed once it is made."""

    of: Annotated[Literal["project", "team"], Field(description="Calls of this project, or of the whole team.")] = (
        "project"
    )
    unit: Unit = Unit.MONEY
    matches: Annotated[
        dict[str, str],
        Field(
            max_length=MAX_BUDGET_CONDITIONS,
            description="Only calls with these values: user, session, agent, api_key (`key_…`), provider, model,"
            " environment, `tag:NAME`.",
        ),
    ] = {}
    per: Annotated[
        str, Field(max_length=300, description="A counter for each value of this dimension, such as `user`.")
    ] = ""
    period: Annotated[Cycle, Field(description="By the calendar of the team's time zone, or rolling.")] = Cycle.MONTH
    rolling_s: Annotated[int, Field(ge=0, le=MAX_ROLLING_S, description="The length of a rolling window.")] = 0

    def counted(self) -> Counted:
        return Counted(self.of == "team", self.unit, self.matches, self.per, Period(self.period, self.rolling_s))


class BudgetChange(TermsWish):
    version: Annotated[int, Field(ge=1, description="The version that this is based on.")]


class BudgetStandingShape(BaseModel):
    """One counter. `who` is the user, agent, … it belongs to where the budget has one for each."""

    who: str
    spent: str
    reserved: str = Field(description="Held by calls under way.")
    remaining: str
    percent: float = Field(description="Spent, in percent of the limit; 0 for a limit of 0.")
    period_start: datetime
    resets_at: datetime = Field(description="Of a rolling window: when the next part of it leaves.")

    @classmethod
    def of(cls, standing: Standing) -> "BudgetStandingShape":
        unit, limit = standing.budget.unit, standing.budget.limit
        return cls(
            who=standing.who,
            spent=shown_limit(standing.spent, unit),
            reserved=shown_limit(standing.reserved, unit),
            remaining=shown_limit(standing.remaining, unit),
            percent=round(standing.spent * 100 / limit, 2) if limit else 0.0,
            period_start=standing.window.since,
            resets_at=standing.window.resets_at,
        )


class BudgetShape(BaseModel):
    """A budget and its fullest counter."""

    id: str
    of: Literal["project", "team"]
    project: str | None
    name: str
    unit: Unit
    limit: str
    matches: dict[str, str]
    per: str
    period: Cycle
    rolling_s: int
    hard: bool
    status: int
    thresholds: list[int]
    unpriced: Unpriced
    fallback_price: str
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    standing: BudgetStandingShape

    @classmethod
    def from_standing(cls, standing: Standing) -> "BudgetShape":
        return cls(**_told(standing.budget), standing=BudgetStandingShape.of(standing))


class BudgetList(BaseModel):
    items: list[BudgetShape]


class CounterList(BaseModel):
    """The fullest first."""

    items: list[BudgetStandingShape]


class BurnStep(BaseModel):
    at: datetime
    spent: str


class BurnAhead(BaseModel):
    """What will be used until then; 80 of 100 times it lies between `lower` and `upper`."""

    at: datetime
    median: str
    lower: str
    upper: str


class BurnDownShape(BaseModel):
    """How the present period was used up until now; `limit` less `spent` is what was left.

    `forecast` goes on to the end of a day, week or month; empty with less than two days of history. `runs_out_at` is
    when the limit will probably be reached, null where it lasts; `runs_out_earliest` and `runs_out_latest` are the
    bounds of that with 80 % confidence.
    """

    limit: str
    standing: BudgetStandingShape
    steps: list[BurnStep]
    forecast: list[BurnAhead]
    runs_out_at: datetime | None
    runs_out_earliest: datetime | None
    runs_out_latest: datetime | None

    @classmethod
    def of(cls, found: BurnDown) -> "BurnDownShape":
        budget, ahead = found.standing.budget, found.ahead
        return cls(
            limit=shown_limit(budget.limit, budget.unit),
            standing=BudgetStandingShape.of(found.standing),
            steps=[BurnStep(at=at, spent=shown_limit(used, budget.unit)) for at, used in found.steps],
            forecast=[_burn_ahead(step, budget.unit) for step in ahead.steps] if ahead else [],
            runs_out_at=ahead.run_out.likely if ahead else None,
            runs_out_earliest=ahead.run_out.earliest if ahead else None,
            runs_out_latest=ahead.run_out.latest if ahead else None,
        )


def _burn_ahead(step: AheadStep, unit: Unit) -> BurnAhead:
    median, lower, upper = (shown_limit(used, unit) for used in (step.median, step.lower, step.upper))
    return BurnAhead(at=step.at, median=median, lower=lower, upper=upper)


def _told(budget: Budget) -> dict[str, Any]:
    return {
        "id": shown("bud", budget.id),
        "of": "project" if budget.project_id else "team",
        "project": shown("prj", budget.project_id) if budget.project_id else None,
        "name": budget.name,
        "unit": budget.unit,
        "limit": shown_limit(budget.limit, budget.unit),
        "matches": dict(budget.matches),
        "per": budget.per,
        "period": budget.period.cycle,
        "rolling_s": budget.period.rolling_s,
        "hard": budget.hard,
        "status": budget.status,
        "thresholds": list(budget.thresholds),
        "unpriced": budget.unpriced,
        "fallback_price": money.shown(money.usd(budget.fallback_nano)),
        "version": budget.version,
        "created_at": budget.created_at,
        "created_by": budget.created_by,
        "changed_at": budget.changed_at,
        "changed_by": budget.changed_by,
    }
