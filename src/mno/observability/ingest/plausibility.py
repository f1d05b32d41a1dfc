"""What cannot be true of a span: ids, clocks, token figures and amounts that no call can have had.

Each check raises `Refused`, whose text is the reason that the sender reads. Pure.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from mno.observability.ingest.model import MAX_AGE_NS, MAX_ATTRIBUTES_PER_SPAN, MAX_FUTURE_NS, MAX_TOKENS, Refused
from mno.observability.spans.model import NO_PARENT
from mno.platform.money import MAX_SPAN_COST_NANO, nano

_NO_IDS = frozenset({bytes(8), bytes(16)})


def check_ids(trace_id: bytes, span_id: bytes, parent_span_id: bytes) -> bytes:
    """The parent's id (eight zero bytes for a root); `Refused` when an id is missing or malformed."""
    if len(trace_id) != 16 or trace_id in _NO_IDS:
        raise Refused(_bad_id("trace id", trace_id, 16))
    if len(span_id) != 8 or span_id in _NO_IDS:
        raise Refused(_bad_id("span id", span_id, 8))
    if not parent_span_id:
        return NO_PARENT
    if len(parent_span_id) != 8:
        raise Refused(_bad_id("parent span id", parent_span_id, 8))
    return parent_span_id


def _bad_id(what: str, value: bytes, length: int) -> str:
    if not value:
        return f"it has no {what}"
    if len(value) != length:
        return f"its {what} has {len(value)} bytes instead of {length}"
    return f"its {what} is all zeros"


def check_number_of_attributes(number: int, whose: str) -> None:
    if number > MAX_ATTRIBUTES_PER_SPAN:
        raise Refused(f"{whose} has {number:,} attributes; at most {MAX_ATTRIBUTES_PER_SPAN:,} are allowed")


def check_times(start_ns: int, end_ns: int, now_ns: int) -> None:
    """`Refused` when the clock that wrote these times cannot be right."""
    if start_ns < now_ns - MAX_AGE_NS:
        when = "has no start time" if start_ns <= 0 else f"starts on {_day(start_ns)}, more than 5 years ago"
        raise Refused(f"it {when}")
    if start_ns > now_ns + MAX_FUTURE_NS:
        raise Refused(f"it starts on {_day(start_ns)}, more than an hour in the future")
    if end_ns < start_ns:
        raise Refused("it has no end time" if end_ns == 0 else "it ends before it starts")
    if end_ns > now_ns + MAX_FUTURE_NS:
        raise Refused(f"it ends on {_day(end_ns)}, more than an hour in the future")


def _day(time_ns: int) -> str:
    seconds = time_ns // 10**9
    if seconds > 253_402_300_799:
        return "a day after the year 9999"
    # From the civil calendar, not from the machine's clock, so that it works for any year.
    return datetime.fromordinal(719_163 + seconds // 86_400).date().isoformat()


def tokens(value: Any, name: str) -> int:
    """A count of tokens from a number, or text of one; `Refused` where no call can have used so many."""
    if type(value) is int and 0 <= value <= MAX_TOKENS:
        return value
    if type(value) is str:
        try:
            value = int(value)
        except ValueError:
            raise Refused(f"its {name} tokens are '{value[:40]}', not a number") from None
    if type(value) is float and value == value and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise Refused(f"its {name} tokens are {value!r:.40}, not a whole number")
    if value < 0:
        raise Refused(f"its {name} tokens are negative ({value})")
    if value > MAX_TOKENS:
        raise Refused(f"its {name} tokens are more than {MAX_TOKENS:,}")
    return value


def cost_nano(value: Any) -> int:
    """A cost in USD (number or text) as nano-dollars; `Refused` where it is no amount of money."""
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise Refused(f"its cost is {value!r:.40}, not an amount in USD") from None
    if type(value) is bool or not amount.is_finite():
        raise Refused(f"its cost is {value!r:.40}, not an amount in USD")
    if amount < 0:
        raise Refused(f"its cost is negative ({str(amount)[:40]})")
    if amount > 10**9 or (result := nano(amount)) > MAX_SPAN_COST_NANO:
        raise Refused("its cost is above 999,999,999 USD")
    return result
