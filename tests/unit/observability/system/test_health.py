import asyncio

import pytest

from mno.observability.system import health
from mno.observability.system.health import ComponentStatus, Health, Probe, overall


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ANSWER_WITHIN_S", 0.05)


async def answering() -> None:
    return


async def failing() -> None:
    raise ConnectionError("refused")


async def test_each_component_is_judged_on_its_own() -> None:
    components = await Health({"postgres": answering, "clickhouse": failing}).components()
    assert components == {"postgres": ComponentStatus.OK, "clickhouse": ComponentStatus.DOWN}


@pytest.mark.usefixtures("impatient")
async def test_a_late_answer_is_slow_then_well_again() -> None:
    free = asyncio.Event()

    async def busy() -> None:
        await free.wait()

    probe = Probe(busy)
    assert await probe.status() is ComponentStatus.SLOW
    free.set()
    assert await probe.status() is ComponentStatus.OK


@pytest.mark.usefixtures("impatient")
async def test_long_silence_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Probe(asyncio.Event().wait)  # type: ignore[arg-type]
    assert await probe.status() is ComponentStatus.SLOW
    monkeypatch.setattr(health, "DOWN_AFTER_S", 0.1)
    assert [await probe.status() for _ in range(3)][-1] is ComponentStatus.DOWN


async def test_many_who_ask_share_one_check() -> None:
    checks = 0

    async def counted() -> None:
        nonlocal checks
        checks += 1
        await asyncio.sleep(0.01)

    probe = Probe(counted)
    await asyncio.gather(*(probe.status() for _ in range(50)))
    assert checks == 1


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [(["ok", "ok"], "ok"), (["ok", "slow"], "slow"), (["down", "slow"], "down"), (["down", "ok"], "down"), ([], "ok")],
)
def test_the_whole_is_as_good_as_its_worst_part(statuses: list[str], expected: str) -> None:
    components = {str(number): ComponentStatus(status) for number, status in enumerate(statuses)}
    assert overall(components) == expected
