"""Limits of a server and of rules, by a clock of the test's own."""

from datetime import UTC, datetime

import pytest

from mno.mcp_gateway.calls.pace import Limit, Paces, Use, limit_of
from mno.mcp_gateway.model import Server
from mno.platform.errors import LimitExceeded
from mno.platform.ids import new_id

SERVER = Server(
    new_id(), new_id(), "up", "https://up", datetime.now(UTC), calls_per_minute=2, concurrent_calls=1, timeout_s=1
)
LIMITS = [limit_of(SERVER)]


async def test_calls_of_a_minute_and_at_a_time_are_counted() -> None:
    now = [0.0]
    paces = Paces(lambda: now[0])
    async with paces.admitted(LIMITS, 1):
        assert paces.use_of(SERVER) == Use(1, 1)
        with pytest.raises(LimitExceeded, match="1 calls are running"):
            async with paces.admitted(LIMITS, 1):
                pass
    async with paces.admitted(LIMITS, 1):
        pass
    with pytest.raises(LimitExceeded, match="2 calls a minute are the limit of 'up'") as refused:
        async with paces.admitted(LIMITS, 1):
            pass
    assert refused.value.retry_after_s == 30
    now[0] = 30.0
    async with paces.admitted(LIMITS, 1):
        assert paces.use_of(SERVER) == Use(1, 2)
    assert paces.use_of(SERVER) == Use(0, 2)
    now[0] = 90.0
    assert paces.use_of(SERVER) == Use(0, 0)


async def test_a_call_that_one_limit_refuses_is_counted_under_none() -> None:
    paces = Paces(lambda: 0.0)
    wide, narrow = Limit("wide", "the rule 'wide'", 5, None), Limit("narrow", "the rule 'narrow'", 1, None)
    async with paces.admitted([wide, narrow], 1):
        pass
    for _ in range(10):
        with pytest.raises(LimitExceeded, match="'narrow'"):
            async with paces.admitted([wide, narrow], 1):
                pass
    for _ in range(4):
        async with paces.admitted([wide], 1):
            pass
    with pytest.raises(LimitExceeded, match="'wide'"):
        async with paces.admitted([wide], 1):
            pass
