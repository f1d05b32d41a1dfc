"""Addresses of chat services: taken apart into a few values, everything else refused."""

import pytest

from mno.notifications.kinds import KINDS, ChannelField, checked_address, host_of, parts_of
from mno.notifications.model import ChannelKind
from mno.platform.errors import Invalid

WORKFLOW = "/workflows/0abc/triggers/manual/paths/invoke"


def test_every_kind_is_described() -> None:
    assert set(KINDS) == set(ChannelKind)
    for kind in KINDS.values():
        assert kind.required
        assert not kind.required & kind.optional
        assert bool(kind.example) == kind.takes(ChannelField.ADDRESS)


@pytest.mark.parametrize(
    ("kind", "address", "parts"),
    [
        (
            ChannelKind.SLACK,
            "https://hooks.slack.com/services/T0/B1/xyZ9",
            {"token_a": "T0", "token_b": "B1", "token_c": "xyZ9"},
        ),
        (
            ChannelKind.DISCORD,
            "https://ptb.discord.com/api/webhooks/12/a_b-C",
            {"webhook_id": "12", "webhook_token": "a_b-C"},
        ),
        (ChannelKind.FEISHU, "https://open.feishu.cn/open-apis/bot/v2/hook/0a-b/", {"token": "0a-b"}),
        (ChannelKind.DINGTALK, "https://oapi.dingtalk.com/robot/send?access_token=0ab", {"token": "0ab"}),
        (ChannelKind.WECOM, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a-b", {"key": "0a-b"}),
    ],
)
def test_an_address_as_the_service_shows_it_is_taken_apart(
    kind: ChannelKind, address: str, parts: dict[str, str]
) -> None:
    assert parts_of(kind, address) == parts
    assert checked_address(kind, f" {address}\n") == address


def test_both_forms_of_a_workflow_of_teams_are_known() -> None:
    old = f"https://prod-1.westus.logic.azure.com:443{WORKFLOW}?api-version=2016-06-01&sp=%2Fx&sv=1.0&sig=aB-_1"
    assert parts_of(ChannelKind.TEAMS, old) == {
        "host": "prod-1.westus.logic.azure.com",
        "workflow": "0abc",
        "signature": "aB-_1",
        "version": "2016-06-01",
        "power_automate": False,
        "routing_id": None,
    }
    host = "default0a.1b.environment.api.powerplatform.com"
    new = f"https://{host}:443/powerautomate/automations/direct/cu/12{WORKFLOW}?api-version=1&sig=aB"
    found = parts_of(ChannelKind.TEAMS, new)
    assert (found["host"], found["power_automate"], found["routing_id"]) == (host, True, "12")
    assert host_of(ChannelKind.TEAMS, new) == host


def test_options_that_apprise_would_read_out_of_an_address_are_dropped() -> None:
    address = f"https://a.logic.azure.com{WORKFLOW}?template=file:///etc/passwd&host=evil.example&sig=aB"
    assert set(parts_of(ChannelKind.TEAMS, address)) == {
        "host", "workflow", "signature", "version", "power_automate", "routing_id",
    }  # fmt: skip
    assert parts_of(ChannelKind.TEAMS, address)["host"] == "a.logic.azure.com"


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        (ChannelKind.SLACK, "http://hooks.slack.com/services/T0/B1/xyZ9"),
        (ChannelKind.SLACK, "https://hooks.slack.com.evil.example/services/T0/B1/xyZ9"),
        (ChannelKind.SLACK, "https://hooks.slack.com/services/T0/B1/../x"),
        (ChannelKind.SLACK, "slack://T0/B1/xyZ9"),
        (ChannelKind.SLACK, "https://hooks.slack.com/services/T0/B1/x?template=file:///etc/passwd"),
        (ChannelKind.DISCORD, "https://discord.com@evil.example/api/webhooks/12/ab"),
        (ChannelKind.DISCORD, "https://discord.com/api/webhooks/12/ab/slack"),
        (ChannelKind.FEISHU, "https://open.feishu.cn.example/open-apis/bot/v2/hook/0ab"),
        (ChannelKind.DINGTALK, "https://oapi.dingtalk.com/robot/send?access_token=0ab&to=x"),
        (ChannelKind.WECOM, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="),
        (ChannelKind.TEAMS, f"https://example.com{WORKFLOW}?sig=aB"),
        (ChannelKind.TEAMS, f"https://logic.azure.com.example{WORKFLOW}?sig=aB"),
        (ChannelKind.TEAMS, f"https://a.logic.azure.com:8080{WORKFLOW}?sig=aB"),
        (ChannelKind.TEAMS, f"https://a.logic.azure.com{WORKFLOW}?sv=1.0"),
        (ChannelKind.TEAMS, f"https://a.logic.azure.com{WORKFLOW}?sig=a/b"),
        (ChannelKind.WEBHOOK, "https://user:word@example.com/"),
        (ChannelKind.SLACK, ""),
        (ChannelKind.SLACK, "https://hooks.slack.com/services/T0/B1/" + "x" * 3_000),
    ],
)
def test_every_other_address_is_refused(kind: ChannelKind, address: str) -> None:
    with pytest.raises(Invalid):
        checked_address(kind, address)
