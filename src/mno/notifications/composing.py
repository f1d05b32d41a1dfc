"""The wire formats of chat services, from apprise: it composes each request, and the hub sends it.

apprise's plugins call `requests.post` themselves, past the outgoing-address guard, and say only whether it went well.
So in the few plugins that we use, and nowhere else, the name `requests` stands for a tray: what the plugin wants to
send is laid down there, nothing is connected, and the guarded client of `senders.py` sends it and reads the answer.
Outside of `composed` the tray takes nothing, so these plugins can send nothing by themselves
(docs/decisions/0020-notifications.md).

Signatures of Feishu (which apprise does not know) and DingTalk (which it encodes twice) are made here.
"""

import base64
import hashlib
import hmac
import importlib
import logging
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from mno.notifications import kinds, wording
from mno.notifications.model import Channel, ChannelCredential, ChannelKind, Delivery, NoticeSeverity
from mno.platform import clock, mail
from mno.platform.errors import Invalid

#: The plugins that are ever built, by the names of their modules.
_PLUGINS = {
    ChannelKind.SENDGRID: ("sendgrid", "NotifySendGrid"),
    ChannelKind.SLACK: ("slack", "NotifySlack"),
    ChannelKind.TEAMS: ("workflows", "NotifyWorkflows"),
    ChannelKind.DISCORD: ("discord", "NotifyDiscord"),
    ChannelKind.FEISHU: ("feishu", "NotifyFeishu"),
    ChannelKind.DINGTALK: ("dingtalk", "NotifyDingTalk"),
    ChannelKind.WECOM: ("wecombot", "NotifyWeComBot"),
}
#: Feishu outside of China, a plugin of its own.
_LARK = ("lark", "NotifyLark")
_LARK_HOST = "open.larksuite.com"
#: No pictures from foreign servers.
_OPTIONS: Mapping[ChannelKind, Mapping[str, Any]] = {
    ChannelKind.SLACK: {"include_image": False, "include_footer": False},
    ChannelKind.TEAMS: {"include_image": False},
    ChannelKind.DISCORD: {"avatar": False},
    ChannelKind.SENDGRID: {"format": "html"},
}
_TYPES = {
    NoticeSeverity.INFO: "info",
    NoticeSeverity.WARNING: "warning",
    NoticeSeverity.CRITICAL: "failure",
    NoticeSeverity.RESOLVED: "success",
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A POST as it is to be sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes


_laid_down: ContextVar[list[Outgoing]] = ContextVar("laid_down")
_loading = threading.Lock()


def load() -> None:
    """Imports the plugins, which takes most of a second: call it in a thread before the first `composed`."""
    for module, _ in (*_PLUGINS.values(), _LARK):
        _plugin_module(module)


def composed(channel: Channel, credential: ChannelCredential, delivery: Delivery) -> Outgoing:
    """The request for this delivery; connects to nothing. `Invalid` where apprise makes none of these values."""
    plugin = _plugin(channel, credential, delivery)
    tray: list[Outgoing] = []
    token = _laid_down.set(tray)
    try:
        plugin.notify(**_content(channel, delivery))
    finally:
        _laid_down.reset(token)
    if len(tray) != 1:
        raise Invalid(f"No message of {channel.kind} can be made of this.")
    made = _amended(channel.kind, tray[0], credential.secret)
    parts = urlsplit(made.url)
    if (parts.scheme, parts.hostname) != ("https", channel.host):
        raise Invalid(f"A message of {channel.kind} goes to {channel.host} by https, and nowhere else.")
    return made


def _plugin(channel: Channel, credential: ChannelCredential, delivery: Delivery) -> Any:
    from apprise import AppriseAsset
    from apprise.exception import AppriseImproperlyConfigured

    if channel.kind is ChannelKind.SENDGRID:
        parts: dict[str, Any] = {
            "apikey": credential.api_key,
            "from_email": channel.sender,
            "targets": [delivery.receiver],
        }
    else:
        parts = kinds.parts_of(channel.kind, credential.address)
    module, name = _LARK if channel.host == _LARK_HOST else _PLUGINS[channel.kind]
    asset = AppriseAsset(app_id="mno", app_desc="MachineNativeOps", app_url="", secure_logging=True)
    try:
        return getattr(_plugin_module(module), name)(asset=asset, **parts, **_OPTIONS.get(channel.kind, {}))
    except AppriseImproperlyConfigured:
        raise Invalid(f"The service {channel.kind} knows no such address or key; enter it again.") from None


def _content(channel: Channel, delivery: Delivery) -> dict[str, Any]:
    """What the plugin is asked to send."""
    kind = {"notify_type": _TYPES[delivery.severity]}
    if channel.kind is ChannelKind.SENDGRID:
        page = mail.page(wording.letter(delivery.receiver, delivery.text, channel.language))
        return kind | {"title": delivery.text.title, "body": page, "body_format": "html"}
    message = wording.message(channel.kind, delivery.severity, delivery.text)
    form = "markdown" if channel.kind is ChannelKind.TEAMS else "text"
    return kind | {"title": message.title, "body": message.body, "body_format": form}


def _amended(kind: ChannelKind, made: Outgoing, secret: str) -> Outgoing:
    """What apprise leaves out: signatures, and that nobody is called."""
    if kind is ChannelKind.DISCORD:
        return replace(made, body=_with(made.body, {"allowed_mentions": {"parse": []}}))
    if kind is ChannelKind.FEISHU and secret:
        timestamp = int(clock.now().timestamp())
        signed = {"timestamp": str(timestamp), "sign": feishu_signature(secret, timestamp)}
        return replace(made, body=_with(made.body, signed))
    if kind is ChannelKind.DINGTALK and secret:
        timestamp = clock.now_ns() // 1_000_000
        query = urlencode({"timestamp": timestamp, "sign": dingtalk_signature(secret, timestamp)})
        return replace(made, url=f"{made.url}&{query}")
    return made


def feishu_signature(secret: str, timestamp: int) -> str:
    """Over nothing, by a key of time (seconds) and secret: https://open.feishu.cn, "custom bot", security settings."""
    return _signed(f"{timestamp}\n{secret}", "")


def dingtalk_signature(secret: str, timestamp: int) -> str:
    """Over time (milliseconds) and secret: https://open.dingtalk.com, "custom robot", security settings."""
    return _signed(secret, f"{timestamp}\n{secret}")


def _signed(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha256)).decode()


