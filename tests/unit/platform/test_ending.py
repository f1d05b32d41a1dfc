"""A background task ends when it is told to, also one that loses the first word."""

import asyncio

import pytest

from mno.platform.ending import ended
from support.promises import PATIENCE_S


async def test_a_task_that_swallows_a_cancellation_is_asked_again() -> None:
    swallowed = 0

    async def work() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed == 3:
                    raise

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE_S):
        await ended(task, patience_s=0.01)
    assert swallowed == 3


async def test_a_task_may_take_its_time_to_clean_up() -> None:
    cleaned = False

    async def work() -> None:
        nonlocal cleaned
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            cleaned = True

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await ended(task, patience_s=60)
    assert cleaned


async def test_a_task_that_had_failed_is_told_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        raise RuntimeError("a fault")

    task = asyncio.create_task(work(), name="worker")
    await asyncio.sleep(0)
    await ended(task)
    assert "worker" in caplog.text


async def test_ending_nothing_is_nothing() -> None:
    await ended()
