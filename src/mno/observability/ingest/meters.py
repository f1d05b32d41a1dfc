"""What the ingest says of itself: counts since the start and the latest timings, for the System page."""

import threading
import time
from collections import deque

#: Timings kept for quantiles.
KEPT = 1_000
#: The span rate is the mean over this long.
RATE_WINDOW_S = 10


class Meters:
    """Counters and timings; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.accepted_spans = 0
        self.duplicate_spans = 0
        self.rejected_spans = 0
        self.refused_requests = 0
        self.set_aside_spans = 0
        self._commits_ms: deque[float] = deque(maxlen=KEPT)
        self._answers_ms: deque[float] = deque(maxlen=KEPT)
        self._recent: deque[tuple[float, int]] = deque(maxlen=KEPT)

    def committed(self, spans: int, duplicates: int, seconds: float) -> None:
        with self._lock:
            self.accepted_spans += spans
            self.duplicate_spans += duplicates
            self._commits_ms.append(seconds * 1000)
            self._recent.append((time.monotonic(), spans))

    def answered(self, seconds: float) -> None:
        self._answers_ms.append(seconds * 1000)

    def rejected(self, spans: int) -> None:
        with self._lock:
            self.rejected_spans += spans

    def refused(self) -> None:
        with self._lock:
            self.refused_requests += 1

    def set_aside(self, spans: int) -> None:
        with self._lock:
            self.set_aside_spans += spans

    def spans_per_second(self) -> float:
        since = time.monotonic() - RATE_WINDOW_S
        with self._lock:
            return sum(spans for moment, spans in self._recent if moment >= since) / RATE_WINDOW_S

    def commit_ms(self, quantile: float) -> float:
        return _quantile(self._commits_ms, quantile)

    def answer_ms(self, quantile: float) -> float:
        return _quantile(self._answers_ms, quantile)


def _quantile(timings: deque[float], quantile: float) -> float:
    ordered = sorted(timings.copy())
    return ordered[min(int(len(ordered) * quantile), len(ordered) - 1)] if ordered else 0.0
