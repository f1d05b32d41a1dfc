"""How long the next attempt has to wait: a few are free, then each wait is twice the one before.

An attempt is counted before it is looked at and given back when it was right, so that a hundred at the same
moment are a hundred attempts.
"""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from mno.platform import crypto


class Kind(StrEnum):
    """Against what, or from where, somebody tries."""

    #: A name that is signed in with, whether there is an account of that name or not.
    ACCOUNT = "account"
    #: The same from a browser in which this person signed in before.
    DEVICE = "device"
    #: A network address.
    ADDRESS = "address"
    #: The second factor of an account.
    FACTOR = "factor"
    #: Mails asked for, by the address that they go to.
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Rule:
    """`free` attempts without a wait, then 1, 2, 4 … seconds up to `longest`; forgotten after `memory` of quiet."""

    free: int
    longest: timedelta
    memory: timedelta


RULES = {
    Kind.ACCOUNT: Rule(5, timedelta(minutes=15), timedelta(days=1)),
    Kind.DEVICE: Rule(10, timedelta(minutes=15), timedelta(days=1)),
    Kind.ADDRESS: Rule(30, timedelta(minutes=15), timedelta(hours=1)),
    # six digits: at most some thirty tries a day
    Kind.FACTOR: Rule(5, timedelta(hours=1), timedelta(days=1)),
    Kind.MAIL: Rule(3, timedelta(hours=1), timedelta(days=1)),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is counted, by its SHA-256: no name or address of a stranger is kept."""

    kind: Kind
    fingerprint: bytes


def wait_after(kind: Kind, attempts: int) -> timedelta:
    """How long to wait after that many attempts in a row that did not lead in."""
    rule = RULES[kind]
    over = attempts - rule.free
    if over < 0:
        return timedelta()
    return min(timedelta(seconds=2 ** min(over, 30)), rule.longest)


def account(email: str) -> Subject:
    return Subject(Kind.ACCOUNT, crypto.fingerprint(email.strip().lower()))


def device(token: str) -> Subject:
    return Subject(Kind.DEVICE, crypto.fingerprint(token))


def factor(user_id: object) -> Subject:
    return Subject(Kind.FACTOR, crypto.fingerprint(str(user_id)))


def mail(email: str) -> Subject:
    return Subject(Kind.MAIL, crypto.fingerprint(email.strip().lower()))


def address(text: str) -> Subject | None:
    """An IPv4 address, or the /64 of an IPv6 one, which is one subscriber; None where we do not know it."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        network = str(mapped) if mapped else str(ipaddress.ip_network((found, 64), strict=False))
    else:
        network = str(found)
    return Subject(Kind.ADDRESS, crypto.fingerprint(network))
