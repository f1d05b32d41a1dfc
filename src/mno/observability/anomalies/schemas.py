"""Wire shapes of anomalies. Figures of cost are USD as detection saw them: estimates, not a bill."""

from datetime import timedelta

from pydantic import BaseModel, Field

from mno.observability.anomalies.model import MAX_NOTE_CHARACTERS, Anomaly, AnomalyKind, Driver, Measure
from mno.observability.anomalies.readings import DIMENSIONS
from mno.observability.anomalies.service import Chart
from mno.platform.ids import shown
from mno.platform.time_range import shown as shown_time


class AnomalyScope(BaseModel):
    dimension: str = Field(description="Empty for the whole project, else model, api_key, agent or user.")
    value: str
    name: str = Field(description="Of a key; else the value.")


class AnomalyDriver(BaseModel):
    """`share` percent of the difference came from where all of `values` hold."""

    values: list[AnomalyScope]
    share: float
    amount: float
    usual: float

    @classmethod
    def of(cls, driver: Driver, anomaly: Anomaly) -> "AnomalyDriver":
        values = [_scope(name, driver.values[name], anomaly) for name in sorted(driver.values, key=_place)]
        return cls(values=values, share=driver.share, amount=driver.amount, usual=driver.usual)


class ExpectedShape(BaseModel):
    """Who said that it was to be expected."""

    by: str
    at: str
    note: str


class AnomalyShape(BaseModel):
    """`actual` and `expected` are over its hours: a sum in USD, tokens or errors, for latency a mean in ms."""

    id: str
    scope: AnomalyScope
    measure: Measure
    kind: AnomalyKind
    start: str
    end: str
    actual: float
    expected: float
    score: float = Field(description="How far beyond the alarm's threshold its worst hour was; 1 is just beyond.")
    drivers: list[AnomalyDriver]
    detected_at: str | None
    expected_mark: ExpectedShape | None

    @classmethod
    def of(cls, anomaly: Anomaly) -> "AnomalyShape":
        mark = None
        if anomaly.expected_at is not None:
            mark = ExpectedShape(by=anomaly.expected_by, at=shown_time(anomaly.expected_at), note=anomaly.note)
        return cls(
            id=shown("anm", anomaly.id),
            scope=_scope(anomaly.scope.dimension, anomaly.scope.value, anomaly),
            measure=anomaly.measure,
            kind=anomaly.kind,
            start=shown_time(anomaly.start),
            end=shown_time(anomaly.end),
            actual=anomaly.actual,
            expected=anomaly.expected,
            score=round(anomaly.score, 2),
            drivers=[AnomalyDriver.of(driver, anomaly) for driver in anomaly.drivers],
            detected_at=None if anomaly.detected_at is None else shown_time(anomaly.detected_at),
            expected_mark=mark,
        )


class AnomalyList(BaseModel):
    items: list[AnomalyShape]


class ChartPoint(BaseModel):
    """One hour: what it was, what was expected, and the bounds of the usual."""

    at: str
    actual: float
    expected: float
    low: float
    high: float


class AnomalyDetail(BaseModel):
    anomaly: AnomalyShape
    points: list[ChartPoint] = Field(description="Hours around it; empty where too little history is left.")

    @classmethod
    def of(cls, anomaly: Anomaly, chart: Chart | None) -> "AnomalyDetail":
        return cls(anomaly=AnomalyShape.of(anomaly), points=[] if chart is None else _points(chart))


class ExpectedWish(BaseModel):
    """`expected` false takes the mark back."""

    expected: bool = True
    note: str = Field(default="", max_length=MAX_NOTE_CHARACTERS, description="Why, for those who look later.")


def _place(dimension: str) -> int:
    """Models first, users last: the order in which people ask."""
    return (*DIMENSIONS, "user").index(dimension)


def _points(chart: Chart) -> list[ChartPoint]:
    found = chart.found
    rows = zip(found.values, found.expected, found.low, found.high, strict=True)
    return [
        ChartPoint(
            at=shown_time(chart.start + timedelta(hours=hour)),
            actual=float(actual),
            expected=float(expected),
            low=float(low),
            high=float(high),
        )
        for hour, (actual, expected, low, high) in enumerate(rows)
    ]


def _scope(dimension: str, value: str, anomaly: Anomaly) -> AnomalyScope:
    name = anomaly.names.get(value, value) if dimension == "api_key" else value
    return AnomalyScope(dimension=dimension, value=value, name=name)
