"""What people read of an alert, and where its link leads. Pure rules."""

from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from mno.notifications.model import Notice, NoticeSeverity, Text
from mno.observability.alerts.model import OF_TOOLS, TOLD, Alert, AlertMeasure, AlertRule, Terms
from mno.observability.alerts.telling import words
from mno.observability.alerts.telling.due import Message, MessageKind
from mno.observability.alerts.telling.surroundings import Around
from mno.platform.ids import shown
from mno.platform.time_range import shown as shown_time

#: Labels that a message names.
MAX_NAMED_LABELS = 6
#: The chart begins so many windows before the alert, at least an hour.
_WINDOWS_BEFORE = 12
_PAGES = {
    AlertMeasure.ERRORS: "/monitor",
    AlertMeasure.ERROR_RATE: "/monitor",
    AlertMeasure.LATENCY: "/monitor",
    AlertMeasure.BUDGET_SHARE: "/costs/budgets",
    AlertMeasure.ANOMALIES: "/costs/anomalies",
    AlertMeasure.TOOL_ERRORS: "/monitor/traces",
    AlertMeasure.TOOL_ERROR_RATE: "/monitor/traces",
}


def notice(alert: Alert, rule: AlertRule, message: Message, around: Around, now: datetime) -> Notice:
    """The notice of one message; its key is the same however often it is made."""
    link = link_of(alert, rule.terms, around.base, now)
    resolved = message.kind is MessageKind.RESOLVED
    return Notice(
        team_id=alert.place.team_id,
        key=f"{shown('alt', alert.id)} {message.kind} {message.number}",
        severity=NoticeSeverity.RESOLVED if resolved else NoticeSeverity(alert.severity),
        texts={one: _text(one, alert, rule.terms, message.kind, around, now, link) for one in words.LANGUAGES},
        data={
            "type": f"alert.{message.kind}",
            "id": shown("alt", alert.id),
            "rule": {"id": shown("alr", alert.rule_id), "name": alert.rule_name},
            "project": shown("prj", alert.place.project_id) if alert.place.project_id else None,
            "state": str(alert.state),
            "severity": str(alert.severity),
            "measure": str(alert.measure),
            "comparison": str(rule.terms.comparison),
            "threshold": plain(alert.threshold),
            "window_s": rule.terms.window_s,
            "value": plain(alert.value),
            "peak": plain(alert.peak),
            "labels": dict(alert.labels),
            "started_at": shown_time(alert.started_at),
            "resolved_at": shown_time(alert.resolved_at) if alert.resolved_at else None,
            "link": link,
        },
    )


def link_of(alert: Alert, terms: Terms, base: str, now: datetime) -> str:
    """The page with the chart, its range and filters in the address."""
    before = timedelta(seconds=max(3_600, terms.window_s * _WINDOWS_BEFORE))
    until = (alert.resolved_at or now) + timedelta(minutes=5)
    asked = [("from", shown_time(alert.started_at - before)), ("to", shown_time(until))]
    if alert.measure in OF_TOOLS:
        asked += [("operation", "execute_tool"), ("status", "error")]
    if alert.measure not in TOLD:
        asked += [(name, value) for name, values in terms.matches.items() for value in values if name != "project"]
        if terms.group_by and terms.group_by != "project":
            asked = [one for one in asked if one[0] != terms.group_by] + [(terms.group_by, alert.group)]
        if alert.measure in (AlertMeasure.CALLS, AlertMeasure.TOKENS):
            asked.append(("metric", str(alert.measure)))
    return f"{base}{_PAGES.get(alert.measure, '/costs')}?{urlencode(asked, safe=':')}"


def plain(value: Decimal) -> str:
    """Digits without an exponent or zeros that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(measure: AlertMeasure, value: Decimal) -> str:
    """As people read it: `$1,234.50`, `12.5 %`, `830 ms`."""
    match measure:
        case AlertMeasure.COST:
            return f"${value:,.2f}" if value >= 1 or not value else f"${plain(round(value, 6))}"
        case AlertMeasure.ERROR_RATE | AlertMeasure.TOOL_ERROR_RATE | AlertMeasure.BUDGET_SHARE:
            return f"{plain(round(value, 1))} %"
        case AlertMeasure.LATENCY:
            return f"{value:,.0f} ms"
        case AlertMeasure.ANOMALIES:
            return plain(round(value, 1))
    return f"{value:,.0f}"


def duration(seconds: float, language: str) -> str:
    """The largest unit that fits, or the two largest: `2 hours 5 minutes`."""
    left, parts = int(seconds), []
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {words.UNITS[unit][language][count != 1]}")
    return " ".join(parts[:2]) or f"0 {words.UNITS['second'][language][1]}"


def _text(
    language: str, alert: Alert, terms: Terms, kind: MessageKind, around: Around, now: datetime, link: str
) -> Text:
    names = _labels(alert, around, language)
    told = {
        "rule": alert.rule_name,
        "measure": words.MEASURES[alert.measure][language].format(quantile=terms.quantile),
        "value": amount(alert.measure, alert.value),
        "peak": amount(alert.measure, alert.peak),
        "threshold": amount(alert.measure, alert.threshold),
        "window": duration(terms.window_s, language),
        "since": _moment(alert.started_at, around),
        "until": _moment(alert.resolved_at or now, around),
        "zone": around.zone.key,
        "lasted": duration(((alert.resolved_at or now) - alert.started_at).total_seconds(), language),
        "severity": words.SEVERITIES[alert.severity][language],
        "who": alert.resolved_by,
        "of": _of(names, language),
    }
    lines = [_capital(line.format(**told)) for line in _lines(alert, terms, kind, language)]
    lines += [words.LABEL[language].format(name=name, value=value) for name, value in names]
    return Text(words.TITLES[kind][language].format(**told), lines, link, words.LINK[language])


def _lines(alert: Alert, terms: Terms, kind: MessageKind, language: str) -> list[str]:
    if kind is MessageKind.RESOLVED:
        return [words.LASTED[language], *([words.BY_HAND[language]] if alert.resolved_by else [])]
    compared = words.TOLD if alert.measure in TOLD else words.COMPARED[terms.comparison]
    return [compared[language], words.SINCE[language]]


def _labels(alert: Alert, around: Around, language: str) -> list[tuple[str, str]]:
    """What the alert is of, by names that people know."""
    found = []
    if alert.place.project_id is not None:
        project = str(alert.place.project_id)
        found.append((words.DIMENSIONS["project"][language], around.names.get(project, project)))
    for name, value in list(alert.labels.items())[:MAX_NAMED_LABELS]:
        if name in words.DIMENSIONS:
            title = words.DIMENSIONS[name][language]
        else:
            title = words.TAG[language].format(name=name.removeprefix("tag:"))
        found.append((title, around.names.get(value, value)))
    return found


def _of(names: list[tuple[str, str]], language: str) -> str:
    listed = words.BETWEEN[language].join(value for _, value in names)
    return words.OF[language].format(names=listed) if listed else ""


def _moment(moment: datetime, around: Around) -> str:
    return f"{moment.astimezone(around.zone):%Y-%m-%d %H:%M}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
