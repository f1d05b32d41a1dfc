"""Weeks out of a short file, with a fault if wanted: to see forecasts, anomalies and alerts before they are needed.

Pure. Every call of the file is used once, so the sum stays what it was; when it was made and by which agent is
synthetic, and is called so. The rhythm is that of an office: working days are busy, nights and weekends are not.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate

from mno.observability.ingest.replay import Call
from mno.platform.errors import Invalid

#: The weeks that a file may be stretched over.
MAX_REHEARSAL_WEEKS = 12
#: Columns that a rehearsal invents.
INVENTED = ("time", "agent")
AGENTS = ("answer-tickets", "review-code", "search-documents", "write-reports")
#: Who runs away in a fault, and how often each of its calls is made then.
FAULTY_AGENT = "review-code"
FAULT_TIMES = 30
#: A fault fills the last hour that had been over for this long: by then it is looked at.
FAULT_OVER = timedelta(minutes=3)

_HOUR = timedelta(hours=1)
_QUIET = 0.3


def stretched(calls: Sequence[Call], weeks: int, end: datetime) -> list[Call]:
    """The same calls in the same order over the `weeks` before `end` (UTC), as an office would have made them.

    `Invalid` for more than MAX_REHEARSAL_WEEKS.
    """
    if weeks > MAX_REHEARSAL_WEEKS:
        raise Invalid(f"A file can be stretched over {MAX_REHEARSAL_WEEKS} weeks at most.")
    start = end - timedelta(weeks=weeks)
    busy = list(accumulate(_busy(start + number * _HOUR) for number in range(weeks * 168)))
    return [
        Call(start + _moment(busy, (number + 0.5) / len(calls)), _by_an_agent(call, number))
        for number, call in enumerate(calls)
    ]


def with_fault(calls: Sequence[Call], end: datetime) -> list[Call]:
    """One agent is caught in a loop for an hour: each of its calls there is made FAULT_TIMES times."""
    over = (end - FAULT_OVER).replace(minute=0, second=0, microsecond=0)
    faulty = [
        replace(call, time=call.time + (over - call.time) * repeat / FAULT_TIMES)
        for call in calls
        if over - _HOUR <= call.time < over and call.fields["agent"] == FAULTY_AGENT
        for repeat in range(1, FAULT_TIMES)
    ]
    return sorted([*calls, *faulty], key=lambda call: call.time)


def _busy(hour: datetime) -> float:
    return 1.0 if hour.weekday() < 5 and 8 <= hour.hour < 18 else _QUIET


def _moment(busy: Sequence[float], share: float) -> timedelta:
    """How long after the start this share of all the work was done."""
    done = share * busy[-1]
    hour = min(bisect_right(busy, done), len(busy) - 1)
    before = busy[hour - 1] if hour else 0.0
    return (hour + (done - before) / (busy[hour] - before)) * _HOUR


def _by_an_agent(call: Call, number: int) -> dict[str, object]:
    return {"agent": AGENTS[number % len(AGENTS)], **call.fields}
