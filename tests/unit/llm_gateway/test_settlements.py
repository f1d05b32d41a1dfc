"""Settlements stand before the reservation that comes after them, and none is forgotten."""

import asyncio

from mno.llm_gateway.settlements import Settlements
from support.promises import PATIENCE_S


async def test_what_waits_is_begun_before_what_is_asked_next() -> None:
    done: list[str] = []
    settlements = Settlements()

    async def settle(name: str) -> None:
        done.append(name)

    settlements.add(settle("first"))
    settlements.add(settle("second"))
    await asyncio.sleep(0)
    assert done == [], "nobody has asked yet"
    settlements.hand_on()
    asyncio.get_running_loop().call_soon(done.append, "reservation")
    await settlements.ended()
    assert done == ["first", "second", "reservation"]


async def test_what_nobody_follows_is_settled_all_the_same() -> None:
    settled = asyncio.Event()
    settlements = Settlements()

    async def settle() -> None:
        settled.set()

    settlements.add(settle())
    await asyncio.wait_for(settled.wait(), PATIENCE_S)


async def test_the_end_waits_for_every_settlement() -> None:
    settlements = Settlements()
    go_on, done = asyncio.Event(), 0

    async def settle() -> None:
        nonlocal done
        await go_on.wait()
        done += 1

    settlements.add(settle())
    settlements.hand_on()
    settlements.add(settle())
    asyncio.get_running_loop().call_later(0.01, go_on.set)
    await settlements.ended()
    assert done == 2
