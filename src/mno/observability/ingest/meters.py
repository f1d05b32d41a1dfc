"""What the ingest says of itself: counts since the start and the latest timings, for the System page."""

import threading
import time
from collections import deque

from mno.observability.system.model import IngestSnapshot

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

    def snapshot(self, *, queue_spans: int, queue_limit: int) -> IngestSnapshot:
        """All figures at once, with the queue's, which the pipeline knows."""
        return IngestSnapshot(
            accepted_spans=self.accepted_spans,
            duplicate_spans=self.duplicate_spans,
            rejected_spans=self.rejected_spans,
            refused_requests=self.refused_requests,
            spans_per_second=self._spans_per_second(),
            queue_spans=queue_spans,
            queue_limit=queue_limit,
            commit_ms_p50=_quantile(self._commits_ms, 0.5),
            commit_ms_p95=_quantile(self._commits_ms, 0.95),
            answer_ms_p50=_quantile(self._answers_ms, 0.5),
            answer_ms_p95=_quantile(self._answers_ms, 0.95),
            set_aside_spans=self.set_aside_spans,
        )

    def _spans_per_second(self) -> float:
        since = time.monotonic() - RATE_WINDOW_S
        with self._lock:
            return sum(spans for moment, spans in self._recent if moment >= since) / RATE_WINDOW_S


def _quantile(timings: deque[float], quantile: float) -> float:
    ordered = sorted(timings.copy())
    return ordered[min(int(len(ordered) * quantile), len(ordered) - 1)] if ordered else 0.0
