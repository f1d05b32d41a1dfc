"""What an answer means: delivered, try again later, or never.

Feishu, DingTalk and WeCom answer 200 whatever happened and say in the body what did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from mno.notifications.model import MAX_FAILURE_CHARACTERS, ChannelKind, Fate, Verdict
from mno.notifications.rules import cut, one_line
from mno.platform.retries import asked_pause_s

#: The longest pause that a server may ask for, in seconds.
MAX_ASKED_WAIT_S = 3600.0
#: How long a channel is left alone that says "not so fast" and not for how long, in seconds.
TOO_FAST_WAIT_S = 20.0
#: What trying again may cure, beside 429 and every 5xx.
_LATER = frozenset({408, 425})
DELIVERED = Verdict(Fate.DELIVERED)


@dataclass(frozen=True, slots=True)
class _Codes:
    """Under which name the body says what happened, and which codes mean "not so fast" or "try again"."""

    names: tuple[str, ...]
    later: frozenset[int]


_CODES: Mapping[ChannelKind, _Codes] = {
    ChannelKind.FEISHU: _Codes(("code", "StatusCode"), frozenset({11232, 230020})),
    ChannelKind.DINGTALK: _Codes(("errcode",), frozenset({-1, 130101, 410100})),
    ChannelKind.WECOM: _Codes(("errcode",), frozenset({-1, 45009, 45033})),
}
#: Where services say why.
_REASONS = ("errmsg", "msg", "message", "error", "StatusMessage")


def verdict(kind: ChannelKind, status: int, retry_after: str | None, body: bytes, now: datetime) -> Verdict:
    """What the answer of a channel's server means."""
    taken = 200 <= status < 300
    code = _code(kind, body) if kind in _CODES else None
    if taken and (kind not in _CODES or code == 0):
        return DELIVERED
    if taken and code is None:
        return Verdict(Fate.LATER, "The server's answer says nothing about the message.")
    what = f"code {code}" if taken else str(status)
    error = f"The server answered {what}{_reason(kind, body)}."
    too_fast = status == 429 or (code is not None and code in _CODES[kind].later)
    if too_fast or status in _LATER or status >= 500:
        asked_s = asked_pause_s(retry_after, now) or (TOO_FAST_WAIT_S if too_fast else 0.0)
        return Verdict(Fate.LATER, error, min(asked_s, MAX_ASKED_WAIT_S))
    if 300 <= status < 400:
        error = f"The server answered {status}: redirects are not followed; enter the address that it leads to."
    return Verdict(Fate.REFUSED, error)


def _code(kind: ChannelKind, body: bytes) -> int | None:
    said = _json(body)
    return next((said[name] for name in _CODES[kind].names if isinstance(said.get(name), int)), None)


def _reason(kind: ChannelKind, body: bytes) -> str:
    """What the service says beside its code; nothing of a receiver that anybody may have entered."""
    if kind is ChannelKind.WEBHOOK:
        return ""
    said = _json(body)
    errors = said.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        said = errors[0]
    text = next((said[name] for name in _REASONS if isinstance(said.get(name), str)), "")
    if not said:
        text = body.decode(errors="replace")
    text = cut(one_line(text), MAX_FAILURE_CHARACTERS // 2).rstrip(".")
    return f": {text}" if text else ""


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}
