"""Messages fit into what their services take, and command nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.notifications.model import (
    MAX_NOTICE_LINE_CHARACTERS,
    MAX_NOTICE_LINES,
    MAX_NOTICE_LINK_CHARACTERS,
    MAX_NOTICE_LINK_NAME_CHARACTERS,
    MAX_NOTICE_TITLE_CHARACTERS,
    ChannelKind,
    ChannelLanguage,
    NoticeSeverity,
    Text,
)
from mno.notifications.wording import TEST_TEXTS, letter, message

CHATS = [kind for kind in ChannelKind if kind not in (ChannelKind.EMAIL, ChannelKind.SENDGRID, ChannelKind.WEBHOOK)]
LINK = "https://hub.example/alerts/1"

texts = st.builds(
    Text,
    st.text(min_size=1, max_size=MAX_NOTICE_TITLE_CHARACTERS),
    st.lists(st.text(max_size=MAX_NOTICE_LINE_CHARACTERS), max_size=MAX_NOTICE_LINES),
    st.sampled_from(["", LINK, LINK + "?" + "x" * (MAX_NOTICE_LINK_CHARACTERS - len(LINK) - 1)]),
    st.text(max_size=MAX_NOTICE_LINK_NAME_CHARACTERS),
)


@given(texts, st.sampled_from(CHATS), st.sampled_from(NoticeSeverity))
def test_whatever_a_notice_says_it_fits_and_keeps_its_link(
    text: Text, kind: ChannelKind, severity: NoticeSeverity
) -> None:
    made = message(kind, severity, text)
    whole = f"{made.title}\r\n{made.body}"
    assert made.body
    assert len(whole) <= (2_000 if kind is ChannelKind.DISCORD else 5_000)
    if kind is ChannelKind.WECOM:
        assert len(whole.encode()) <= 2_048
    assert text.link in made.body
    if kind in (ChannelKind.FEISHU, ChannelKind.WECOM, ChannelKind.TEAMS):
        assert "<" not in whole


def test_lines_that_do_not_fit_give_way_to_an_ellipsis() -> None:
    text = Text("Title", [f"{number:03} " + "費" * 100 for number in range(20)], LINK, "Chart")
    lines = message(ChannelKind.WECOM, NoticeSeverity.WARNING, text).body.split("\n")
    assert lines[0].startswith("000 ")
    assert lines[-2:] == ["…", f"Chart: {LINK}"]
    assert len(lines) < 20


def test_markdown_of_teams_means_nothing_but_the_link() -> None:
    text = Text("Title", ["[pay](https://evil.example) *now* <at>all</at>"], f"{LINK}?a=(1)", "Chart [1]")
    body = message(ChannelKind.TEAMS, NoticeSeverity.INFO, text).body
    assert body == (
        r"\[pay\](https://evil.example) \*now\* ＜at>all＜/at>" + "\n\n" + rf"[Chart \[1\]]({LINK}?a=%281%29)"
    )


def test_a_title_alone_is_the_message() -> None:
    made = message(ChannelKind.SLACK, NoticeSeverity.RESOLVED, Text("All is well"))
    assert (made.title, made.body) == ("", "✅ All is well")


@pytest.mark.parametrize("language", ChannelLanguage)
def test_a_test_message_stands_in_every_language(language: ChannelLanguage) -> None:
    text = TEST_TEXTS[language]
    assert text.title
    assert text.lines
    assert text.link_name


def test_a_letter_has_heading_lines_and_link_apart() -> None:
    made = letter("ada@example.com", Text("Title", ["one", "two"], LINK, "Chart"), ChannelLanguage.ZH_HANT)
    assert (made.subject, made.language) == ("Title", "zh-Hant")
    assert made.text == f"Title\n\none\ntwo\n\nChart\n{LINK}"
    assert letter("ada@example.com", Text("Title"), ChannelLanguage.EN).text == "Title"
