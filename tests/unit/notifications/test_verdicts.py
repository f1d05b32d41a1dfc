"""What the answers of the services mean."""

from datetime import UTC, datetime

import orjson
import pytest

from mno.notifications.model import ChannelKind, Fate
from mno.notifications.verdicts import MAX_ASKED_WAIT_S, TOO_FAST_WAIT_S, verdict

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def judged(kind: ChannelKind, status: int, said: object = None, retry_after: str | None = None) -> tuple[Fate, str]:
    body = said if isinstance(said, bytes) else orjson.dumps(said) if said is not None else b""
    found = verdict(kind, status, retry_after, body, NOW)
    return found.fate, found.error


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        (ChannelKind.SLACK, 200, b"ok"),
        (ChannelKind.DISCORD, 204, b""),
        (ChannelKind.TEAMS, 202, b""),
        (ChannelKind.SENDGRID, 202, b""),
        (ChannelKind.FEISHU, 200, {"code": 0, "msg": "success", "data": {}}),
        (ChannelKind.FEISHU, 200, {"StatusCode": 0, "StatusMessage": "success"}),
        (ChannelKind.DINGTALK, 200, {"errcode": 0, "errmsg": "ok"}),
        (ChannelKind.WECOM, 200, {"errcode": 0, "errmsg": "ok"}),
        (ChannelKind.WEBHOOK, 299, b"whatever"),
    ],
)
def test_a_message_was_taken(kind: ChannelKind, status: int, said: object) -> None:
    assert judged(kind, status, said) == (Fate.DELIVERED, "")


@pytest.mark.parametrize(
    ("kind", "status", "said", "error"),
    [
        (ChannelKind.SLACK, 429, b"", "answered 429."),
        (ChannelKind.SLACK, 503, b"<html>\nbusy", "answered 503: <html> busy."),
        (ChannelKind.FEISHU, 200, {"code": 11232, "msg": "frequency limited"}, "code 11232: frequency limited."),
        (ChannelKind.FEISHU, 400, {"code": 11232, "msg": "frequency limited"}, "answered 400: frequency limited."),
        (ChannelKind.DINGTALK, 200, {"errcode": 130101, "errmsg": "send too fast"}, "code 130101: send too fast."),
        (ChannelKind.WECOM, 200, {"errcode": 45009, "errmsg": "api freq out of limit"}, "code 45009"),
        (ChannelKind.WECOM, 200, {"errcode": -1, "errmsg": "system busy"}, "code -1"),
        (ChannelKind.WECOM, 200, b"<html>a proxy's page", "says nothing"),
        (ChannelKind.WECOM, 200, [1], "says nothing"),
        (ChannelKind.WEBHOOK, 500, b"told to nobody", "answered 500."),
    ],
)
def test_a_message_may_be_taken_later(kind: ChannelKind, status: int, said: object, error: str) -> None:
    fate, told = judged(kind, status, said)
    assert fate is Fate.LATER
    assert error in told


@pytest.mark.parametrize(
    ("kind", "status", "said", "error"),
    [
        (ChannelKind.SLACK, 404, b"no_service", "answered 404: no_service."),
        (ChannelKind.DISCORD, 401, {"message": "Invalid Webhook Token", "code": 50027}, "Invalid Webhook Token."),
        (ChannelKind.SENDGRID, 401, {"errors": [{"message": "The grant is invalid"}]}, "The grant is invalid."),
        (ChannelKind.DINGTALK, 200, {"errcode": 310000, "errmsg": "sign not match"}, "code 310000: sign not match."),
        (ChannelKind.FEISHU, 200, {"code": 19021, "msg": "sign match fail"}, "code 19021"),
        (ChannelKind.WEBHOOK, 302, b"", "redirects are not followed"),
        (ChannelKind.WEBHOOK, 404, b"an inner page", "answered 404."),
        (ChannelKind.TEAMS, 400, b"x" * 5_000, "…"),
    ],
)
def test_a_message_will_never_be_taken(kind: ChannelKind, status: int, said: object, error: str) -> None:
    fate, told = judged(kind, status, said)
    assert fate is Fate.REFUSED
    assert error in told
    assert len(told) < 300


def test_the_pause_that_a_server_asks_for_is_kept_up_to_an_hour() -> None:
    assert verdict(ChannelKind.SLACK, 429, "30", b"", NOW).wait_s == 30.0
    assert verdict(ChannelKind.SLACK, 503, "Sat, 21 Nov 2026 08:01:00 GMT", b"", NOW).wait_s == 60.0
    assert verdict(ChannelKind.SLACK, 429, "86400", b"", NOW).wait_s == MAX_ASKED_WAIT_S
    assert verdict(ChannelKind.SLACK, 503, None, b"", NOW).wait_s == 0.0


def test_who_says_not_so_fast_is_left_alone_for_a_while() -> None:
    assert verdict(ChannelKind.SLACK, 429, None, b"", NOW).wait_s == TOO_FAST_WAIT_S
    said = orjson.dumps({"errcode": 130101, "errmsg": "send too fast"})
    assert verdict(ChannelKind.DINGTALK, 200, None, said, NOW).wait_s == TOO_FAST_WAIT_S
