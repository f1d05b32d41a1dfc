"""Notices are cut to bearable length, and each try has its consequence."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.notifications.model import (
    MAX_NOTICE_ATTEMPTS,
    MAX_NOTICE_LINES,
    MAX_NOTICE_TITLE_CHARACTERS,
    ChannelCredential,
    Delivery,
    DeliveryState,
    Fate,
    Notice,
    NoticeSeverity,
    Text,
    Verdict,
)
from mno.notifications.rules import checked_notice, is_web_address, judged, one_line
from mno.notifications.senders import told, webhook_body
from mno.platform.errors import Invalid

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WAITING = Delivery(
    UUID(int=3), UUID(int=2), UUID(int=1), "", "key", NoticeSeverity.INFO, Text("Title"), {"type": "x", "id": "1"},
    DeliveryState.WAITING, 0, NOW, NOW,
)  # fmt: skip


def a_notice(**changes: object) -> Notice:
    return replace(Notice(UUID(int=2), "key", NoticeSeverity.INFO, {"en": Text("Title")}), **changes)  # type: ignore[arg-type]


@given(st.text(), st.lists(st.text()), st.text(), st.text())
def test_whatever_comes_is_stored_as_short_lines(title: str, lines: list[str], link: str, name: str) -> None:
    made = checked_notice(a_notice(texts={"en": Text(title, lines, link, name)}), [])
    text = made.texts["en"]
    assert len(text.title) <= MAX_NOTICE_TITLE_CHARACTERS
    assert len(text.lines) <= MAX_NOTICE_LINES
    assert all(part.isprintable() for part in (text.title, text.link_name, *text.lines))
    assert text.link in ("", link)


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//hub.example", "https://", "https://x y", "http://[", ""])
def test_what_is_no_address_of_the_web_is_no_link(link: str) -> None:
    assert not is_web_address(link)


def test_data_that_is_no_json_is_refused() -> None:
    with pytest.raises(Invalid, match="JSON"):
        checked_notice(a_notice(data={"type": object()}), [])


def test_one_line_has_no_ends_of_lines_in_it() -> None:
    assert one_line("a\r\nb\u2028c\x00d") == "a b c d"


def test_a_delivery_waits_until_its_tries_are_used_up() -> None:
    delivery = WAITING
    for attempt in range(1, MAX_NOTICE_ATTEMPTS + 1):
        delivery = judged(delivery, Verdict(Fate.LATER, "no"), NOW)
        assert delivery.attempts == attempt
        assert (delivery.state is DeliveryState.DEAD) == (attempt == MAX_NOTICE_ATTEMPTS)


def test_a_server_s_pause_is_kept_where_it_is_longer_than_ours() -> None:
    waiting = judged(WAITING, Verdict(Fate.LATER, "no", 90.0), NOW)
    assert (waiting.due_at - NOW).total_seconds() == 90.0
    assert (judged(waiting, Verdict(Fate.LATER, "no"), NOW).due_at - NOW).total_seconds() == 2.0


def test_what_arrives_is_delivered_whatever_was_before() -> None:
    failed = judged(WAITING, Verdict(Fate.LATER, "no"), NOW)
    done = judged(failed, Verdict(Fate.DELIVERED), NOW)
    assert (done.state, done.error, done.delivered_at) == (DeliveryState.DELIVERED, "", NOW)


def test_an_error_is_told_without_what_opens_the_channel() -> None:
    credential = ChannelCredential(
        "https://hooks.example/services/secretpath?k=secretquery", "apikey-12345", "hmacsecret"
    )
    error = "at https://hooks.example/services/secretpath?k=secretquery: secretpath secretquery apikey-12345 hmacsecret"
    shown = told(f"{error}\n{error}", credential)
    assert "secret" not in shown
    assert "apikey" not in shown
    assert "\n" not in shown


def test_a_webhook_s_body_is_the_same_each_time() -> None:
    assert orjson.dumps(webhook_body(WAITING)) == orjson.dumps(webhook_body(replace(WAITING, attempts=3)))
    assert webhook_body(WAITING)["type"] == "x"
