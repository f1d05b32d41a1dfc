"""Weeks out of a short file, with a fault if wanted: to see forecasts, anomalies and alerts before they are needed.

Pure. Every call of the file is used once, so the sum stays what it was; when it was made and by which agent is
synthetic, and is called so. The rhythm is that of an office: working days are busy, nights and weekends are not.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate, cycle

from mno.observability.ingest.replay import Call
from mno.platform.errors import Invalid

#: The weeks that a file may be stretched over.
MAX_REHEARSAL_WEEKS = 12
#: Columns that a rehearsal invents.
INVENTED = ("time", "agent")
AGENTS = ("answer-tickets", "review-code", "search-documents", "write-reports")
#: Who runs away in a fault, and how often it calls then, in seconds.
FAULTY_AGENT = "review-code"
FAULTY_EVERY_S = 5
#: A fault fills the last hour that had been over for this long: by then it is looked at.
FAULT_OVER = timedelta(minutes=3)

_HOUR = timedelta(hours=1)
_CALLS_IN_LOOP = 5
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
    """One agent is caught in a loop for an hour: it makes its last calls again and again, besides all others."""
    over = (end - FAULT_OVER).replace(minute=0, second=0, microsecond=0)
    before = [call for call in calls if call.time < over and call.fields["agent"] == FAULTY_AGENT]
    loop = before[-_CALLS_IN_LOOP:]
    made = 3600 // FAULTY_EVERY_S if loop else 0
    moments = (over - _HOUR + timedelta(seconds=number * FAULTY_EVERY_S) for number in range(made))
    faulty = [replace(call, time=moment) for call, moment in zip(cycle(loop), moments, strict=False)]
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
