"""Messages in three languages: what happened, of what, since when on the team's clock, and a link to the chart."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest

from mno.notifications.model import NoticeSeverity
from mno.observability.alerts.model import AlertComparison, AlertMeasure, AlertState
from mno.observability.alerts.telling.due import Message, MessageKind
from mno.observability.alerts.telling.surroundings import Around
from mno.observability.alerts.telling.wording import amount, duration, notice
from support.alerts import CHANNEL, NOON, a_rule, an_alert

AROUND = Around(ZoneInfo("Asia/Taipei"), {"key_1": "Search", str(UUID(int=2)): "Shop"}, "https://hub.example")
COST = a_rule(
    name="Spend",
    measure=AlertMeasure.COST,
    threshold=Decimal(10),
    group_by="api_key",
    matches={"model": ("gpt-4o",), "tag:team": ("a b",)},
)


def message(kind: MessageKind) -> Message:
    return Message(kind, 0, (CHANNEL,))


def test_a_message_says_what_happened_in_three_languages() -> None:
    alert = an_alert(COST, group="key_1", labels={"model": "gpt-4o", "api_key": "key_1"})
    found = notice(alert, COST, message(MessageKind.FIRED), AROUND, NOON)
    assert found.texts["en"].title == "Spend: cost $12.00 (Shop, gpt-4o, Search)"
    assert found.texts["en"].lines[:2] == [
        "Cost over the last 5 minutes: $12.00. The rule fires at $10.00 or more.",
        "Since 2026-11-28 20:00 (Asia/Taipei). Severity: warning.",
    ]
    assert "API key: Search" in found.texts["en"].lines
    assert found.texts["zh-Hant"].title == "告警「Spend」：花費 $12.00（Shop、gpt-4o、Search）"
    assert found.texts["zh-Hans"].lines[0] == "最近 5 分钟的费用为 $12.00，达到 $10.00 即触发告警。"
    assert found.severity is NoticeSeverity.WARNING


@pytest.mark.parametrize("kind", list(MessageKind))
@pytest.mark.parametrize("measure", list(AlertMeasure))
def test_every_message_has_words_for_every_measure(kind: MessageKind, measure: AlertMeasure) -> None:
    rule = a_rule(measure=measure, quantile=95, comparison=AlertComparison.BELOW)
    found = notice(an_alert(rule), rule, message(kind), AROUND, NOON)
    for text in found.texts.values():
        assert text.title
        assert text.lines
        assert "{" not in text.title + "".join(text.lines)
    orjson.dumps(found.data)
    assert found.data["type"] == f"alert.{kind}"


def test_the_link_shows_the_range_and_the_filters() -> None:
    alert = an_alert(COST, group="key_1")
    found = notice(alert, COST, message(MessageKind.FIRED), AROUND, NOON + timedelta(minutes=2))
    link = urlsplit(found.texts["en"].link)
    asked = parse_qs(link.query)
    assert (link.netloc, link.path) == ("hub.example", "/costs")
    assert asked["from"] == ["2026-11-28T11:00:00.000000Z"]
    assert asked["to"] == ["2026-11-28T12:07:00.000000Z"]
    assert (asked["model"], asked["api_key"], asked["tag:team"]) == (["gpt-4o"], ["key_1"], ["a b"])


def test_the_end_says_how_long_it_was_and_who_ended_it() -> None:
    over = replace(
        an_alert(COST), state=AlertState.RESOLVED, resolved_at=NOON + timedelta(minutes=65), resolved_by="Ann"
    )
    found = notice(over, COST, message(MessageKind.RESOLVED), AROUND, NOON)
    assert found.severity is NoticeSeverity.RESOLVED
    assert "1 hour 5 minutes" in found.texts["en"].lines[0]
    assert found.texts["en"].lines[1] == "Resolved by Ann."


def test_the_same_message_has_the_same_key() -> None:
    alert = an_alert(COST)
    keys = {notice(alert, COST, message(kind), AROUND, NOON).key for kind in MessageKind for _ in range(2)}
    assert len(keys) == len(MessageKind)


@pytest.mark.parametrize(
    ("measure", "value", "shown"),
    [
        ("cost", "1234.5", "$1,234.50"),
        ("cost", "0.000012", "$0.000012"),
        ("cost", "0", "$0.00"),
        ("error_rate", "12.345", "12.3 %"),
        ("latency", "1830.4", "1,830 ms"),
        ("tokens", "1000000", "1,000,000"),
        ("anomalies", "2.50", "2.5"),
    ],
)
def test_amounts_read_as_people_write_them(measure: str, value: str, shown: str) -> None:
    assert amount(AlertMeasure(measure), Decimal(value)) == shown


def test_durations_name_their_two_largest_units() -> None:
    assert duration(60, "en") == "1 minute"
    assert duration(90_061, "en") == "1 day 1 hour"
    assert duration(0, "zh-Hant") == "0 秒"
