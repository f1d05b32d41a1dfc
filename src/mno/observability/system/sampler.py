"""The history behind the System page: one sample every five seconds, ten minutes long."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from mno.observability.system.model import Sample
from mno.observability.system.ports import IngestMeters
from mno.observability.system.process import ProcessMeter
from mno.platform.clock import now

#: How often the hub measures itself.
SAMPLE_INTERVAL_S = 5.0
KEPT_SAMPLES = 120

log = logging.getLogger(__name__)


class Sampler:
    """Samples in the background while it is `running`."""

    def __init__(self, ingest: IngestMeters) -> None:
        self._ingest = ingest
        self._process = ProcessMeter()
        self._lock = asyncio.Lock()
        self._samples: deque[Sample] = deque(maxlen=KEPT_SAMPLES)

    @property
    def history(self) -> list[Sample]:
        """The oldest first."""
        return list(self._samples)

    async def latest(self) -> Sample:
        """The newest sample; the first is taken when somebody asks for it."""
        return self._samples[-1] if self._samples else await self.take()

    async def take(self) -> Sample:
        async with self._lock:
            figures = await asyncio.to_thread(self._process.measure)
            sample = Sample(now(), figures, self._ingest.snapshot())
            self._samples.append(sample)
            return sample

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run(), name="system-sampler")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            try:
                await self.take()
            except Exception:
                log.exception("The system could not be sampled")
            await asyncio.sleep(SAMPLE_INTERVAL_S)
