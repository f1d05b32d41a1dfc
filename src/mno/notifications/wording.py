"""How a notice reads on each kind of channel: plain lines, cut to what the service takes, the link always kept.

Names in a notice come from users, so what a service would read as a command (a mention of everybody, a link with
another name) is taken out of the text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from mno.notifications.model import ChannelKind, ChannelLanguage, NoticeSeverity, Text
from mno.platform.mail import Letter

_SIGNS = {
    NoticeSeverity.INFO: "ℹ️",
    NoticeSeverity.WARNING: "⚠️",
    NoticeSeverity.CRITICAL: "🚨",
    NoticeSeverity.RESOLVED: "✅",
}
#: What the services take of one message: Discord counts characters, WeCom bytes (2,048 of them); the others more.
_ROOM = {ChannelKind.DISCORD: 1_900, ChannelKind.WECOM: 2_000}
_DEFAULT_ROOM = 3_000
#: Where `<at>…</at>` or `<@…>` calls people.
_WITH_TAGS = frozenset({ChannelKind.FEISHU, ChannelKind.WECOM, ChannelKind.TEAMS})
_MARKDOWN = re.compile(r"([\\`*_\[\]~])")


@dataclass(frozen=True, slots=True)
class Message:
    """One line and the lines below, as they are handed to a chat service."""

    title: str
    body: str


def message(kind: ChannelKind, severity: NoticeSeverity, text: Text) -> Message:
    """What a chat shows. Teams reads Markdown; the others get plain text."""
    write = _markdown if kind is ChannelKind.TEAMS else _plain
    size = _bytes if kind is ChannelKind.WECOM else len
    text = _tamed(text) if kind in _WITH_TAGS else text
    title = f"{_SIGNS[severity]} {text.title}"
    body = write(text, _ROOM.get(kind, _DEFAULT_ROOM) - size(title), size)
    return Message(title, body) if body else Message("", title)


def letter(to: str, text: Text, language: ChannelLanguage) -> Letter:
    """The same as an e-mail."""
    link = f"{text.link_name}\n{text.link}".strip() if text.link else ""
    parts = (text.title, "\n".join(text.lines), link)
    return Letter(to, text.title, "\n\n".join(part for part in parts if part), language)


def _plain(text: Text, room: int, size: Callable[[str], int]) -> str:
    link = f"{text.link_name}: {text.link}" if text.link and text.link_name else text.link
    return _fitted(list(text.lines), link, "\n", room, size)


def _markdown(text: Text, room: int, size: Callable[[str], int]) -> str:
    address = text.link.replace("(", "%28").replace(")", "%29")
    link = f"[{_escaped(text.link_name or text.link)}]({address})" if text.link else ""
    return _fitted([_escaped(line) for line in text.lines], link, "\n\n", room, size)


def _fitted(lines: list[str], link: str, between: str, room: int, size: Callable[[str], int]) -> str:
    """As many lines as there is room for; an ellipsis stands for the rest."""
    last = [link] if link else []
    kept = list(lines)
    while kept and size(between.join([*kept, *last])) > room:
        kept = [*kept[:-2], "…"] if len(kept) > 1 else []
    return between.join([*kept, *last])


def _tamed(text: Text) -> Text:
    def tamed(part: str) -> str:
        return part.replace("<", "＜")

    return Text(tamed(text.title), [tamed(line) for line in text.lines], text.link, tamed(text.link_name))


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def _bytes(text: str) -> int:
    return len(text.encode())


#: What "send a test" sends.
TEST_TEXTS = {
    ChannelLanguage.EN: Text(
        "A test from MachineNativeOps",
        ("This channel works: alerts of your team will arrive here.",),
        link_name="Notification channels",
    ),
    ChannelLanguage.ZH_HANT: Text(
        "MachineNativeOps 測試訊息",
        ("這個通知管道可以使用，團隊的告警會送到這裡。",),
        link_name="通知管道",
    ),
    ChannelLanguage.ZH_HANS: Text(
        "MachineNativeOps 测试消息",
        ("此通知渠道可用，团队的告警会发送到这里。",),
        link_name="通知渠道",
    ),
}