def _with(body: bytes, more: Mapping[str, Any]) -> bytes:
    return orjson.dumps({**orjson.loads(body), **more})


def _plugin_module(name: str) -> Any:
    with _loading:
        module: Any = importlib.import_module(f"apprise.plugins.{name}")
        if not isinstance(module.requests, _Tray):
            # it writes addresses and messages into its log
            logging.getLogger("apprise").disabled = True
            module.requests = _Tray(module.requests)
    return module


class _Tray:
    """Stands where a plugin expects the module `requests`; the rest of it (error classes, names of codes) passes."""

    def __init__(self, requests: Any) -> None:
        self.codes = requests.codes
        self.RequestException = requests.RequestException
        self._answer = requests.Response

    def request(self, method: str, url: str, **wanted: Any) -> Any:
        tray = _laid_down.get(None)
        if tray is None or method.upper() != "POST" or wanted.get("files"):
            raise RuntimeError("apprise sends nothing by itself.")
        query, data = urlencode(wanted.get("params") or {}), wanted.get("data") or b""
        if query:
            url = f"{url}{'&' if '?' in url else '?'}{query}"
        tray.append(Outgoing(url, dict(wanted["headers"]), data.encode() if isinstance(data, str) else data))
        # the plugin shall be content; what the service answers is read by verdicts.py
        answer = self._answer()
        answer.status_code, answer._content = 200, b"ok"  # noqa: SLF001 - the one way to give it a body
        return answer

    def post(self, url: str, **wanted: Any) -> Any:
        return self.request("POST", url, **wanted)
