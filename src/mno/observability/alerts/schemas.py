"""The wire shapes of alerts. Values and thresholds are text: plain digits in USD, percent, milliseconds, or counts."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from mno.observability.alerts.answering.service import AlertStory
from mno.observability.alerts.editing.service import RuleStanding
from mno.observability.alerts.editing.wishes import written
from mno.observability.alerts.model import (
    MAX_ALERT_FILTER_VALUES,
    MAX_ESCALATION_STEPS,
    MAX_REASON_CHARACTERS,
    MAX_SILENCE_LABELS,
    MAX_STEP_CHANNELS,
    Alert,
    AlertComparison,
    AlertEventKind,
    AlertMeasure,
    AlertRule,
    AlertSeverity,
    AlertState,
    Silence,
    Step,
    Terms,
)
from mno.observability.alerts.preview.service import Point, Previewed
from mno.observability.alerts.silences.service import SilenceTerms
from mno.observability.alerts.telling.wording import plain
from mno.platform.ids import parsed, shown
from mno.platform.limits import MAX_NAME_CHARACTERS

Amount = Annotated[Decimal, Field(ge=0, max_digits=28, decimal_places=9)]
Of = Annotated[Literal["project", "team"], Field(description="Of this project, or of the whole team.")]


class EscalationStep(BaseModel):
    """Who is told when nobody has acknowledged for so long; the first step is told at once (0)."""

    model_config = ConfigDict(extra="forbid")

    after_minutes: Annotated[int, Field(ge=0)] = 0
    channels: Annotated[list[str], Field(min_length=1, max_length=MAX_STEP_CHANNELS, description="`chn_…`")]


class RuleTermsWish(BaseModel):
    """What a rule compares. `clear` left out is the threshold itself."""

    model_config = ConfigDict(extra="forbid")

    measure: AlertMeasure
    comparison: Annotated[
        AlertComparison, Field(description="`above`: at the threshold or over it; `below`: under it.")
    ] = AlertComparison.ABOVE
    threshold: Annotated[Amount, Field(description="USD, calls, tokens, percent, ms, or an anomaly's score.")]
    clear: Annotated[
        Amount | None, Field(description="It is over when the value is beyond this; between both nothing changes.")
    ] = None
    window_s: Annotated[int, Field(description="The rolling window: whole minutes, 60 to 86400 seconds.")] = 300
    for_s: Annotated[int, Field(ge=0, description="So long must it hold before it fires.")] = 0
    clear_after_s: Annotated[int, Field(ge=0, description="So long must it be clear before it is over.")] = 0
    quantile: Annotated[int, Field(description="Of latency: 50, 95 or 99; else 0.")] = 0
    minimum_calls: Annotated[int, Field(ge=0, description="Error rates and latency of fewer calls say nothing.")] = 0
    budget: Annotated[str | None, Field(description="`bud_…` for budget shares; any budget if left out.")] = None
    matches: Annotated[
        dict[str, list[str]],
        Field(
            max_length=MAX_ALERT_FILTER_VALUES,
            description="Accepted values by dimension: model, provider, agent, user, session, api_key (`key_…`),"
            " environment, `tag:NAME`, and project in a rule of the whole team.",
        ),
    ] = {}
    group_by: Annotated[str, Field(max_length=300, description="An alert for each value of this dimension.")] = ""

    def terms(self, **more: Any) -> Terms:
        return Terms(
            measure=self.measure,
            comparison=self.comparison,
            threshold=self.threshold,
            clear=self.threshold if self.clear is None else self.clear,
            window_s=self.window_s,
            for_s=self.for_s,
            clear_after_s=self.clear_after_s,
            quantile=self.quantile,
            minimum_calls=self.minimum_calls,
            budget_id=parsed("bud", self.budget) if self.budget else None,
            matches={name: tuple(values) for name, values in self.matches.items()},
            group_by=self.group_by,
            **more,
        )


class AlertPreviewWish(RuleTermsWish):
    of: Of = "project"


class AlertRuleTerms(RuleTermsWish):
    """And whom it tells."""

    name: Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]
    enabled: bool = True
    severity: AlertSeverity = AlertSeverity.WARNING
    steps: Annotated[list[EscalationStep], Field(max_length=MAX_ESCALATION_STEPS)] = []
    repeat_minutes: Annotated[int, Field(ge=0, description="Reminds while nobody has acknowledged; 0: never.")] = 0

    def whole(self) -> Terms:
        steps = tuple(
            Step(step.after_minutes, tuple(parsed("chn", one) for one in step.channels)) for step in self.steps
        )
        return self.terms(severity=self.severity, steps=steps, repeat_minutes=self.repeat_minutes)


class AlertRuleWish(AlertRuleTerms):
    of: Of = "project"


class AlertRuleChange(AlertRuleTerms):
    version: Annotated[int, Field(ge=1, description="The version that this is based on.")]


class AlertRuleShape(BaseModel):
    """A rule; `open` of its alerts are not resolved."""

    id: str
    of: Literal["project", "team"]
    name: str
    enabled: bool
    measure: AlertMeasure
    comparison: AlertComparison
    threshold: str
    clear: str
    window_s: int
    for_s: int
    clear_after_s: int
    quantile: int
    minimum_calls: int
    budget: str | None
    matches: dict[str, list[str]]
    group_by: str
    severity: AlertSeverity
    steps: list[EscalationStep]
    repeat_minutes: int
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    open: int

    @classmethod
    def of_standing(cls, standing: RuleStanding) -> "AlertRuleShape":
        return cls.of_rule(standing.rule, standing.open)

    @classmethod
    def of_rule(cls, rule: AlertRule, open_: int) -> "AlertRuleShape":
        told = written(rule.terms)
        told |= {"threshold": plain(rule.terms.threshold), "clear": plain(rule.terms.clear)}
        return cls(
            id=shown("alr", rule.id),
            of="project" if rule.place.project_id else "team",
            name=rule.name,
            enabled=rule.enabled,
            version=rule.version,
            created_at=rule.created_at,
            created_by=rule.created_by,
            changed_at=rule.changed_at,
            changed_by=rule.changed_by,
            open=open_,
            **told,
        )


class AlertRuleList(BaseModel):
    items: list[AlertRuleShape]


class AlertShape(BaseModel):
    """One stretch in which a rule held. `group` is the value of the rule's dimension; `labels` say of what it is."""

    id: str
    of: Literal["project", "team"]
    rule: str
    rule_name: str
    measure: AlertMeasure
    severity: AlertSeverity
    group: str
    labels: dict[str, str]
    state: AlertState
    started_at: datetime
    updated_at: datetime
    value: str
    peak: str = Field(description="The worst value so far.")
    threshold: str
    resolved_at: datetime | None
    resolved_by: str = Field(description="Empty where the value was clear again.")
    acknowledged_at: datetime | None
    acknowledged_by: str
    told_steps: int = Field(description="Steps of the escalation that have been told; 0 while it is silenced.")

    @classmethod
    def of_alert(cls, alert: Alert) -> "AlertShape":
        return cls(
            id=shown("alt", alert.id),
            of="project" if alert.place.project_id else "team",
            rule=shown("alr", alert.rule_id),
            rule_name=alert.rule_name,
            measure=alert.measure,
            severity=alert.severity,
            group=alert.group,
            labels=dict(alert.labels),
            state=alert.state,
            started_at=alert.started_at,
            updated_at=alert.updated_at,
            value=plain(alert.value),
            peak=plain(alert.peak),
            threshold=plain(alert.threshold),
            resolved_at=alert.resolved_at,
            resolved_by=alert.resolved_by,
            acknowledged_at=alert.acknowledged_at,
            acknowledged_by=alert.acknowledged_by,
            told_steps=alert.told_steps,
        )


