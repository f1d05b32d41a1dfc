"""Channels, notices and deliveries: what a team is told, where, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

#: Channels of one team.
MAX_CHANNELS_PER_TEAM = 50
#: E-mail addresses of one channel; each gets a letter of its own.
MAX_RECEIVERS_PER_CHANNEL = 20
#: Channels that one notice goes to.
MAX_CHANNELS_PER_NOTICE = 20
#: A token or a signing secret, in characters.
MAX_CHANNEL_SECRET_CHARACTERS = 500
#: The one line that a notice is called by.
MAX_NOTICE_TITLE_CHARACTERS = 200
#: Further lines of a notice.
MAX_NOTICE_LINES = 20
#: One of these lines.
MAX_NOTICE_LINE_CHARACTERS = 400
#: The address of its page; a longer one is left out.
MAX_NOTICE_LINK_CHARACTERS = 900
#: What the link is called.
MAX_NOTICE_LINK_NAME_CHARACTERS = 60
#: The key by which a notice is sent to a channel once, for as long as its delivery is kept.
MAX_NOTICE_KEY_CHARACTERS = 200
#: The JSON that webhooks get, in bytes.
MAX_NOTICE_DATA_BYTES = 32 * 1024
#: Notices that wait for one channel; further ones become dead letters at once.
MAX_WAITING_PER_CHANNEL = 1_000
#: Tries of one delivery before it becomes a dead letter: somewhat more than an hour.
MAX_NOTICE_ATTEMPTS = 20
#: Tests that a team may send within an hour.
MAX_TESTS_PER_HOUR = 60
#: What is kept of an error, in characters.
MAX_FAILURE_CHARACTERS = 300
#: Deliveries that one page of the list shows.
MAX_DELIVERIES_SHOWN = 200
#: For how long deliveries are kept, and by them the memory of what was sent already.
DELIVERIES_LIFETIME = timedelta(days=30)


class ChannelKind(StrEnum):
    EMAIL = "email"
    SENDGRID = "sendgrid"
    SLACK = "slack"
    TEAMS = "teams"
    DISCORD = "discord"
    FEISHU = "feishu"
    DINGTALK = "dingtalk"
    WECOM = "wecom"
    WEBHOOK = "webhook"


class ChannelLanguage(StrEnum):
    EN = "en"
    ZH_HANT = "zh-Hant"
    ZH_HANS = "zh-Hans"


class NoticeSeverity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    RESOLVED = "resolved"


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    #: Given up: a dead letter, which can be sent again.
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Text:
    """What people read, in one language: one line, further lines, and the absolute address of the page or nothing."""

    title: str
    lines: Sequence[str] = ()
    link: str = ""
    link_name: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to channels of a team.

    A channel gets the text in its language (English where that is missing), and each `key` once. `data` is what
    webhooks get beside the text: JSON, with `type` and `id` in it.
    """

    team_id: UUID
    key: str
    severity: NoticeSeverity
    texts: Mapping[str, Text]
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a team is told something; what opens it (an address, a token, a signing secret) is kept elsewhere.

    `host` is the server of its address, `sender` and `receivers` are e-mail addresses, `signed` says that messages
    carry a signature.
    """

    id: UUID
    team_id: UUID
    name: str
    kind: ChannelKind
    language: ChannelLanguage
    host: str
    sender: str
    receivers: tuple[str, ...]
    signed: bool
    created_at: datetime
    created_by: str
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class ChannelCredential:
    """What opens a channel: the address of its webhook, an API key, a signing secret; empty where it has none."""

    address: str = ""
    api_key: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one receiver of a channel (without e-mail, `receiver` is empty)."""

    id: UUID
    team_id: UUID
    channel_id: UUID
    receiver: str
    key: str
    severity: NoticeSeverity
    text: Text
    data: Mapping[str, Any]
    state: DeliveryState
    attempts: int
    created_at: datetime
    due_at: datetime
    error: str = ""
    delivered_at: datetime | None = None


class Fate(StrEnum):
    """What became of one try."""

    DELIVERED = "delivered"
    #: Trying again may help.
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait_s` is how long the channel's server asked us to leave it alone, 0 where it did not."""

    fate: Fate
    error: str = ""
    wait_s: float = 0.0
