"""What a notice may be, and how it is cut to its limits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from mno.notifications.model import (
    MAX_CHANNELS_PER_NOTICE,
    MAX_NOTICE_ATTEMPTS,
    MAX_NOTICE_DATA_BYTES,
    MAX_NOTICE_KEY_CHARACTERS,
    MAX_NOTICE_LINE_CHARACTERS,
    MAX_NOTICE_LINES,
    MAX_NOTICE_LINK_CHARACTERS,
    MAX_NOTICE_LINK_NAME_CHARACTERS,
    MAX_NOTICE_TITLE_CHARACTERS,
    ChannelLanguage,
    Delivery,
    DeliveryState,
    Fate,
    Notice,
    Text,
    Verdict,
)
from mno.platform.errors import Invalid
from mno.platform.retries import backoff_s


def checked_notice(notice: Notice, channel_ids: Sequence[UUID]) -> Notice:
    """The notice with texts of bearable length; `Invalid` for one that cannot be sent."""
    if not 0 < len(notice.key) <= MAX_NOTICE_KEY_CHARACTERS:
        raise Invalid(f"A notice needs a key of at most {MAX_NOTICE_KEY_CHARACTERS} characters.")
    if len(channel_ids) > MAX_CHANNELS_PER_NOTICE:
        raise Invalid(f"A notice goes to at most {MAX_CHANNELS_PER_NOTICE} channels.")
    if ChannelLanguage.EN not in notice.texts:
        raise Invalid("A notice needs an English text; other languages fall back on it.")
    _check_data(notice.data)
    return replace(notice, texts={language: _cut_text(text) for language, text in notice.texts.items()})


def _check_data(data: Mapping[str, Any]) -> None:
    try:
        size = len(orjson.dumps(dict(data)))
    except TypeError:
        raise Invalid("The data of a notice must be JSON.") from None
    if size > MAX_NOTICE_DATA_BYTES:
        raise Invalid(f"The data of a notice may have at most {MAX_NOTICE_DATA_BYTES} bytes.")


def _cut_text(text: Text) -> Text:
    lines = [cut(one_line(line), MAX_NOTICE_LINE_CHARACTERS) for line in text.lines[:MAX_NOTICE_LINES]]
    link = text.link if is_web_address(text.link) else ""
    title = cut(one_line(text.title), MAX_NOTICE_TITLE_CHARACTERS)
    return Text(title, lines, link, cut(one_line(text.link_name), MAX_NOTICE_LINK_NAME_CHARACTERS))


def judged(delivery: Delivery, verdict: Verdict, now: datetime) -> Delivery:
    """The delivery after one more try: delivered, waiting for the next one, or a dead letter."""
    if verdict.fate is Fate.DELIVERED:
        return replace(delivery, state=DeliveryState.DELIVERED, delivered_at=now, error="")
    attempts = delivery.attempts + 1
    dead = verdict.fate is Fate.REFUSED or attempts >= MAX_NOTICE_ATTEMPTS
    return replace(
        delivery,
        state=DeliveryState.DEAD if dead else DeliveryState.WAITING,
        attempts=attempts,
        due_at=now + timedelta(seconds=max(backoff_s(attempts), verdict.wait_s)),
        error=verdict.error,
    )


def one_line(text: str) -> str:
    """Without control characters and doubled blanks; NUL would not even be stored."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis says that something is missing."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + "…"


def is_web_address(text: str) -> bool:
    """Whether it is an absolute http or https address without blanks."""
    if not text or len(text) > MAX_NOTICE_LINK_CHARACTERS or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
