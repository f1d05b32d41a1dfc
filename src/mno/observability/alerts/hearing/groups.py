"""What facts say to rules: whom they concern, the group and its reading. Pure rules.

A budget's counter and an anomaly are groups of their own, so each has one open alert at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from mno.observability.alerts.machine import Reading
from mno.observability.alerts.model import AlertMeasure, AlertRule
from mno.observability.anomalies.facts import DETECTED
from mno.observability.budgets.facts import CALL_REFUSED, THRESHOLD_REACHED
from mno.platform.facts import Fact
from mno.platform.ids import parsed, shown

#: What is heard.
KINDS = (THRESHOLD_REACHED, CALL_REFUSED, DETECTED)


@dataclass(frozen=True, slots=True)
class Told:
    """One fact as rules read it. `project` is `prj_…`, None for a budget of the whole team."""

    measure: AlertMeasure
    project: str | None
    group: str
    reading: Reading
    labels: Mapping[str, str]
    #: An anomaly's dimension and value.
    scope: tuple[str, str] = ("", "")
    budget_id: UUID | None = None


def told_by(fact: Fact) -> Told:
    return _of_anomaly(fact) if fact.kind == DETECTED else _of_budget(fact)


def concerns(rule: AlertRule, told: Told) -> bool:
    """Whether a rule that is switched on wants to hear of it. A team's rule hears of all its projects."""
    terms, project_id = rule.terms, rule.place.project_id
    if terms.measure is not told.measure:
        return False
    if project_id is not None and told.project != shown("prj", project_id):
        return False
    if terms.budget_id is not None and terms.budget_id != told.budget_id:
        return False
    return all(told.scope[0] == name and told.scope[1] in values for name, values in terms.matches.items())


def budget_of(group: str) -> tuple[UUID, str]:
    """The budget and whose counter, from a group's name."""
    budget, _, who = group.partition(" ")
    return parsed("bud", budget), who


def _of_budget(fact: Fact) -> Told:
    data = fact.data
    limit, spent = Decimal(data["limit"]), Decimal(data["spent"])
    share = spent * 100 / limit if limit else Decimal(100)
    if fact.kind == CALL_REFUSED:
        share = max(share, Decimal(100))
    labels = {"budget": str(data["name"])} | ({data["per"]: data["who"]} if data["per"] else {})
    return Told(
        measure=AlertMeasure.BUDGET_SHARE,
        project=data["project"],
        group=f"{fact.subject} {data['who']}",
        reading=Reading(round(share, 3), 1),
        labels=labels,
        budget_id=parsed("bud", fact.subject),
    )


def _of_anomaly(fact: Fact) -> Told:
    data = fact.data
    dimension, value = data["scope"]["dimension"], data["scope"]["value"]
    labels = {"anomaly": f"{data['measure']} {data['kind']}"} | ({dimension: value} if dimension else {})
    if driver := _first_driver(data["drivers"]):
        labels["driver"] = driver
    return Told(
        measure=AlertMeasure.ANOMALIES,
        project=data["project"],
        group=fact.subject,
        reading=Reading(round(Decimal(str(data["score"])), 3), 1),
        labels=labels,
        scope=(dimension, value),
    )


def _first_driver(drivers: Sequence[Mapping[str, Any]]) -> str:
    """What made most of the difference, such as `gpt-4o, review-code 98 %`; keys are left to the page."""
    if not drivers:
        return ""
    first = drivers[0]
    values = [str(value) for name, value in first["values"].items() if value and name != "api_key"]
    return f"{', '.join(values)} {first['share']:.0f} %" if values else ""
