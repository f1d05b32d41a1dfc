"""The kinds of channels: what is entered for each, and what its address must look like.

People enter the address that the service shows them. It is taken apart into the few values that apprise is built
with (composing.py), never handed to it whole: apprise reads options out of addresses, files of this machine among them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mno.notifications.model import ChannelKind
from mno.platform import webhooks
from mno.platform.errors import Invalid


class ChannelField(StrEnum):
    ADDRESS = "address"
    API_KEY = "api_key"
    SECRET = "secret"  # noqa: S105 - the name of a field
    SENDER = "sender"
    RECEIVERS = "receivers"


#: What is kept encrypted and never shown.
SECRET_FIELDS = frozenset({ChannelField.ADDRESS, ChannelField.API_KEY, ChannelField.SECRET})


@dataclass(frozen=True, slots=True)
class Kind:
    """What a channel of this kind needs, what it may have, and what its address looks like.

    The groups of `address` are called like what apprise's plugin takes; `host` is who is asked where that is fixed.
    """

    required: frozenset[ChannelField]
    optional: frozenset[ChannelField] = frozenset()
    example: str = ""
    address: re.Pattern[str] = field(default=re.compile(""))
    host: str = ""

    def takes(self, one: ChannelField) -> bool:
        return one in self.required or one in self.optional


_ADDRESS = frozenset({ChannelField.ADDRESS})
_SECRET = frozenset({ChannelField.SECRET})
_MAIL = frozenset({ChannelField.RECEIVERS})

KINDS: Mapping[ChannelKind, Kind] = {
    ChannelKind.EMAIL: Kind(_MAIL),
    ChannelKind.SENDGRID: Kind(
        _MAIL | {ChannelField.API_KEY, ChannelField.SENDER},
        host="api.sendgrid.com",
    ),
    ChannelKind.SLACK: Kind(
        _ADDRESS,
        example="https://hooks.slack.com/services/T0000/B0000/XXXX",
        address=re.compile(
            r"https://hooks\.slack\.com/services/(?P<token_a>[A-Za-z0-9]+)/(?P<token_b>[A-Za-z0-9]+)"
            r"/(?P<token_c>[A-Za-z0-9]+)"
        ),
        host="hooks.slack.com",
    ),
    ChannelKind.TEAMS: Kind(
        _ADDRESS,
        example="https://….logic.azure.com/workflows/…/triggers/manual/paths/invoke?…&sig=…",
        address=re.compile(
            r"https://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:logic\.azure\.(?:com|us|cn)"
            r"|api(?:\.[a-z]+)?\.powerplatform\.(?:com|microsoft\.us|partner\.microsoftonline\.cn)))(?::443)?"
            r"(?P<power_automate>/powerautomate/automations/direct(?:/cu/(?P<routing_id>[0-9]+))?)?"
            r"/workflows/(?P<workflow>[A-Za-z0-9_-]+)/triggers/manual/paths/invoke/?\?.+"
        ),
    ),
    ChannelKind.DISCORD: Kind(
        _ADDRESS,
        example="https://discord.com/api/webhooks/0000/XXXX",
        address=re.compile(
            r"https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/(?P<webhook_id>[0-9]+)"
            r"/(?P<webhook_token>[A-Za-z0-9_-]+)"
        ),
        host="discord.com",
    ),
    ChannelKind.FEISHU: Kind(
        _ADDRESS,
        _SECRET,
        example="https://open.feishu.cn/open-apis/bot/v2/hook/XXXX",
        address=re.compile(
            r"https://open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/(?P<token>[A-Za-z0-9-]+)/?"
        ),
    ),
    ChannelKind.DINGTALK: Kind(
        _ADDRESS,
        _SECRET,
        example="https://oapi.dingtalk.com/robot/send?access_token=XXXX",
        address=re.compile(r"https://oapi\.dingtalk\.com/robot/send\?access_token=(?P<token>[A-Za-z0-9]+)"),
        host="oapi.dingtalk.com",
    ),
    ChannelKind.WECOM: Kind(
        _ADDRESS,
        example="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=XXXX",
        address=re.compile(r"https://qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=(?P<key>[A-Za-z0-9_-]+)"),
        host="qyapi.weixin.qq.com",
    ),
    ChannelKind.WEBHOOK: Kind(_ADDRESS, _SECRET, example="https://example.com/hooks/mno"),
}


def checked_address(kind: ChannelKind, address: str) -> str:
    """The address as it may be kept; `Invalid` says what it should look like."""
    address = address.strip()
    if kind is ChannelKind.WEBHOOK:
        return webhooks.checked_address(address)
    parts_of(kind, address)
    return address


def host_of(kind: ChannelKind, address: str) -> str:
    """Who will be asked."""
    return KINDS[kind].host or urlsplit(address).hostname or ""


def parts_of(kind: ChannelKind, address: str) -> dict[str, Any]:
    """What apprise's plugin is built with; `Invalid` for an address that is none of this kind."""
    wanted = KINDS[kind]
    found = wanted.address.fullmatch(address) if len(address) <= webhooks.MAX_WEBHOOK_ADDRESS_CHARACTERS else None
    if found is None:
        raise Invalid(f"This is no address of a webhook of {kind}; it should look like {wanted.example}")
    parts: dict[str, Any] = found.groupdict()
    return _teams_parts(parts, address) if kind is ChannelKind.TEAMS else parts


def _teams_parts(parts: dict[str, Any], address: str) -> dict[str, Any]:
    asked = parse_qs(urlsplit(address).query)
    signature = asked.get("sig", [""])[0]
    if not re.fullmatch(r"[A-Za-z0-9_-]+", signature):
        raise Invalid("A workflow's address ends with its signature, sig=…; copy it whole.")
    parts["signature"] = signature
    parts["power_automate"] = parts["power_automate"] is not None
    version = asked.get("api-version", [""])[0]
    parts["version"] = version if re.fullmatch(r"[A-Za-z0-9-]{1,40}", version) else None
    return parts
