"""Signatures and requests as the services' own documentation says."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from uuid import UUID

import pytest

from mno.notifications import composing, kinds
from mno.notifications.model import (
    Channel,
    ChannelCredential,
    ChannelKind,
    ChannelLanguage,
    Delivery,
    DeliveryState,
    NoticeSeverity,
    Text,
)
from mno.platform.errors import Invalid

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SLACK = "https://hooks.slack.com/services/T0/B1/xyZ9"


@pytest.fixture(scope="module", autouse=True)
def plugins() -> None:
    composing.load()


def a_channel(kind: ChannelKind, address: str, host: str = "") -> Channel:
    return Channel(
        UUID(int=1), UUID(int=2), "ops", kind, ChannelLanguage.EN, host or kinds.host_of(kind, address), "", (), False,
        NOW, "Ada",
    )  # fmt: skip


def a_delivery(text: Text) -> Delivery:
    return Delivery(
        UUID(int=3), UUID(int=2), UUID(int=1), "", "key", NoticeSeverity.INFO, text, {}, DeliveryState.WAITING, 0, NOW,
        NOW,
    )  # fmt: skip


def test_feishu_s_signature_has_the_text_as_its_key() -> None:
    expected = hmac.new(b"1599360473\ndemo", b"", hashlib.sha256).digest()
    assert composing.feishu_signature("demo", 1599360473) == base64.b64encode(expected).decode()


def test_dingtalk_s_signature_has_the_secret_as_its_key() -> None:
    expected = hmac.new(b"SEC1", b"1599360473000\nSEC1", hashlib.sha256).digest()
    assert composing.dingtalk_signature("SEC1", 1599360473000) == base64.b64encode(expected).decode()


def test_a_request_goes_to_the_channel_s_host_and_nowhere_else() -> None:
    delivery = a_delivery(Text("Title", ["line"]))
    made = composing.composed(a_channel(ChannelKind.SLACK, SLACK), ChannelCredential(SLACK), delivery)
    assert made.url == SLACK
    assert made.headers["User-Agent"] == "mno"
    elsewhere = a_channel(ChannelKind.SLACK, SLACK, "hooks.example.com")
    with pytest.raises(Invalid, match="nowhere else"):
        composing.composed(elsewhere, ChannelCredential(SLACK), delivery)


def test_a_key_that_the_service_cannot_have_given_is_refused_without_repeating_it() -> None:
    channel = a_channel(ChannelKind.SENDGRID, "")
    with pytest.raises(Invalid) as refused:
        composing.composed(channel, ChannelCredential(api_key="not a key!"), a_delivery(Text("Title")))
    assert "not a key!" not in str(refused.value)


def test_a_long_message_is_one_request() -> None:
    text = Text("費" * 200, ["用" * 400] * 20, "https://hub.example/" + "x" * 900, "圖表")
    for kind, address in {
        ChannelKind.SLACK: SLACK,
        ChannelKind.DISCORD: "https://discord.com/api/webhooks/12/ab",
        ChannelKind.FEISHU: "https://open.feishu.cn/open-apis/bot/v2/hook/0ab",
        ChannelKind.DINGTALK: "https://oapi.dingtalk.com/robot/send?access_token=0ab",
        ChannelKind.WECOM: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0ab",
        ChannelKind.TEAMS: "https://a.logic.azure.com/workflows/0/triggers/manual/paths/invoke?sig=aB",
    }.items():
        made = composing.composed(a_channel(kind, address), ChannelCredential(address), a_delivery(text))
        assert len(made.body) < 20_000, kind