class AlertList(BaseModel):
    items: list[AlertShape]
    next_cursor: str | None

    @classmethod
    def of_page(cls, found: Sequence[Alert], limit: int) -> "AlertList":
        """`found` holds one more than a page where there are more."""
        page = found[:limit]
        cursor = shown("alt", page[-1].id) if len(found) > limit else None
        return cls(items=[AlertShape.of_alert(one) for one in page], next_cursor=cursor)


class AlertEventShape(BaseModel):
    at: datetime
    kind: AlertEventKind
    by: str = Field(description="Empty for the hub itself.")
    note: str


class AlertPoint(BaseModel):
    """The measure over the window that ends at `at`; null where there is nothing to measure."""

    at: datetime
    value: str | None
    calls: int

    @classmethod
    def of_point(cls, point: Point) -> "AlertPoint":
        return cls(at=point.at, value=None if point.value is None else plain(point.value), calls=point.calls)


class AlertDetail(BaseModel):
    """An alert, its rule as it is now (null: removed), its history (the newest first), and the measure around it."""

    alert: AlertShape
    rule: AlertRuleShape | None
    events: list[AlertEventShape]
    points: list[AlertPoint]

    @classmethod
    def of_story(cls, story: AlertStory) -> "AlertDetail":
        is_open = int(story.alert.state is not AlertState.RESOLVED)
        return cls(
            alert=AlertShape.of_alert(story.alert),
            rule=AlertRuleShape.of_rule(story.rule, is_open) if story.rule else None,
            events=[AlertEventShape(at=one.at, kind=one.kind, by=one.by, note=one.note) for one in story.events],
            points=[AlertPoint.of_point(one) for one in story.points],
        )


class AlertAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=MAX_REASON_CHARACTERS)] = ""


class AlertPreviewValue(BaseModel):
    """What one group reads now."""

    group: str
    value: str | None
    calls: int
    breaching: bool


class AlertPreviewLine(BaseModel):
    """One group over the last day, and how often the rule would have fired."""

    group: str
    fired: int
    points: list[AlertPoint]


class AlertPreviewShape(BaseModel):
    """What the rule says now (the breaching first), and what it would have said over the last day."""

    at: datetime
    present: list[AlertPreviewValue]
    lines: list[AlertPreviewLine]

    @classmethod
    def of_preview(cls, found: Previewed) -> "AlertPreviewShape":
        return cls(
            at=found.at,
            present=[
                AlertPreviewValue(
                    group=one.group,
                    value=None if one.value is None else plain(one.value),
                    calls=one.calls,
                    breaching=one.breaching,
                )
                for one in found.present
            ],
            lines=[
                AlertPreviewLine(
                    group=one.group, fired=one.fired, points=[AlertPoint.of_point(point) for point in one.points]
                )
                for one in found.lines
            ],
        )


class SilenceChange(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    start: Annotated[AwareDatetime, Field(alias="from")]
    end: Annotated[AwareDatetime, Field(alias="to")]
    reason: Annotated[str, Field(max_length=MAX_REASON_CHARACTERS)]

    def times(self) -> SilenceTerms:
        return SilenceTerms(self.start, self.end, self.reason)


class SilenceWish(SilenceChange):
    """Of one rule, of alerts with these labels, or of everything in the project (or team)."""

    of: Of = "project"
    rule: Annotated[str | None, Field(description="`alr_…`")] = None
    labels: Annotated[dict[str, str], Field(max_length=MAX_SILENCE_LABELS)] = {}


class SilenceShape(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    id: str
    of: Literal["project", "team"]
    rule: str | None
    labels: dict[str, str]
    start: Annotated[datetime, Field(serialization_alias="from")]
    end: Annotated[datetime, Field(serialization_alias="to")]
    reason: str
    created_at: datetime
    created_by: str

    @classmethod
    def of_silence(cls, silence: Silence) -> "SilenceShape":
        return cls(
            id=shown("sil", silence.id),
            of="project" if silence.place.project_id else "team",
            rule=shown("alr", silence.rule_id) if silence.rule_id else None,
            labels=dict(silence.labels),
            start=silence.start,
            end=silence.end,
            reason=silence.reason,
            created_at=silence.created_at,
            created_by=silence.created_by,
        )


class SilenceList(BaseModel):
    """The first to end first."""

    items: list[SilenceShape]
