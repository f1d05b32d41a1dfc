"""Whether what somebody asks a rule to be makes sense. Pure rules; every refusal says what to do instead."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from mno.observability.alerts.model import (
    MAX_ALERT_FILTER_VALUES,
    MAX_ALERT_HOLD_S,
    MAX_ALERT_MINUTES,
    MAX_ALERT_THRESHOLD,
    MAX_ALERT_VALUE_CHARACTERS,
    MAX_ALERT_WINDOW_S,
    MAX_ESCALATION_STEPS,
    MAX_RULE_CHANNELS,
    MAX_STEP_CHANNELS,
    OF_TOOLS,
    RATES,
    SHARES_OF_CALLS,
    TOLD,
    TOOL_COLUMNS,
    AlertComparison,
    AlertMeasure,
    AlertRule,
    Step,
    Terms,
)
from mno.observability.costs.question import COLUMNS, TAG
from mno.platform.errors import Invalid
from mno.platform.ids import shown
from mno.platform.limits import MAX_NAME_CHARACTERS

QUANTILES = (50, 95, 99)
_MINUTE_S = 60
#: What an anomaly is found in; its rules can match these.
ANOMALY_DIMENSIONS = ("model", "api_key", "agent", "user")


def checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= MAX_NAME_CHARACTERS or not name.isprintable():
        raise Invalid(f"A rule needs a name of at most {MAX_NAME_CHARACTERS} characters.")
    return name


def checked_terms(terms: Terms, *, of_team: bool) -> Terms:
    """The terms in their one spelling; `Invalid` for what makes no sense."""
    _check_thresholds(terms)
    _check_times(terms)
    if terms.measure is AlertMeasure.LATENCY:
        if terms.quantile not in QUANTILES:
            raise Invalid("A rule on latency names a quantile: 50, 95 or 99.")
    elif terms.quantile:
        raise Invalid("Only a rule on latency has a quantile.")
    if terms.minimum_calls and terms.measure not in RATES:
        raise Invalid("A minimum of calls is for error rates and latency; leave it at 0.")
    if not 0 <= terms.minimum_calls <= MAX_ALERT_THRESHOLD:
        raise Invalid(f"'minimum_calls' is 0 to {MAX_ALERT_THRESHOLD}.")
    if terms.budget_id is not None and terms.measure is not AlertMeasure.BUDGET_SHARE:
        raise Invalid("Only a rule on budget shares names a budget.")
    if terms.measure in TOLD:
        _check_told(terms)
    matches = {name: tuple(dict.fromkeys(values)) for name, values in sorted(terms.matches.items())}
    _check_matches(matches, terms.group_by, TOOL_COLUMNS if terms.measure in OF_TOOLS else COLUMNS, of_team=of_team)
    return replace(terms, matches=matches, steps=_checked_steps(terms.steps), repeat_minutes=_repeat(terms))


def told(rule: AlertRule) -> dict[str, Any]:
    """For the audit log."""
    return {
        "name": rule.name,
        "enabled": rule.enabled,
        "of": "project" if rule.place.project_id else "team",
        **written(rule.terms),
    }


def written(terms: Terms) -> dict[str, Any]:
    """As JSON: in the database and in the audit log."""
    return {
        "measure": str(terms.measure),
        "comparison": str(terms.comparison),
        "threshold": format(terms.threshold, "f"),
        "clear": format(terms.clear, "f"),
        "window_s": terms.window_s,
        "for_s": terms.for_s,
        "clear_after_s": terms.clear_after_s,
        "quantile": terms.quantile,
        "minimum_calls": terms.minimum_calls,
        "budget": shown("bud", terms.budget_id) if terms.budget_id else None,
        "matches": {name: list(values) for name, values in terms.matches.items()},
        "group_by": terms.group_by,
        "severity": str(terms.severity),
        "steps": [
            {"after_minutes": step.after_minutes, "channels": [shown("chn", one) for one in step.channels]}
            for step in terms.steps
        ],
        "repeat_minutes": terms.repeat_minutes,
    }


def _check_thresholds(terms: Terms) -> None:
    for name, value in (("threshold", terms.threshold), ("clear", terms.clear)):
        if not value.is_finite() or not 0 <= value <= MAX_ALERT_THRESHOLD:
            raise Invalid(f"'{name}' is a number from 0 to {MAX_ALERT_THRESHOLD}.")
    if terms.threshold == 0:
        raise Invalid("With a threshold of 0 the rule would always hold, or never.")
    above = terms.comparison is AlertComparison.ABOVE
    if terms.clear > terms.threshold if above else terms.clear < terms.threshold:
        side = "at most" if above else "at least"
        raise Invalid(f"The clear threshold of a rule '{terms.comparison}' is {side} its threshold.")
    if terms.measure in SHARES_OF_CALLS and max(terms.threshold, terms.clear) > Decimal(100):
        raise Invalid("An error rate is at most 100 percent.")


def _check_times(terms: Terms) -> None:
    if not _MINUTE_S <= terms.window_s <= MAX_ALERT_WINDOW_S or terms.window_s % _MINUTE_S:
        raise Invalid(f"A window is whole minutes, {_MINUTE_S} to {MAX_ALERT_WINDOW_S} seconds.")
    for name, value in (("for_s", terms.for_s), ("clear_after_s", terms.clear_after_s)):
        if not 0 <= value <= MAX_ALERT_HOLD_S:
            raise Invalid(f"'{name}' is 0 to {MAX_ALERT_HOLD_S} seconds.")


def _check_told(terms: Terms) -> None:
    if terms.comparison is not AlertComparison.ABOVE:
        raise Invalid("Budgets and anomalies are told of when they are reached: compare 'above'.")
    if terms.for_s:
        raise Invalid("Budgets and anomalies are told of once: leave 'for_s' at 0.")
    if terms.group_by:
        raise Invalid("Each budget's counter and each anomaly has an alert of its own: leave 'group_by' empty.")
    wrong = [
        name for name in terms.matches if terms.measure is not AlertMeasure.ANOMALIES or name not in ANOMALY_DIMENSIONS
    ]
    if wrong:
        raise Invalid(
            f"This measure cannot be matched by '{wrong[0][:60]}'; anomalies by {', '.join(ANOMALY_DIMENSIONS)}."
        )


def _check_matches(
    matches: Mapping[str, Sequence[str]], group_by: str, known: Mapping[str, str], *, of_team: bool
) -> None:
    if sum(map(len, matches.values())) > MAX_ALERT_FILTER_VALUES:
        raise Invalid(f"A rule matches at most {MAX_ALERT_FILTER_VALUES} values.")
    for name, values in matches.items():
        _check_dimension(name, known, of_team=of_team)
        if not values:
            raise Invalid(f"Name a value of {name}, or leave it out.")
        if any(not 0 < len(value) <= MAX_ALERT_VALUE_CHARACTERS or "\0" in value for value in values):
            raise Invalid(f"A value of {name} is text of 1 to {MAX_ALERT_VALUE_CHARACTERS} characters.")
    if group_by:
        _check_dimension(group_by, known, of_team=of_team)
        if len(matches.get(group_by, ())) == 1:
            raise Invalid(f"The rule matches one value of {group_by}: grouping by it would leave one group.")


def _check_dimension(name: str, known: Mapping[str, str], *, of_team: bool) -> None:
    if name == "project" and not of_team:
        raise Invalid(
            "A project's rule looks at its own project; make a rule of the whole team to tell projects apart."
        )
    if known is TOOL_COLUMNS and name not in known:
        raise Invalid(f"'{name[:60]}' does not tell calls of tools apart; there are {', '.join(known)}.")
    if name not in known and not (name.startswith(TAG) and 0 < len(name) - len(TAG) <= 200):
        raise Invalid(f"'{name[:60]}' is no dimension; there are {', '.join(known)} and tag:NAME.")


def _checked_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    if len(steps) > MAX_ESCALATION_STEPS:
        raise Invalid(f"An escalation has at most {MAX_ESCALATION_STEPS} steps.")
    for number, step in enumerate(steps):
        if not 0 < len(set(step.channels)) <= MAX_STEP_CHANNELS:
            raise Invalid(f"A step tells 1 to {MAX_STEP_CHANNELS} channels.")
        if number == 0 and step.after_minutes:
            raise Invalid("The first step is told at once: its 'after_minutes' is 0.")
        if number and not steps[number - 1].after_minutes < step.after_minutes <= MAX_ALERT_MINUTES:
            raise Invalid(f"Each step comes later than the one before, at most after {MAX_ALERT_MINUTES} minutes.")
    if len({one for step in steps for one in step.channels}) > MAX_RULE_CHANNELS:
        raise Invalid(f"A rule tells at most {MAX_RULE_CHANNELS} channels.")
    return tuple(Step(step.after_minutes, tuple(dict.fromkeys(step.channels))) for step in steps)


def _repeat(terms: Terms) -> int:
    if not 0 <= terms.repeat_minutes <= MAX_ALERT_MINUTES:
        raise Invalid(f"'repeat_minutes' is 0 to {MAX_ALERT_MINUTES}.")
    return terms.repeat_minutes


def channels_of(terms: Terms) -> set[UUID]:
    return {one for step in terms.steps for one in step.channels}
