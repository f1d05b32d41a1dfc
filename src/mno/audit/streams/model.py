"""A stream: where entries go, how far it has come, and what its receiver did not take."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit
from uuid import UUID

from mno.platform import webhooks
from mno.platform.errors import Invalid

#: Streams of one chain.
MAX_STREAMS_PER_TEAM = 20
#: Entries that are handed over at once.
MAX_ENTRIES_PER_DELIVERY = 100
#: Tries of one delivery before it becomes a dead letter: somewhat more than an hour.
MAX_DELIVERY_ATTEMPTS = 20
#: Dead letters that a stream shows and that one replay sends again.
MAX_DEAD_LETTERS_SHOWN = 100
_LONGEST_TARGET = 2_000
_SYSLOG_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class StreamKind(StrEnum):
    WEBHOOK = "webhook"
    SYSLOG = "syslog"


@dataclass(frozen=True, slots=True)
class Stream:
    """`seq` is the last entry that was handed over."""

    id: UUID
    team_id: UUID
    name: str
    kind: StreamKind
    target: str
    seq: int
    created_at: datetime
    created_by: str
    attempts: int
    due_at: datetime
    last_error: str
    sent_at: datetime | None
    dead_letters: int = 0
    behind: int = 0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Entries that were not taken after every try."""

    id: UUID
    stream_id: UUID
    first_seq: int
    last_seq: int
    error: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SyslogAddress:
    transport: str
    host: str
    port: int


def checked_target(kind: StreamKind, target: str) -> str:
    """The target as it may be kept; `Invalid` says what is wrong with it."""
    target = target.strip()
    if not target or len(target) > _LONGEST_TARGET or _CONTROL.search(target):
        raise Invalid("A stream needs an address without spaces.")
    if kind is StreamKind.SYSLOG:
        syslog_address(target)
        return target
    return webhooks.checked_address(target)


def syslog_address(target: str) -> SyslogAddress:
    """`udp://`, `tcp://` or `tls://` with a host; the ports that the standards name unless it says another."""
    try:
        parts = urlsplit(target)
        port = parts.port or _SYSLOG_PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if not port or not parts.hostname or parts.path not in ("", "/") or parts.query or "@" in parts.netloc:
        raise Invalid("A syslog server's address must be tls://host:port, tcp://host:port or udp://host:port.")
    return SyslogAddress(parts.scheme, parts.hostname, port)
