"""Every event has a sentence in every language, and the reader's language is found."""

from typing import Any

import pytest

from mno.approvals.model import ASKED, DECIDED
from mno.events.facts import SENT, UPSTREAM_FAILED, UPSTREAM_WORKS
from mno.events.model import Event, EventKind, EventOutcome, EventSeverity, Settled
from mno.events.sources import changes_by
from mno.events.wording import amount, spoken, summary
from mno.identity.teams.model import Language
from mno.mcp_gateway.facts import CALL_ENDED
from mno.observability.alerts.facts import FIRED, RESOLVED
from mno.observability.anomalies.facts import DETECTED
from mno.observability.anomalies.model import AnomalyKind, Measure
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown

TEAM, PROJECT = new_id(), shown("prj", new_id())
ALERT = {"project": PROJECT, "rule": "Spend", "measure": "cost", "severity": "warning", "value": "1", "by": ""}
ASK = {"project": None, "kind": "mcp.call", "title": "Delete a file", "asked_by": "Clerk", "trace": "ab" * 16}


def fact(told: str, /, **data: Any) -> Fact:
    return Fact(TEAM, "subject", told, data)


def anomaly(measure: str, kind: str, **changes: Any) -> Fact:
    scope = {"dimension": "model", "value": "gpt-4o"}
    figures: dict[str, Any] = {"actual": 12.5, "expected": 2, "score": 1.5, "drivers": [], "start": ""}
    said = {"project": PROJECT, "measure": measure, "kind": kind, "scope": scope} | figures | changes
    return fact(DETECTED, **said)


def sent(kind: EventKind, **data: Any) -> Fact:
    said = {"id": new_id().hex, "project": PROJECT, "kind": str(kind), "severity": "info", "trace": ""}
    return fact(SENT, **said, data={"agent": "Clerk", "title": "Invoices"} | data)


CALL = {"project": PROJECT, "server": "files", "tool": "delete", "note": "", "trace": "ab" * 16}

FACTS = [
    *(fact(CALL_ENDED, **CALL, state=state) for state in ("done", "failed", "unknown")),
    fact(ASKED, **ASK),
    fact(FIRED, **ALERT, labels={"model": "gpt-4o"}),
    fact(RESOLVED, **ALERT, labels={}),
    fact(UPSTREAM_FAILED, about="server", name="files"),
    fact(UPSTREAM_WORKS, about="model", name="gpt-4o"),
    sent(EventKind.ACCEPTANCE),
    sent(EventKind.MILESTONE),
    *(sent(EventKind.RECEIPT, status=status) for status in ("done", "partial", "failed")),
    *(anomaly(measure, kind) for measure in Measure for kind in AnomalyKind),
]


def event_of(told: Fact) -> Event:
    (event,) = [one for one in changes_by(told) if isinstance(one, Event)]
    return event


@pytest.mark.parametrize("told", FACTS, ids=lambda told: told.kind)
def test_each_fact_becomes_a_sentence_in_each_language(told: Fact) -> None:
    sentences = {language: summary(event_of(told), language) for language in Language}
    assert sentences[Language.ENGLISH] not in (
        sentences[Language.TRADITIONAL_CHINESE],
        sentences[Language.SIMPLIFIED_CHINESE],
    )
    for sentence in sentences.values():
        assert sentence
        assert not set("{}") & set(sentence)


def test_every_kind_of_event_is_made_of_some_fact() -> None:
    assert {event_of(told).kind for told in FACTS} == set(EventKind)


def test_a_request_that_must_be_decided_soon_is_critical() -> None:
    assert event_of(fact(ASKED, **ASK, open_for_s=86_400)).severity is EventSeverity.WARNING
    assert event_of(fact(ASKED, **ASK, open_for_s=60)).severity is EventSeverity.CRITICAL


def test_a_decision_settles_the_card_and_is_no_card_itself() -> None:
    (settled,) = changes_by(fact(DECIDED, state="refused", decided_by="Anna"))
    assert isinstance(settled, Settled)
    assert (settled.outcome, settled.data) == (EventOutcome.REFUSED, {"decided_by": "Anna"})


def test_an_approved_call_has_its_receipt_and_a_refused_one_has_its_outcome_already() -> None:
    receipt = event_of(fact(CALL_ENDED, **CALL, state="unknown"))
    assert (receipt.kind, receipt.permission, receipt.severity) == (EventKind.RECEIPT, "mcp.read", "critical")
    assert changes_by(fact(CALL_ENDED, **CALL, state="refused")) == []


def test_a_trace_that_is_none_leads_nowhere() -> None:
    assert event_of(fact(ASKED, **ASK)).trace_id == "ab" * 16
    assert event_of(fact(ASKED, **(ASK | {"trace": "../x"}))).trace_id == ""


def test_keys_are_not_named_by_their_ids() -> None:
    told = anomaly("cost", "spike", scope={"dimension": "api_key", "value": "key_1"})
    assert summary(event_of(told), Language.ENGLISH) == "Cost jumped to $12.50; $2.00 is usual"


@pytest.mark.parametrize(
    ("measure", "value", "said"),
    [
        ("cost", 1234.5, "$1,234.50"),
        ("cost", 0.00123, "$0.0012"),
        ("latency", 830.4, "830 ms"),
        ("tokens", 9e6, "9,000,000"),
    ],
)
def test_amounts_are_written_as_people_read_them(measure: str, value: float, said: str) -> None:
    assert amount(measure, value) == said


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh", "zh-Hans"),
        ("fr,de;q=0.9", "en"),
        ("en;q=0.1, zh-Hans;q=0.2", "zh-Hans"),
        ("zh;q=0, en", "en"),
        (";;;q=x,,", "en"),
    ],
)
def test_the_reader_s_language_is_the_first_that_we_speak(header: str, language: str) -> None:
    assert spoken(None, header) == language
    assert spoken(Language.TRADITIONAL_CHINESE, header) == "zh-Hant"
