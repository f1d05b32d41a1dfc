"""OpenMetrics text, as Prometheus and its relatives read it.

A writer of our own, because all that we need is one page of the format and no registry; source:
https://prometheus.io/docs/specs/om/open_metrics_spec/ (version 1.0).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MEDIA_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Kind(StrEnum):
    """A counter only rises; a gauge is the value now; a summary is quantiles; info is facts as labels."""

    COUNTER = "counter"
    GAUGE = "gauge"
    SUMMARY = "summary"
    INFO = "info"


_SUFFIX = {Kind.COUNTER: "_total", Kind.INFO: "_info"}


@dataclass(frozen=True, slots=True)
class Point:
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Family:
    """Points of one name. A name ends with its unit where it has one, without `_total` or `_info`."""

    name: str
    kind: Kind
    help: str
    points: tuple[Point, ...]
    unit: str = ""


def written(families: Iterable[Family]) -> str:
    """The whole exposition, `# EOF` included."""
    lines = []
    for family in families:
        lines.append(f"# TYPE {family.name} {family.kind}")
        if family.unit:
            lines.append(f"# UNIT {family.name} {family.unit}")
        lines.append(f"# HELP {family.name} {_escaped(family.help)}")
        name = family.name + _SUFFIX.get(family.kind, "")
        lines.extend(f"{name}{_labels(point.labels)} {_number(point.value)}" for point in family.points)
    return "\n".join([*lines, "# EOF", ""])


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
