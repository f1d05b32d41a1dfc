"""Where the present request comes from, for the audit log and for rules about addresses.

Set once at the door (platform/http), read wherever something is written down; outside a request it is empty.
"""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """`address` is the caller's IP behind trusted proxies only; `trace_id` 32 hexadecimal digits, the caller's
    own (W3C traceparent) or a new one; `agent` what it calls itself.
    """

    address: str = ""
    trace_id: str = ""
    agent: str = ""


_NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


def current() -> Origin:
    """Of the request that is being answered."""
    return _current.get()


def set_current(origin: Origin) -> None:
    """For the door, and for tests."""
    _current.set(origin)
