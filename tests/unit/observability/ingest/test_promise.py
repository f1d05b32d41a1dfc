"""Promises: made on an event loop, kept or broken by other threads."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from mno.observability.ingest.promise import Promise, break_all, keep_all
from mno.platform.errors import Unavailable


def elsewhere(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


async def test_who_awaits_gets_the_value_that_was_set_last() -> None:
    promises = [Promise("first"), Promise("second")]
    promises[1].value = "changed"
    elsewhere(lambda: keep_all(promises))
    assert await asyncio.gather(*(promise.kept for promise in promises)) == ["first", "changed"]


async def test_a_broken_promise_raises_why() -> None:
    promise = Promise(None)
    elsewhere(lambda: break_all([promise], Unavailable("The disk is full.")))
    with pytest.raises(Unavailable, match="disk is full"):
        await promise.kept


async def test_who_has_left_is_not_told_and_the_others_are() -> None:
    left, stayed = Promise(1), Promise(2)
    left.kept.cancel()
    elsewhere(lambda: keep_all([left, stayed]))
    assert await stayed.kept == 2


def test_a_loop_that_has_ended_keeps_nobody_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    async def made() -> Promise[str]:
        return Promise("late")

    ended = asyncio.run(made())

    async def alive() -> str:
        promise = Promise("here")
        elsewhere(lambda: keep_all([ended, promise]))
        return await promise.kept

    assert asyncio.run(alive()) == "here"
    assert "event loop ended" in caplog.text
