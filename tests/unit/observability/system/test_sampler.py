import asyncio
import time

import psutil
import pytest

from mno.observability.system import sampler
from mno.observability.system.model import IngestSnapshot
from mno.observability.system.process import ProcessMeter, cores, memory_total_bytes
from mno.observability.system.sampler import Sampler


class QuietIngest:
    """An `IngestMeters` of an ingest that has nothing to do."""

    broken = False

    def snapshot(self) -> IngestSnapshot:
        if self.broken:
            raise RuntimeError("no meters")
        return IngestSnapshot(0, 0, 0, 0, 0.0, 0, 100, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests' hubs may be children of this process; they come and go while it is measured."""
    monkeypatch.setattr(psutil.Process, "children", lambda _, recursive: [])


@pytest.mark.usefixtures("_alone")
def test_cpu_is_measured_between_two_calls() -> None:
    """It lies between what can be said of the time around it: whoever measures may be kept waiting at any point."""
    marks = [now()]
    meter = ProcessMeter()
    marks.append(now())
    while now()[1] - marks[1][1] < 0.3:
        pass
    marks.append(now())
    figures = meter.measure()
    marks.append(now())
    (outer, outer_cpu), (inner, inner_cpu) = (
        (later[0] - earlier[0], later[1] - earlier[1])
        for earlier, later in ((marks[0], marks[3]), (marks[1], marks[2]))
    )
    # the kernel counts in hundredths of a second
    assert 100 * (inner_cpu - 0.03) / outer <= figures.cpu_percent <= 100 * (outer_cpu + 0.03) / inner


def now() -> tuple[float, float]:
    """Seconds that have passed, and those that this process has used."""
    return time.monotonic(), time.process_time()


@pytest.mark.usefixtures("_alone")
def test_memory_is_what_the_system_says_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = psutil.Process().memory_info()
    monkeypatch.setattr(psutil.Process, "memory_info", lambda _: seen)  # it changes under any two readings
    assert ProcessMeter().measure().memory_bytes == seen.rss


def test_the_machine_has_cores_and_memory() -> None:
    assert 1 <= cores() <= (psutil.cpu_count() or 1)
    assert 0 < memory_total_bytes() <= psutil.virtual_memory().total


async def test_the_history_is_bounded_and_has_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "SAMPLE_INTERVAL_S", 0.001)
    sampling = Sampler(QuietIngest())
    async with sampling.running():
        while len(sampling.history) < 10:
            await asyncio.sleep(0.01)
    times = [sample.time for sample in sampling.history]
    assert times == sorted(times)
    assert sampling.history[-1] == await sampling.latest()
    for _ in range(sampler.KEPT_SAMPLES):
        await sampling.take()
    assert len(sampling.history) == sampler.KEPT_SAMPLES


async def test_one_failed_sample_does_not_end_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "SAMPLE_INTERVAL_S", 0.001)
    ingest = QuietIngest()
    ingest.broken = True
    sampling = Sampler(ingest)
    async with sampling.running():
        await asyncio.sleep(0.05)
        ingest.broken = False
        while not sampling.history:
            await asyncio.sleep(0.01)
